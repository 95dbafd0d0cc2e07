#include "base/memory.h"

#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/check.h"

/* The process ends with SIGABRT when the product of two sizes does not fit. */
static void check_overflow_ends_the_process(void)
{
	pid_t child = fork();
	int status = 0;

	if (child == 0) {
		close(STDERR_FILENO);
		xreallocarray(NULL, SIZE_MAX / 2, 3);
		_exit(0);
	}
	waitpid(child, &status, 0);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

static const struct secret_row {
	const char *claim, *a, *b;
	size_t len;
	int equal;
} secrets[] = {
	{ "the same", "hunter2", "hunter2", 7, 1 },
	{ "the first octet differs", "hunter2", "Hunter2", 7, 0 },
	{ "the last octet differs", "hunter2", "hunter3", 7, 0 },
	{ "nothing equals nothing", "a", "b", 0, 1 },
};

int main(void)
{
	for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++)
		CHECK_ROW(memory_equal_secret(secrets[i].a, secrets[i].b, secrets[i].len) == secrets[i].equal, secrets[i].claim);

	char *text = xprintf("%s=%d", "a", 5), *copy = xstrdup(text), *octets = xmemdup("a\0b", 3);
	int *zeroed = xcalloc(10, sizeof *zeroed);
	CHECK_TEXT(copy, "a=5", "copies of formatted text");
	CHECK(memcmp(octets, "a\0b", 3) == 0);
	CHECK(zeroed[0] == 0 && zeroed[9] == 0);
	memory_wipe(copy, 3);
	CHECK(copy[0] == 0 && copy[1] == 0 && copy[2] == 0);
	free(text), free(copy), free(octets), free(zeroed);
	void *none = xmalloc(0);
	CHECK(none != NULL);
	none = xrealloc(none, 0);
	CHECK(none != NULL);
	free(none);
	check_overflow_ends_the_process();
	return check_finish();
}
