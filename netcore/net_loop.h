/*
 * net_loop: one event loop a thread.  Level-triggered; the descriptors live behind net_poll (epoll or
 * poll); timers in net_timer.  A loop is a parameter, never a global.
 *
 * Rules of life:
 * 1. All calls but net_loop_post and net_loop_stop belong to the thread that runs the loop (or to
 *    the creating thread before net_loop_run).
 * 2. A callback may remove any watch, its own included: a stale event of the same pass is dropped by
 *    its generation number.
 * 3. Memory that a callback up the stack may still touch is given to net_loop_free_later.
 */
#ifndef NETCORE_NET_LOOP_H
#define NETCORE_NET_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/list.h"

struct net_loop;
struct net_timers;

enum net_poll_kind { NET_POLL_EPOLL, NET_POLL_POLL };

/* The kind for this process: epoll, or in test builds what POSTA_TEST_LOOP ("epoll", "poll") says. */
enum net_poll_kind net_poll_kind_default(void);

/* NULL on failure (descriptors exhausted).  Creates the wake-up descriptor, no thread. */
struct net_loop *net_loop_create(enum net_poll_kind, struct error *err);
/* Not while running.  Ends what is still ending (below), runs what was posted, frees what was deferred; watches must be gone. */
void net_loop_destroy(struct net_loop *);

/* Until net_loop_stop. */
void net_loop_run(struct net_loop *);
/* One pass: wait at most timeout_ms (-1 = until something happens), dispatch, return. */
void net_loop_run_once(struct net_loop *, int timeout_ms);
/* From any thread or from a callback: net_loop_run returns after the present pass. */
void net_loop_stop(struct net_loop *);

/* Monotonic milliseconds, read once a pass: what deadlines are counted in. */
int64_t net_loop_now_ms(const struct net_loop *);
/* The loop's timer heap: for net_timer. */
struct net_timers *net_loop_timers(struct net_loop *);

typedef void net_loop_fn(void *owner);
/* From any thread: run fn(owner) in the loop, in the order posted.  Wakes the loop once per empty-to-full change. */
void net_loop_post(struct net_loop *, net_loop_fn *fn, void *owner);
/* free(memory) after the present pass. */
void net_loop_free_later(struct net_loop *, void *memory);
/* fn(owner) after the present pass (destructors). */
void net_loop_call_later(struct net_loop *, net_loop_fn *fn, void *owner);

/* Something that outlives its owner for a while (a stream that is finishing): fn(owner) cuts it short when the loop is destroyed. */
struct net_ending {                     /* embed; zero-initialise */
	struct list_node node;
	net_loop_fn *fn;
	void *owner;
};
void net_loop_ending_begins(struct net_loop *, struct net_ending *, net_loop_fn *fn, void *owner);
void net_loop_ending_done(struct net_loop *, struct net_ending *);      /* legal when it never began */
/* How many there are: a graceful stop runs the loop until 0, or its own deadline. */
size_t net_loop_endings(const struct net_loop *);

/* A watched descriptor. */
#define NET_READABLE 1u
#define NET_WRITABLE 2u
#define NET_HANGUP   4u                 /* only reported: error or both directions gone */

typedef void net_watch_fn(void *owner, unsigned events);

struct net_watch {                      /* embed; zero-initialise */
	int fd;
	unsigned events;                /* wanted */
	uint32_t slot, generation;      /* the loop's */
	net_watch_fn *fn;
	void *owner;
	struct net_loop *loop;          /* NULL while not watched */
};

/* fd must be non-blocking; it stays the caller's.  events: NET_READABLE | NET_WRITABLE, may be 0. */
bool net_watch_start(struct net_watch *, struct net_loop *, int fd, unsigned events, net_watch_fn *, void *owner, struct error *err);
/* A kernel that has no memory for it is told again within 20 ms, and the log says so: events come late then, but they come. */
void net_watch_change(struct net_watch *, unsigned events);
/* Legal when not watched.  Call before close(fd). */
void net_watch_stop(struct net_watch *);

#endif
