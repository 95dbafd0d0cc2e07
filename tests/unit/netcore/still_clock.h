/*
 * still_clock: the monotonic clock of this program stands still but for what the loop waits: a wait in which nothing happens is over
 * at once, and the clock is as far as it would have come.  Timers are exact, and hours cost nothing.  Included by one file of a program.
 */
#ifndef NETCORE_TESTS_STILL_CLOCK_H
#define NETCORE_TESTS_STILL_CLOCK_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE                     /* RTLD_NEXT */
#endif
#include <dlfcn.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <time.h>

/* Braced expressions, and the C library writing some of these types its own way. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"
#pragma GCC diagnostic ignored "-Wmissing-prototypes"

/* The function of that name that this program would call if it had none of its own. */
#define REAL(name) ({ static __typeof__(&name) real_; if (real_ == NULL) *(void **)&real_ = dlsym(RTLD_NEXT, #name); real_; })

/* Who also wants waits to fail says when: true, and errno is set. */
#ifndef STILL_FAILS
#define STILL_FAILS(name) false
#endif

#define STILL_PASS_NS 20000             /* a pass that found something takes that long: who spins comes to the end of his time, too */

static struct {
	bool on;
	int64_t now_ns;
	int patience_ms;                /* real time for what the kernel does later; 0: 10 ms, and 60 before a leap over what may be a deadline */
} still_clock;

int clock_gettime(clockid_t id, struct timespec *t)
{
	if (!still_clock.on || id != CLOCK_MONOTONIC)
		return REAL(clock_gettime)(id, t);
	*t = (struct timespec){ .tv_sec = 1000 + still_clock.now_ns / 1000000000, .tv_nsec = still_clock.now_ns % 1000000000 };
	return 0;
}

static inline int still_patience(int timeout_ms)
{
	int most = still_clock.patience_ms > 0 ? still_clock.patience_ms : timeout_ms >= 0 && timeout_ms < 500 ? 10 : 60;

	return still_clock.on && (timeout_ms < 0 || timeout_ms > most) ? most : timeout_ms;
}

static inline int still_waited(int n, int timeout_ms)
{
	still_clock.now_ns += n != 0 || timeout_ms == 0 ? STILL_PASS_NS : (int64_t)(timeout_ms < 0 ? 1000 : timeout_ms) * 1000000;
	return n;
}

int epoll_wait(int set, struct epoll_event *at, int max, int timeout_ms)
{
	int n = STILL_FAILS(epoll_wait) ? -1 : REAL(epoll_wait)(set, at, max, still_patience(timeout_ms));

	return still_waited(n, timeout_ms);
}

int poll(struct pollfd *fds, nfds_t n_fds, int timeout_ms)
{
	int n = STILL_FAILS(poll) ? -1 : REAL(poll)(fds, n_fds, still_patience(timeout_ms));

	return still_waited(n, timeout_ms);
}

#pragma GCC diagnostic pop

#endif
