/* net_timer: a binary heap by due time; every timer knows its place, so moving and stopping are logarithmic. */
#include "netcore/net_timer.h"

#include <assert.h>
#include <stdlib.h>

#include "base/memory.h"
#include "netcore/net_loop.h"

struct net_timers {
	struct net_timer **at;          /* at[0] is the next due */
	size_t n, capacity;
	bool running;
	int64_t run_ms;                 /* the time of the present run */
};

static void put(struct net_timers *h, size_t i, struct net_timer *t)
{
	h->at[i] = t;
	t->place = i + 1;
}

static void sift_up(struct net_timers *h, size_t i, struct net_timer *t)
{
	while (i > 0) {
		size_t parent = (i - 1) / 2;
		if (h->at[parent]->due_ms <= t->due_ms)
			break;
		put(h, i, h->at[parent]);
		i = parent;
	}
	put(h, i, t);
}

static void sift_down(struct net_timers *h, size_t i, struct net_timer *t)
{
	for (;;) {
		size_t child = 2 * i + 1;
		if (child >= h->n)
			break;
		if (child + 1 < h->n && h->at[child + 1]->due_ms < h->at[child]->due_ms)
			child++;
		if (t->due_ms <= h->at[child]->due_ms)
			break;
		put(h, i, h->at[child]);
		i = child;
	}
	put(h, i, t);
}

/* Where t belongs now, starting from the free place i. */
static void settle(struct net_timers *h, size_t i, struct net_timer *t)
{
	if (i > 0 && h->at[(i - 1) / 2]->due_ms > t->due_ms)
		sift_up(h, i, t);
	else
		sift_down(h, i, t);
}

void net_timer_start(struct net_timer *t, struct net_loop *loop, int64_t delay_ms, net_timer_fn *fn, void *owner)
{
	struct net_timers *h = net_loop_timers(loop);
	int64_t due = net_loop_now_ms(loop) + (delay_ms > 0 ? delay_ms : 0);

	/* A timer that re-arms itself with no delay must not hold up the pass for ever. */
	if (h->running && due <= h->run_ms)
		due = h->run_ms + 1;
	if (t->place != 0 && t->timers != h)
		net_timer_stop(t);
	t->fn = fn;
	t->owner = owner;
	t->timers = h;
	t->due_ms = due;
	if (t->place != 0) {
		settle(h, t->place - 1, t);
		return;
	}
	if (h->n == h->capacity) {
		h->capacity = h->capacity ? h->capacity * 2 : 16;
		h->at = xreallocarray(h->at, h->capacity, sizeof(struct net_timer *));
	}
	sift_up(h, h->n++, t);
}

void net_timer_stop(struct net_timer *t)
{
	if (t->place == 0)
		return;
	struct net_timers *h = t->timers;
	size_t i = t->place - 1;
	assert(i < h->n && h->at[i] == t);
	t->place = 0;
	struct net_timer *last = h->at[--h->n];
	if (last != t)
		settle(h, i, last);
}

bool net_timer_is_armed(const struct net_timer *t)
{
	return t->place != 0;
}

struct net_timers *net_timers_create(void)
{
	return xcalloc(1, sizeof(struct net_timers));
}

void net_timers_destroy(struct net_timers *h)
{
	if (h == NULL)
		return;
	for (size_t i = 0; i < h->n; i++)
		h->at[i]->place = 0;
	free(h->at);
	free(h);
}

int64_t net_timers_wait_ms(const struct net_timers *h, int64_t now_ms)
{
	if (h->n == 0)
		return -1;
	return h->at[0]->due_ms > now_ms ? h->at[0]->due_ms - now_ms : 0;
}

void net_timers_run(struct net_timers *h, int64_t now_ms)
{
	h->running = true;
	h->run_ms = now_ms;
	while (h->n > 0 && h->at[0]->due_ms <= now_ms) {
		struct net_timer *t = h->at[0];
		net_timer_stop(t);
		t->fn(t->owner);                /* may free t */
	}
	h->running = false;
}
