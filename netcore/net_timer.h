/* net_timer: one-shot timers of a loop in a heap.  Embed, zero-initialise; re-arming moves it, and putting it off costs next to nothing. */
#ifndef NETCORE_NET_TIMER_H
#define NETCORE_NET_TIMER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct net_loop;
struct net_timers;

typedef void net_timer_fn(void *owner);

struct net_timer {
	int64_t due_ms;
	int64_t queued_ms;              /* what it has its place by: never after due_ms */
	size_t place;                   /* in the heap, counting from 1; 0 = not armed */
	net_timer_fn *fn;
	void *owner;
	struct net_timers *timers;
};

/* Call fn(owner) once, delay_ms from now (>= 0). */
void net_timer_start(struct net_timer *, struct net_loop *, int64_t delay_ms, net_timer_fn *fn, void *owner);
/* Legal when not armed. */
void net_timer_stop(struct net_timer *);
bool net_timer_is_armed(const struct net_timer *);

/* For net_loop: milliseconds to the next timer (0 = due, -1 = none), and running what is due. */
struct net_timers *net_timers_create(void);
void net_timers_destroy(struct net_timers *);
int64_t net_timers_wait_ms(struct net_timers *, int64_t now_ms);
void net_timers_run(struct net_timers *, int64_t now_ms);

#endif
