/* fixture_clock: an hour is over when we say so.  Of files it is not: their times are the system's. */
#ifndef TESTS_UNIT_MAILSTORE_FIXTURE_CLOCK_H
#define TESTS_UNIT_MAILSTORE_FIXTURE_CLOCK_H

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/unit/mailstore/fixture.h"

#define HOUR_MS ((int64_t)3601 * 1000)

static int64_t *clock_offset_ms;

/* Of programs that are started, too: they call clock_open_test. */
static inline void hold_the_clock(void)
{
	char path[600];

	snprintf(path, sizeof path, "%s/clock", check_folder());
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	CHECK(ftruncate(fd, sizeof *clock_offset_ms) == 0);
	clock_offset_ms = mmap(NULL, sizeof *clock_offset_ms, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	setenv("POSTA_TEST_CLOCK", path, 1);
	CHECK(clock_offset_ms != MAP_FAILED && clock_open_test());
	close(fd);
}

#endif
