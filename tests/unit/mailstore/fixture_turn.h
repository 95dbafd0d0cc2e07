/* fixture_turn: another process that writes, and does not come to an end. */
#ifndef TESTS_UNIT_MAILSTORE_FIXTURE_TURN_H
#define TESTS_UNIT_MAILSTORE_FIXTURE_TURN_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE                     /* F_OFD_SETLK */
#endif

#include <fcntl.h>
#include <unistd.h>

#include "tests/unit/mailstore/fixture_requests.h"

/* Hold the turnstile the way another process would: those that come while the first request waits for it share its batch. */
static inline int hold_turn(const struct fixture *f)
{
	char path[600];
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 1, .l_len = 1 };

	snprintf(path, sizeof path, "%s/turnstile", f->data_dir);
	int fd = open(path, O_RDWR | O_CLOEXEC);
	CHECK(fd >= 0 && fcntl(fd, F_OFD_SETLK, &lock) == 0);
	return fd;
}

#endif
