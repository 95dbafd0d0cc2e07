/*
 * net_timer: a heap by due time; every timer knows its place, so moving and stopping are logarithmic.  Deadlines are
 * mostly put off before they fall due: such a timer keeps its place until that comes to the top, which makes putting off constant.
 */
#include "netcore/net_timer.h"

#include <assert.h>
#include <stdlib.h>

#include "base/memory.h"
#include "netcore/net_loop.h"

#define WIDTH 4                         /* children of a place: half the levels of a binary heap */

/* What the heap is ordered by stands in it: comparing touches no timer. */
struct entry {
	int64_t due_ms;                 /* never after the timer's own */
	struct net_timer *timer;
};

struct net_timers {
	struct entry *at;               /* at[0] is the next due, once make_top_true has seen it */
	size_t n, capacity;
	bool running;
	int64_t run_ms;                 /* the time of the present run */
};

static void put(struct net_timers *h, size_t i, struct entry e)
{
	h->at[i] = e;
	e.timer->place = i + 1;
	e.timer->queued_ms = e.due_ms;
}

static void sift_up(struct net_timers *h, size_t i, struct entry e)
{
	while (i > 0) {
		size_t parent = (i - 1) / WIDTH;
		if (h->at[parent].due_ms <= e.due_ms)
			break;
		put(h, i, h->at[parent]);
		i = parent;
	}
	put(h, i, e);
}

static void sift_down(struct net_timers *h, size_t i, struct entry e)
{
	for (;;) {
		size_t first = WIDTH * i + 1, next = first, end = first + WIDTH < h->n ? first + WIDTH : h->n;
		if (first >= h->n)
			break;
		for (size_t child = first + 1; child < end; child++)
			if (h->at[child].due_ms < h->at[next].due_ms)
				next = child;
		if (e.due_ms <= h->at[next].due_ms)
			break;
		put(h, i, h->at[next]);
		i = next;
	}
	put(h, i, e);
}

/* Where e belongs now, starting from the free place i. */
static void settle(struct net_timers *h, size_t i, struct entry e)
{
	if (i > 0 && h->at[(i - 1) / WIDTH].due_ms > e.due_ms)
		sift_up(h, i, e);
	else
		sift_down(h, i, e);
}

/* Those at the top that were put off go where they belong now. */
static void make_top_true(struct net_timers *h)
{
	while (h->n > 0 && h->at[0].due_ms < h->at[0].timer->due_ms)
		sift_down(h, 0, (struct entry){ h->at[0].timer->due_ms, h->at[0].timer });
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
		if (due < t->queued_ms)
			sift_up(h, t->place - 1, (struct entry){ due, t });
		return;
	}
	if (h->n == h->capacity) {
		h->capacity = h->capacity ? h->capacity * 2 : 16;
		h->at = xreallocarray(h->at, h->capacity, sizeof *h->at);
	}
	sift_up(h, h->n++, (struct entry){ due, t });
}

void net_timer_stop(struct net_timer *t)
{
	if (t->place == 0)
		return;
	struct net_timers *h = t->timers;
	size_t i = t->place - 1;
	assert(i < h->n && h->at[i].timer == t);
	t->place = 0;
	struct entry last = h->at[--h->n];
	if (last.timer != t)
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
		h->at[i].timer->place = 0;
	free(h->at);
	free(h);
}

int64_t net_timers_wait_ms(struct net_timers *h, int64_t now_ms)
{
	make_top_true(h);
	if (h->n == 0)
		return -1;
	return h->at[0].due_ms > now_ms ? h->at[0].due_ms - now_ms : 0;
}

void net_timers_run(struct net_timers *h, int64_t now_ms)
{
	h->running = true;
	h->run_ms = now_ms;
	for (make_top_true(h); h->n > 0 && h->at[0].due_ms <= now_ms; make_top_true(h)) {
		struct net_timer *t = h->at[0].timer;
		net_timer_stop(t);
		t->fn(t->owner);                /* may free t */
	}
	h->running = false;
}
