#include "tests/unit/mailstore/fixture_requests.h"

#include <sys/wait.h>
#include <unistd.h>

/*
 * A process of its own: takes one message for x@elsewhere.test whose row is born leased, for an hour, and is gone without a word.  With a
 * fault its first commit fails, so it takes another.
 */
static int be_child(const char *data_dir)
{
	struct fixture f = { .options = { .reserve = 1 } };

	log_set_fd(-1);
	snprintf(f.data_dir, sizeof f.data_dir, "%s", data_dir);
	fixture_open(&f);
	bool was_refused = deliver_remote(&f, "x@elsewhere.test", true, 3600) != ERROR_NONE;
	if (was_refused != (getenv("POSTA_TEST_FAULT") != NULL))
		_exit(3);
	if (was_refused && deliver_remote(&f, "x@elsewhere.test", true, 3600) != ERROR_NONE)
		_exit(4);
	_exit(answer.items != NULL && answer.items->n == 1 ? 0 : 5);
}

static void leave_leased(struct fixture *f, const char *name, const char *fault)
{
	int status;

	fixture_start(f, name);
	fixture_close(f);
	if (fault != NULL)
		setenv("POSTA_TEST_FAULT", fault, 1);
	pid_t pid = fork();
	if (pid == 0) {
		execl("/proc/self/exe", "child", f->data_dir, (char *)NULL);
		_exit(6);
	}
	unsetenv("POSTA_TEST_FAULT");
	CHECK_ROW(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0, name);
	fixture_open(f);
	CHECK_ROW(ask(f, "SELECT count(*) FROM qrcpt WHERE token <> 0") == 1, name);
}

static void the_dead_ones_rows_are_due_to_who_claims(void)
{
	struct fixture f = { .options = { .reserve = 1 } };

	leave_leased(&f, "claim", NULL);
	CHECK(claim(&f, 10, 60) == ERROR_NONE && answer.items->n == 1 && findings(&f) == 0);
	fixture_close(&f);
}

static void maintenance_frees_them_too(void)
{
	struct fixture f = { .options = { .reserve = 1 } };

	leave_leased(&f, "maintain", NULL);
	CHECK(maintain(&f) == ERROR_NONE);
	CHECK(ask(&f, "SELECT count(*) FROM qrcpt WHERE token = 0 AND next_at <= unixepoch()") == 1 && ask(&f, "SELECT count(*) FROM lease") == 0);
	CHECK(findings(&f) == 0);
	fixture_close(&f);
}

/* Nobody could tell that the process is dead if its token went with the commit that failed. */
static void a_token_whose_commit_failed_is_written_with_the_next(void)
{
	struct fixture f = { .options = { .reserve = 1 } };

	leave_leased(&f, "failed", "fail:database.commit:1");
	CHECK_ROW(ask(&f, "SELECT count(*) FROM lease JOIN qrcpt USING (token)") == 1, "its name stands beside its rows");
	CHECK(claim(&f, 10, 60) == ERROR_NONE && answer.items->n == 1 && findings(&f) == 0);
	fixture_close(&f);
}

int main(int argc, char **argv)
{
	if (argc == 2)
		return be_child(argv[1]);
	the_dead_ones_rows_are_due_to_who_claims();
	maintenance_frees_them_too();
	a_token_whose_commit_failed_is_written_with_the_next();
	return check_finish();
}
