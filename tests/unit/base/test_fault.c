#include "base/fault.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "tests/support/check.h"

/* Passes of fault_point("a.b") that a child survives out of five, and the signal that ended it. */
static int run_child(const char *faults, int *signal_number)
{
	int pipes[2], status = 0, n = 0;
	char octet;

	if (pipe(pipes) != 0)
		abort();
	pid_t child = fork();
	if (child == 0) {
		setenv("POSTA_TEST_FAULT", faults, 1);
		close(STDERR_FILENO);
		for (int i = 0; i < 5; i++) {
			fault_point("a.b");
			if (write(pipes[1], "x", 1) != 1)
				_exit(1);
		}
		_exit(0);
	}
	close(pipes[1]);
	while (read(pipes[0], &octet, 1) == 1)
		n++;
	close(pipes[0]);
	waitpid(child, &status, 0);
	*signal_number = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	return n;
}

static const struct child_row {
	const char *claim, *faults;
	int passes, signal_number;
} children[] = {
	{ "nothing named", "", 5, 0 },
	{ "dies at the third pass", "die:a.b:3", 2, SIGKILL },
	{ "another point does not count", "die:a.bc:1", 5, 0 },
	{ "the second of two", "fail:x:1,die:a.b:1", 0, SIGKILL },
	{ "a fault nobody can read is loud", "die:a.b", 0, SIGABRT },
	{ "an unknown action is loud", "burn:a.b:1", 0, SIGABRT },
};

int main(void)
{
	for (size_t i = 0; i < sizeof children / sizeof *children; i++) {
		int signal_number;
		CHECK_ROW(run_child(children[i].faults, &signal_number) == children[i].passes, children[i].claim);
		CHECK_ROW(signal_number == children[i].signal_number, children[i].claim);
	}
	setenv("POSTA_TEST_FAULT", "fail:write:2,slow:read:30", 1);
	CHECK(!fault_fails("write") && fault_fails("write") && !fault_fails("write"));
	CHECK(!fault_fails("other"));
	int64_t before = clock_monotonic_ms();
	fault_point("read");
	CHECK(!fault_fails("read") && clock_monotonic_ms() - before >= 60);
	return check_finish();
}
