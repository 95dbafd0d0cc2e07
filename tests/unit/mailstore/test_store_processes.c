#include "tests/unit/mailstore/fixture_requests.h"

#include <sys/wait.h>
#include <unistd.h>

#define N_PROCESSES 3
#define N_EACH 150

/* Another process of the same store: delivers, flags and claims one by one; exit code 0 when nothing failed. */
static int be_process(char **arguments)
{
	struct fixture f = { .options = { .reserve = 1 } };
	int64_t user = strtoll(arguments[2], NULL, 10), inbox = strtoll(arguments[3], NULL, 10);
	int64_t worst_ms = 0;
	bool ok = true;

	log_set_fd(-1);
	snprintf(f.data_dir, sizeof f.data_dir, "%s", arguments[1]);
	fixture_open(&f);
	for (uint32_t i = 0; i < N_EACH; i++) {
		int64_t start_ms = clock_monotonic_ms();
		ok = deliver_to(&f, 2000, &user, 1) == ERROR_NONE && ok;
		ok = add_flags(&f, inbox, i, i + 3, STORE_SEEN) == ERROR_NONE && ok;
		if (clock_monotonic_ms() - start_ms > worst_ms)
			worst_ms = clock_monotonic_ms() - start_ms;
		ok = claim(&f, 5, 60) == ERROR_NONE && ok;
		for (size_t k = 0; k < answer.items->n; k++)
			ok = ok && answer.items->at[k].lease_until_s > 0;
	}
	fixture_close(&f);
	/* two writes, each behind the others' at most once or twice */
	return ok && worst_ms < 10000 ? 0 : 1;
}

static void three_processes_write_in_turn(void)
{
	struct fixture f = { .options = { .reserve = 1 } };
	char numbers[2][24];
	pid_t children[N_PROCESSES];

	fixture_start(&f, "processes");
	int64_t user = add_user(&f, "bob@a.test"), inbox = inbox_of(&f, user);
	for (int i = 0; i < 20; i++)
		deliver_remote(&f, "x@elsewhere.test", false, 0);
	fixture_close(&f);
	snprintf(numbers[0], sizeof numbers[0], "%lld", (long long)user);
	snprintf(numbers[1], sizeof numbers[1], "%lld", (long long)inbox);
	for (int i = 0; i < N_PROCESSES; i++) {
		children[i] = fork();
		if (children[i] == 0) {
			execl("/proc/self/exe", "child", f.data_dir, numbers[0], numbers[1], (char *)NULL);
			_exit(5);
		}
	}
	for (int i = 0; i < N_PROCESSES; i++) {
		int status = 0;
		waitpid(children[i], &status, 0);
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
	fixture_open(&f);
	open_mailbox(&f, user, "INBOX", false);
	CHECK(answer.snapshot->mailbox.n_messages == N_PROCESSES * N_EACH && answer.snapshot->uids.n == 1);
	CHECK_ROW(claim(&f, 100, 60) == ERROR_NONE && answer.items->n == 20, "what they leased is due when they are gone");
	CHECK(findings(&f) == 0);
	fixture_close(&f);
}

/* The first commit of this process fails; what comes next takes the ids that it had taken. */
static int be_failing(const char *data_dir)
{
	struct fixture f = { .options = { .reserve = 1 } }, other;

	log_set_fd(-1);
	snprintf(f.data_dir, sizeof f.data_dir, "%s", data_dir);
	fixture_open(&f);
	other = f;
	CHECK(deliver_remote(&f, "x@elsewhere.test", false, 0) == ERROR_FULL);
	fixture_open(&other);
	CHECK(deliver_remote(&other, "x@elsewhere.test", false, 0) == ERROR_NONE);
	CHECK(deliver_remote(&f, "x@elsewhere.test", false, 0) == ERROR_NONE);
	CHECK(deliver_remote(&other, "x@elsewhere.test", false, 0) == ERROR_NONE);
	CHECK(ask(&f, "SELECT count(*) FROM message") == 3 && ask(&f, "SELECT count(*) FROM qrcpt") == 3 && findings(&f) == 0);
	fixture_close(&other);
	fixture_close(&f);
	return check_finish();
}

static void ids_of_a_commit_that_failed_are_nobodys(void)
{
	struct fixture f = { .options = { .reserve = 1 } };
	int status;

	fixture_start(&f, "ids");
	fixture_close(&f);
	setenv("POSTA_TEST_FAULT", "fail:database.commit:1", 1);
	pid_t pid = fork();
	if (pid == 0) {
		execl("/proc/self/exe", "child", f.data_dir, (char *)NULL);
		_exit(5);
	}
	unsetenv("POSTA_TEST_FAULT");
	CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int main(int argc, char **argv)
{
	if (argc == 2)
		return be_failing(argv[1]);
	if (argc == 4)
		return be_process(argv);
	three_processes_write_in_turn();
	ids_of_a_commit_that_failed_are_nobodys();
	return check_finish();
}
