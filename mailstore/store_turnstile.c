#define _GNU_SOURCE                     /* F_OFD_SETLK */

#include "mailstore/store_turnstile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

enum octet { QUEUE, WRITER, PID };      /* places in the file */

#define PID_LEN 11
#define TELL_MS 5000                    /* who waits longer says so */

bool store_turnstile_open(struct store_turnstile *turnstile, int dir_fd, struct error *err)
{
	turnstile->fd = openat(dir_fd, "turnstile", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	return turnstile->fd >= 0 || error_set_errno(err, errno, "cannot open turnstile");
}

void store_turnstile_close(struct store_turnstile *turnstile)
{
	if (turnstile->fd >= 0)
		close(turnstile->fd);
	turnstile->fd = -1;
}

static int set_lock(int fd, enum octet octet, off_t n, short type)
{
	struct flock lock = { .l_type = type, .l_whence = SEEK_SET, .l_start = octet, .l_len = n };
	int failed;

	do
		failed = fcntl(fd, F_OFD_SETLK, &lock) == 0 ? 0 : errno;
	while (failed == EINTR);
	return failed;
}

/* The process that writes; 0 = not known. */
static long holder(int fd)
{
	char text[PID_LEN + 1] = "";

	return pread(fd, text, PID_LEN, PID) > 0 ? strtol(text, NULL, 10) : 0;
}

/* F_OFD_SETLKW cannot be bounded without signals; the one at octet 0 asks ten thousand times a second, alone. */
static bool poll_lock(int fd, enum octet octet, int64_t deadline_ms, struct error *err)
{
	struct timespec pause = { 0, 50000 };
	int64_t start_ms = clock_monotonic_ms(), now_ms;

	for (bool is_told = false;; is_told = is_told || now_ms - start_ms >= TELL_MS) {
		int failed = set_lock(fd, octet, 1, F_WRLCK);
		if (failed == 0)
			return true;
		if (failed != EAGAIN && failed != EACCES)
			return error_set_errno(err, failed, "cannot lock turnstile");
		now_ms = clock_monotonic_ms();
		if (!is_told && now_ms - start_ms >= TELL_MS && now_ms < deadline_ms)
			log_warning("store", "waits-for-turn", "holder=%ld", holder(fd));
		if (now_ms >= deadline_ms)
			return error_set(err, ERROR_TRY_LATER, "another process keeps writing");
		nanosleep(&pause, NULL);
		if (pause.tv_nsec < 800000)
			pause.tv_nsec += 50000;
	}
}

static void name_holder(int fd, struct error *err)
{
	long pid = holder(fd);

	if (pid == 0)
		return;
	error_set(err, ERROR_TRY_LATER, "process %ld keeps writing", pid);
	log_warning("store", "turn-timed-out", "holder=%ld", pid);
}

/* Only a help for a person: no harm when it fails.  Mostly it was this process the last time too, and a read is cheaper than a write. */
static void leave_name(int fd)
{
	char text[PID_LEN + 1], found[PID_LEN];

	snprintf(text, sizeof text, "%10d\n", (int)getpid());
	if (pread(fd, found, PID_LEN, PID) == PID_LEN && memcmp(found, text, PID_LEN) == 0)
		return;
	if (pwrite(fd, text, PID_LEN, PID) < 0)
		log_debug("store", "turnstile-pid", "errno=%d", errno);
}

bool store_turnstile_enter(struct store_turnstile *turnstile, unsigned wait_ms, struct error *err)
{
	int64_t deadline_ms = clock_monotonic_ms() + wait_ms;
	struct error why = { 0 };

	/* both at once when nobody is about */
	bool entered = set_lock(turnstile->fd, QUEUE, 2, F_WRLCK) == 0;
	if (!entered && poll_lock(turnstile->fd, QUEUE, deadline_ms, &why))
		entered = poll_lock(turnstile->fd, WRITER, deadline_ms, &why);
	set_lock(turnstile->fd, QUEUE, 1, F_UNLCK);
	if (!entered) {
		if (why.kind == ERROR_TRY_LATER)
			name_holder(turnstile->fd, &why);
		if (err != NULL)
			*err = why;
		return false;
	}
	leave_name(turnstile->fd);
	return true;
}

bool store_turnstile_is_wanted(const struct store_turnstile *turnstile)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = QUEUE, .l_len = 1 };

	return fcntl(turnstile->fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

void store_turnstile_leave(struct store_turnstile *turnstile)
{
	set_lock(turnstile->fd, WRITER, 1, F_UNLCK);
}
