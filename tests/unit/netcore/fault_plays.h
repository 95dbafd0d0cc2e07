/*
 * fault_plays: plays, each acted again and again: with each fault of sock_fail.h at the first call of its kind, at the second, and so on
 * until there are no more, on both loops.  A play claims its own ends; that no descriptor is left is claimed here, and that every place
 * of netcore was met (sock_sites.h).  The clock stands still: nothing is waited for.
 */
#ifndef NETCORE_TESTS_FAULT_PLAYS_H
#define NETCORE_TESTS_FAULT_PLAYS_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE                     /* as sock_fail.h */
#endif
#include "tests/unit/netcore/sock_sites.h"

#include "base/log.h"
#include "tests/unit/netcore/rig.h"

#define PLAY_HANG_MS 100000             /* on the still clock: nothing of netcore that is played takes longer */

struct fault_play {
	const char *name;
	void (*act)(enum net_poll_kind, const char *claim);
};

static inline unsigned open_descriptors(void)
{
	unsigned n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/* Set: a play could not be acted here, and the places it goes to are not asked for. */
static bool fault_plays_partly;

/* Did the fault come, or is this the play without one? */
static inline bool a_fault_came(void)
{
	return sock_fail.hit || sock_fail.given;
}

static inline void act_once(const struct fault_play *p, size_t backend, const char *claim)
{
	unsigned before = open_descriptors();

	still_clock.on = true;
	p->act(rig_backends[backend].kind, claim);
	still_clock.on = sock_fail.given = false;
	sock_fail.fault = NULL;
	sock_fail.once.with = 0;
	CHECK_ROW(open_descriptors() == before, claim);
}

static inline void fail_each(const struct fault_play *p, size_t backend, const struct sock_fault *f)
{
	char claim[128];

	for (int at = 1;; at++) {
		snprintf(claim, sizeof claim, "%s, %s: %s, call %d", p->name, rig_backends[backend].name, f->name, at);
		sock_fail.n = 0;
		sock_fail.at = at;
		sock_fail.hit = false;
		sock_fail.fault = f;
		act_once(p, backend, claim);
		if (!sock_fail.hit)
			return;
	}
}

/* only: for whoever looks at one: the environment's FAULT names it, FAULT_PLAY the play. */
static inline bool is_wanted(const char *variable, const char *name)
{
	const char *only = getenv(variable);

	return only == NULL || strcmp(only, name) == 0;
}

static inline int fault_plays_run(const struct fault_play *plays, size_t n)
{
	log_set_fd(-1);
	net_signal_ignore_pipe();
	alarm(600);                     /* who neither ends nor waits */
	for (size_t i = 0; i < n; i++)
		for (size_t backend = 0; backend < sizeof rig_backends / sizeof *rig_backends && is_wanted("FAULT_PLAY", plays[i].name); backend++) {
			sock_fail.hit = false;
			act_once(&plays[i], backend, plays[i].name);
			for (size_t f = 0; f < SOCK_FAULTS; f++)
				if (is_wanted("FAULT", sock_faults[f].name))
					fail_each(&plays[i], backend, &sock_faults[f]);
		}
	if (!fault_plays_partly && getenv("FAULT") == NULL && getenv("FAULT_PLAY") == NULL)
		check_sites();
	return check_finish();
}

#endif
