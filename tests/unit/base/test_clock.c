#include "base/clock.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "tests/support/check.h"

static void set_offset(int fd, int64_t ms)
{
	if (pwrite(fd, &ms, sizeof ms, 0) != sizeof ms)
		abort();
}

int main(void)
{
	char path[300];
	int64_t wall = clock_now_ms(), monotonic = clock_monotonic_ms();

	CHECK(llabs(clock_now_s() - time(NULL)) <= 1 && llabs(wall / 1000 - time(NULL)) <= 1);
	unsetenv("POSTA_TEST_CLOCK");
	CHECK(!clock_open_test() && !clock_is_test());

	snprintf(path, sizeof path, "%s/clock", check_folder());
	int fd = open(path, O_RDWR | O_CREAT, 0600);
	setenv("POSTA_TEST_CLOCK", path, 1);
	log_set_fd(-1);
	CHECK_ROW(!clock_open_test(), "a file without the number is no clock");
	set_offset(fd, 0);
	CHECK(clock_open_test() && clock_is_test() && clock_open_test());
	CHECK(clock_now_ms() - wall < 60000);
	set_offset(fd, 86400000);
	CHECK(clock_now_ms() - wall >= 86400000 && clock_monotonic_ms() - monotonic >= 86400000);
	CHECK(clock_now_s() - wall / 1000 >= 86400);
	close(fd);
	return check_finish();
}
