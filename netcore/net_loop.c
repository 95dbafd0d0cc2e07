/*
 * net_loop: one pass is wait, dispatch, timers, posted calls, deferred calls.  A watch is named to the kernel by
 * slot and generation, so an event that outlived its watch finds another generation and is dropped.
 */
#include "netcore/net_loop.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "netcore/net_poll.h"
#include "netcore/net_timer.h"

#define EVENTS_A_PASS 256
#define TEST_CLOCK_WAKE_MS 20
#define LOST_RETRY_MS 20
#define NO_SLOT UINT32_MAX

struct slot {
	struct net_watch *watch;        /* NULL while free */
	uint32_t generation;
	uint32_t next_free;
	bool is_lost;                   /* the kernel could not be told what is watched for: it will be */
};

struct call {
	net_loop_fn *fn;
	void *owner;
};

struct calls {
	struct call *at;
	size_t n, capacity;
};

struct net_loop {
	const struct net_poll_backend *backend;
	void *poll;
	struct slot *slots;
	uint32_t n_slots, first_free, n_lost;
	struct net_timers *timers;
	int64_t now_ms;
	bool in_pass;
	struct calls later, later_running;
	struct list endings;
	int wake_fd;
	struct net_watch wake;
	atomic_bool stopping;
	pthread_mutex_t lock;           /* over posted */
	struct calls posted, posted_running;
	struct net_poll_event events[EVENTS_A_PASS];
};

enum net_poll_kind net_poll_kind_default(void)
{
#ifdef POSTA_TEST
	const char *kind = getenv("POSTA_TEST_LOOP");
	if (kind && strcmp(kind, "poll") == 0)
		return NET_POLL_POLL;
#endif
	return NET_POLL_EPOLL;
}

static void calls_add(struct calls *calls, net_loop_fn *fn, void *owner)
{
	if (calls->n == calls->capacity) {
		calls->capacity = calls->capacity ? calls->capacity * 2 : 16;
		calls->at = xreallocarray(calls->at, calls->capacity, sizeof *calls->at);
	}
	calls->at[calls->n++] = (struct call){ fn, owner };
}

/* The calls made meanwhile are in another list: they run in the next pass. */
static void calls_run(struct calls *calls)
{
	for (size_t i = 0; i < calls->n; i++)
		calls->at[i].fn(calls->at[i].owner);
	calls->n = 0;
}

static void calls_swap(struct calls *a, struct calls *b)
{
	struct calls kept = *a;

	*a = *b;
	*b = kept;
}

static void wake(struct net_loop *loop)
{
	uint64_t one = 1;

	while (write(loop->wake_fd, &one, sizeof one) < 0 && errno == EINTR)
		;
}

static void on_wake(void *owner, unsigned events)
{
	struct net_loop *loop = owner;
	uint64_t count;

	(void)events;
	while (read(loop->wake_fd, &count, sizeof count) < 0 && errno == EINTR)
		;
}

struct net_loop *net_loop_create(enum net_poll_kind kind, struct error *err)
{
	const struct net_poll_backend *backend = kind == NET_POLL_POLL ? &net_poll_poll : &net_poll_epoll;
	void *poll = backend->create(err);

	if (poll == NULL)
		return NULL;
	int wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (wake_fd < 0) {
		error_set_errno(err, errno, "eventfd");
		backend->destroy(poll);
		return NULL;
	}
	struct net_loop *loop = xcalloc(1, sizeof *loop);
	loop->backend = backend;
	loop->poll = poll;
	loop->first_free = NO_SLOT;
	loop->timers = net_timers_create();
	loop->wake_fd = wake_fd;
	pthread_mutex_init(&loop->lock, NULL);
	if (!net_watch_start(&loop->wake, loop, wake_fd, NET_READABLE, on_wake, loop, err)) {
		net_loop_destroy(loop);
		return NULL;
	}
	return loop;
}

static void run_posted(struct net_loop *loop)
{
	pthread_mutex_lock(&loop->lock);
	calls_swap(&loop->posted, &loop->posted_running);
	pthread_mutex_unlock(&loop->lock);
	calls_run(&loop->posted_running);
}

static void run_later(struct net_loop *loop)
{
	calls_swap(&loop->later, &loop->later_running);
	calls_run(&loop->later_running);
}

static bool has_posted(struct net_loop *loop)
{
	pthread_mutex_lock(&loop->lock);
	bool has = loop->posted.n > 0;
	pthread_mutex_unlock(&loop->lock);
	return has;
}

void net_loop_destroy(struct net_loop *loop)
{
	if (loop == NULL)
		return;
	assert(!loop->in_pass);
	while (!list_is_empty(&loop->endings)) {
		struct net_ending *e = LIST_OWNER(list_take_first(&loop->endings), struct net_ending, node);
		e->fn(e->owner);
	}
	while (has_posted(loop) || loop->later.n > 0) {
		run_posted(loop);
		run_later(loop);
	}
	net_watch_stop(&loop->wake);
	for (uint32_t i = 0; i < loop->n_slots; i++)
		assert(loop->slots[i].watch == NULL);
	close(loop->wake_fd);
	loop->backend->destroy(loop->poll);
	net_timers_destroy(loop->timers);
	pthread_mutex_destroy(&loop->lock);
	free(loop->slots);
	free(loop->later.at);
	free(loop->later_running.at);
	free(loop->posted.at);
	free(loop->posted_running.at);
	free(loop);
}

static void dispatch(struct net_loop *loop, const struct net_poll_event *event)
{
	uint32_t slot = (uint32_t)event->token, generation = (uint32_t)(event->token >> 32);
	unsigned events = event->events;

	if (slot >= loop->n_slots || loop->slots[slot].generation != generation)
		return;
	struct net_watch *watch = loop->slots[slot].watch;
	if (watch == NULL || watch->events == 0)
		return;
	/* At an error the owner's next read or write is what learns of it. */
	if (events & NET_HANGUP)
		events |= watch->events;
	events &= watch->events | NET_HANGUP;
	if (events)
		watch->fn(watch->owner, events);
}

static bool tell_kernel(struct net_watch *watch, bool is_new, struct error *err)
{
	struct net_loop *loop = watch->loop;
	uint64_t token = (uint64_t)watch->generation << 32 | watch->slot;

	return loop->backend->set(loop->poll, watch->fd, watch->events, token, is_new, err);
}

/* Out of the kernel's set, so that what is not wanted any more wakes nobody meanwhile. */
static void lose(struct net_watch *watch, const struct error *why)
{
	struct net_loop *loop = watch->loop;

	loop->backend->remove(loop->poll, watch->fd);
	loop->slots[watch->slot].is_lost = true;
	loop->n_lost++;
	log_warning("net", "watch-delayed", "fd=%d why=%s", watch->fd, why->text);
}

static void find_lost(struct net_loop *loop)
{
	for (uint32_t i = 0; i < loop->n_slots; i++)
		if (loop->slots[i].is_lost && tell_kernel(loop->slots[i].watch, true, NULL)) {
			loop->slots[i].is_lost = false;
			loop->n_lost--;
		}
}

static int wait_ms(struct net_loop *loop, int timeout_ms)
{
	int64_t timer = net_timers_wait_ms(loop->timers, loop->now_ms);

	if (loop->later.n > 0)
		return 0;
	if (loop->n_lost > 0 && (timeout_ms < 0 || timeout_ms > LOST_RETRY_MS))
		timeout_ms = LOST_RETRY_MS;
	if (timer >= 0 && (timeout_ms < 0 || timer < timeout_ms))
		timeout_ms = timer < 3600000 ? (int)timer : 3600000;
	if (clock_is_test() && (timeout_ms < 0 || timeout_ms > TEST_CLOCK_WAKE_MS))
		timeout_ms = TEST_CLOCK_WAKE_MS;
	return timeout_ms;
}

void net_loop_run_once(struct net_loop *loop, int timeout_ms)
{
	loop->now_ms = clock_monotonic_ms();
	if (loop->n_lost > 0)
		find_lost(loop);
	size_t n = loop->backend->wait(loop->poll, loop->events, EVENTS_A_PASS, wait_ms(loop, timeout_ms));
	loop->now_ms = clock_monotonic_ms();
	loop->in_pass = true;
	for (size_t i = 0; i < n; i++)
		dispatch(loop, &loop->events[i]);
	net_timers_run(loop->timers, loop->now_ms);
	run_posted(loop);
	run_later(loop);
	loop->in_pass = false;
}

void net_loop_run(struct net_loop *loop)
{
	while (!atomic_exchange(&loop->stopping, false))
		net_loop_run_once(loop, -1);
}

void net_loop_stop(struct net_loop *loop)
{
	pthread_mutex_lock(&loop->lock);
	atomic_store(&loop->stopping, true);
	wake(loop);
	pthread_mutex_unlock(&loop->lock);
}

int64_t net_loop_now_ms(const struct net_loop *loop)
{
	return loop->in_pass ? loop->now_ms : clock_monotonic_ms();
}

struct net_timers *net_loop_timers(struct net_loop *loop)
{
	return loop->timers;
}

void net_loop_post(struct net_loop *loop, net_loop_fn *fn, void *owner)
{
	pthread_mutex_lock(&loop->lock);
	bool was_empty = loop->posted.n == 0;
	calls_add(&loop->posted, fn, owner);
	/* Under the lock: the loop may go away as soon as it has seen this call. */
	if (was_empty)
		wake(loop);
	pthread_mutex_unlock(&loop->lock);
}

void net_loop_free_later(struct net_loop *loop, void *memory)
{
	net_loop_call_later(loop, free, memory);
}

void net_loop_call_later(struct net_loop *loop, net_loop_fn *fn, void *owner)
{
	calls_add(&loop->later, fn, owner);
}

void net_loop_ending_begins(struct net_loop *loop, struct net_ending *e, net_loop_fn *fn, void *owner)
{
	e->fn = fn;
	e->owner = owner;
	list_append(&loop->endings, &e->node);
}

void net_loop_ending_done(struct net_loop *loop, struct net_ending *e)
{
	if (e->fn)
		list_remove(&loop->endings, &e->node);
	e->fn = NULL;
}

size_t net_loop_endings(const struct net_loop *loop)
{
	return loop->endings.n;
}

static uint32_t take_slot(struct net_loop *loop)
{
	if (loop->first_free == NO_SLOT) {
		uint32_t old = loop->n_slots, n = old ? old * 2 : 16;
		loop->slots = xreallocarray(loop->slots, n, sizeof *loop->slots);
		for (uint32_t i = old; i < n; i++)
			loop->slots[i] = (struct slot){ .next_free = i + 1 < n ? i + 1 : NO_SLOT };
		loop->first_free = old;
		loop->n_slots = n;
	}
	uint32_t slot = loop->first_free;
	loop->first_free = loop->slots[slot].next_free;
	return slot;
}

static void give_slot(struct net_loop *loop, uint32_t slot)
{
	loop->n_lost -= loop->slots[slot].is_lost;
	loop->slots[slot].is_lost = false;
	loop->slots[slot].watch = NULL;
	loop->slots[slot].generation++;
	loop->slots[slot].next_free = loop->first_free;
	loop->first_free = slot;
}

bool net_watch_start(struct net_watch *watch, struct net_loop *loop, int fd, unsigned events, net_watch_fn *fn, void *owner,
                     struct error *err)
{
	assert(watch->loop == NULL && fd >= 0);
	uint32_t slot = take_slot(loop);
	loop->slots[slot].watch = watch;
	*watch = (struct net_watch){
		.fd = fd, .events = events & (NET_READABLE | NET_WRITABLE), .slot = slot,
		.generation = loop->slots[slot].generation, .fn = fn, .owner = owner, .loop = loop,
	};
	if (tell_kernel(watch, true, err))
		return true;
	give_slot(loop, slot);
	watch->loop = NULL;
	return false;
}

void net_watch_change(struct net_watch *watch, unsigned events)
{
	struct error why = { 0 };

	events &= NET_READABLE | NET_WRITABLE;
	if (watch->loop == NULL || watch->events == events)
		return;
	watch->events = events;
	if (!watch->loop->slots[watch->slot].is_lost && !tell_kernel(watch, false, &why))
		lose(watch, &why);
}

void net_watch_stop(struct net_watch *watch)
{
	struct net_loop *loop = watch->loop;

	if (loop == NULL)
		return;
	loop->backend->remove(loop->poll, watch->fd);
	give_slot(loop, watch->slot);
	watch->loop = NULL;
	watch->events = 0;
}
