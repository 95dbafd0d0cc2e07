#include "tests/unit/mailstore/fixture_requests.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * A child delivers until a fault point kills it and says each delivery it was told of.  What was said must be there,
 * once; what was not said may be there once at most.
 */
#define AT_ONCE 16
#define SENT_MAX (40 * AT_ONCE)         /* the fault comes long before */

struct child {
	struct fixture f;
	int say;
	int64_t users[2];
	uint32_t n_sent;
};

static void on_child_delivered(void *owner, const struct error *err, const struct error *results, size_t n, struct store_queue_items *items)
{
	struct child *child = owner;
	char said = 'x';

	(void)results, (void)n;
	store_queue_items_destroy(items);
	if (err == NULL && write(child->say, &said, 1) != 1)
		_exit(3);
}

static void send(struct child *child)
{
	size_t len = child->n_sent % 8 == 3 ? 1200000 : 3000;
	struct store_recipient recipients[] = {
		{ .original = 0, .user_id = child->users[0], .address = "bob@a.test" },
		{ .original = 1, .user_id = child->users[1], .address = "carol@a.test" },
		{ .original = 2, .address = "x@elsewhere.test" },
	};
	struct store_delivery delivery = a_delivery(&child->f, len, recipients, 3);

	delivery.lease = true;
	delivery.lease_s = 3600;
	store_deliver(child->f.client, &delivery, on_child_delivered, child);
	child->n_sent++;
}

/* A program of its own: faults are read once a process, and no handle may be carried over fork. */
static int be_child(char **arguments)
{
	struct child child = { .f = { .options = { .reserve = 1 } }, .say = (int)strtol(arguments[2], NULL, 10) };

	log_set_fd(-1);
	snprintf(child.f.data_dir, sizeof child.f.data_dir, "%s", arguments[1]);
	child.users[0] = strtoll(arguments[3], NULL, 10);
	child.users[1] = strtoll(arguments[4], NULL, 10);
	fixture_open(&child.f);
	while (child.n_sent < SENT_MAX) {
		for (int i = 0; i < AT_ONCE; i++)
			send(&child);
		store_client_wait(child.f.client);
	}
	return 4;
}

static pid_t start_child(const char *data_dir, const char *fault, int say, const int64_t users[2])
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	char numbers[3][24];
	snprintf(numbers[0], sizeof numbers[0], "%d", say);
	snprintf(numbers[1], sizeof numbers[1], "%lld", (long long)users[0]);
	snprintf(numbers[2], sizeof numbers[2], "%lld", (long long)users[1]);
	setenv("POSTA_TEST_FAULT", fault, 1);
	execl("/proc/self/exe", "child", data_dir, numbers[0], numbers[1], numbers[2], (char *)NULL);
	_exit(5);
}

static void a_kill_loses_nothing_that_was_said(const char *fault, int round)
{
	struct fixture opened = { .options = { .reserve = 1 } }, *f = &opened;
	int64_t users[2];
	char name[64], said[64];
	int fds[2], status;
	uint32_t n_said = 0;

	snprintf(name, sizeof name, "crash%d", round);
	fixture_start(f, name);
	users[0] = add_user(f, "bob@a.test");
	users[1] = add_user(f, "carol@a.test");
	fixture_close(f);
	CHECK(pipe(fds) == 0);
	pid_t pid = start_child(f->data_dir, fault, fds[1], users);
	close(fds[1]);
	for (ssize_t n; (n = read(fds[0], said, sizeof said)) > 0;)
		n_said += (uint32_t)n;
	close(fds[0]);
	waitpid(pid, &status, 0);
	CHECK_ROW(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, fault);
	fixture_open(f);
	for (int i = 0; i < 2; i++) {
		open_mailbox(f, users[i], "INBOX", false);
		uint32_t n = answer.snapshot->mailbox.n_messages;
		CHECK_ROW(n >= n_said && n <= n_said + AT_ONCE, fault);
	}
	CHECK_ROW(ask(f, "SELECT count(*) FROM message") == (int64_t)answer.snapshot->mailbox.n_messages, fault);
	uint32_t n = answer.snapshot->mailbox.n_messages;
	CHECK_ROW(claim(f, 1000, 60) == ERROR_NONE && answer.items->n == n, "the dead child's leases are due at once");
	CHECK_ROW(findings(f) == 0, fault);
	fixture_close(f);
}

int main(int argc, char **argv)
{
	static const char *const faults[] = {
		"die:store.before_commit:1", "die:store.before_commit:5", "die:store.after_commit:1", "die:store.after_commit:4",
		"die:store.before_complete:3", "die:store.before_link:1", "die:store.before_link:3", "die:store.after_link:1", "die:store.after_link:4",
	};

	if (argc == 5)
		return be_child(argv);
	for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
		a_kill_loses_nothing_that_was_said(faults[i], (int)i);
	return check_finish();
}
