/* The rules of life of net_loop.h, on both back ends. */
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>

#include "tests/unit/netcore/rig.h"

static struct net_loop *loop;

struct peer {
	struct net_watch watch;
	int fd, calls;
	struct peer *other;
	bool done;
};

static int ready_descriptor(void)
{
	return eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC);
}

static void watch_peer(struct peer *p, unsigned events, net_watch_fn *fn)
{
	struct error err = { 0 };

	CHECK(net_watch_start(&p->watch, loop, p->fd, events, fn, p, &err));
}

static void drop_peer(struct peer *p)
{
	net_watch_stop(&p->watch);
	net_socket_close(p->fd);
	p->fd = -1;
}

static void count_and_stop(void *owner, unsigned events)
{
	struct peer *p = owner;

	(void)events;
	p->calls++;
	drop_peer(p);
}

/* Whoever is called first closes the other and watches a new, silent descriptor under the same number. */
static void replace_other(void *owner, unsigned events)
{
	struct peer *p = owner, *other = p->other;
	int number = other->fd;

	(void)events;
	p->calls++;
	drop_peer(other);
	other->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	CHECK_ROW(other->fd == number, "the test reuses the descriptor's number");
	watch_peer(other, NET_READABLE, count_and_stop);
	drop_peer(p);
}

static void stale_event_is_dropped(const char *name)
{
	struct peer a = { .fd = ready_descriptor() }, b = { .fd = ready_descriptor() };

	a.other = &b;
	b.other = &a;
	watch_peer(&a, NET_READABLE, replace_other);
	watch_peer(&b, NET_READABLE, replace_other);
	rig_run_for(loop, 30);
	CHECK_ROW(a.calls + b.calls == 1, name);
	drop_peer(a.calls ? &b : &a);
}

static void stopping_a_watch_in_its_own_callback_is_legal(const char *name)
{
	struct peer p = { .fd = ready_descriptor() };

	watch_peer(&p, NET_READABLE, count_and_stop);
	rig_run_for(loop, 20);
	CHECK_ROW(p.calls == 1, name);
}

static void count_only(void *owner, unsigned events)
{
	(void)events;
	((struct peer *)owner)->calls++;
}

static void unread_input_is_told_again(const char *name)
{
	struct peer p = { .fd = ready_descriptor() };

	watch_peer(&p, NET_READABLE, count_only);
	for (int i = 0; i < 5; i++)
		net_loop_run_once(loop, 10);
	CHECK_ROW(p.calls == 5, name);
	drop_peer(&p);
}

static void silent_watch_does_not_spin_at_hangup(const char *name)
{
	int fds[2];
	struct peer p = { 0 };

	rig_tcp_pair(fds, 0);
	p.fd = fds[0];
	watch_peer(&p, 0, count_only);
	struct linger reset = { 1, 0 };
	setsockopt(fds[1], SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
	close(fds[1]);
	CHECK_ROW(rig_run_for(loop, 60) < 10, name);
	CHECK_ROW(p.calls == 0, name);
	net_watch_change(&p.watch, NET_READABLE);
	net_loop_run_once(loop, 100);
	CHECK_ROW(p.calls == 1, "the hang-up is told once somebody wants to read");
	drop_peer(&p);
}

/* ---- posting ---- */

#define POSTERS 4
#define POSTS 2000

struct post {
	int poster, number;
};

static int last_of[POSTERS], received;
static bool in_order = true, all_received;

static void on_post(void *owner)
{
	struct post *p = owner;

	if (p->number != last_of[p->poster] + 1)
		in_order = false;
	last_of[p->poster] = p->number;
	if (++received == POSTERS * POSTS)
		all_received = true;
	free(p);
}

static void *post_many(void *owner)
{
	int poster = (int)(intptr_t)owner;

	for (int i = 1; i <= POSTS; i++) {
		struct post *p = xmalloc(sizeof *p);
		*p = (struct post){ poster, i };
		net_loop_post(loop, on_post, p);
	}
	return NULL;
}

static void posts_keep_the_order_of_each_thread(const char *name)
{
	pthread_t threads[POSTERS];

	received = 0;
	all_received = false;
	for (int i = 0; i < POSTERS; i++) {
		last_of[i] = 0;
		pthread_create(&threads[i], NULL, post_many, (void *)(intptr_t)i);
	}
	CHECK_ROW(rig_run(loop, &all_received, RIG_WAIT_MS), name);
	CHECK_ROW(in_order, name);
	for (int i = 0; i < POSTERS; i++)
		pthread_join(threads[i], NULL);
}

static void *run_loop(void *owner)
{
	net_loop_run(owner);
	return NULL;
}

static void stop_from_another_thread_ends_a_sleeping_loop(const char *name)
{
	pthread_t thread;
	struct timespec moment = { 0, 20 * 1000 * 1000 };

	pthread_create(&thread, NULL, run_loop, loop);
	nanosleep(&moment, NULL);
	int64_t before = rig_now_ms();
	net_loop_stop(loop);
	pthread_join(thread, NULL);
	CHECK_ROW(rig_now_ms() - before < 30000, name);
}

static void repost(void *owner)
{
	int *left = owner;

	if (--*left > 0)
		net_loop_post(loop, repost, left);
}

static void a_post_that_posts_itself_does_not_hold_up_the_pass(const char *name)
{
	int left = 3;

	net_loop_post(loop, repost, &left);
	net_loop_run_once(loop, 100);
	CHECK_ROW(left == 2, name);
	net_loop_run_once(loop, 100);
	net_loop_run_once(loop, 100);
	CHECK_ROW(left == 0, name);
}

/* ---- deferred calls ---- */

static char trail[8];

static void mark_b(void *owner)
{
	(void)owner;
	strncat(trail, "b", 2);
}

static void mark_a(void *owner)
{
	strncat(trail, "a", 2);
	net_loop_call_later(loop, mark_b, owner);
	net_loop_free_later(loop, owner);
	strncat(trail, "A", 2);
}

static void deferred_calls_run_in_order_after_the_pass(const char *name)
{
	trail[0] = '\0';
	net_loop_post(loop, mark_a, xmalloc(1));
	net_loop_run_once(loop, 100);
	CHECK_TEXT(trail, "aAb", name);
}

static void end_now(void *owner)
{
	struct net_ending *e = owner;

	net_loop_ending_done(loop, e);
	strncat(trail, "e", 2);
}

int main(void)
{
	for (size_t i = 0; i < sizeof rig_backends / sizeof *rig_backends; i++) {
		struct error err = { 0 };
		struct net_ending ending = { 0 };
		const char *name = rig_backends[i].name;
		loop = net_loop_create(rig_backends[i].kind, &err);
		stale_event_is_dropped(name);
		stopping_a_watch_in_its_own_callback_is_legal(name);
		unread_input_is_told_again(name);
		silent_watch_does_not_spin_at_hangup(name);
		posts_keep_the_order_of_each_thread(name);
		stop_from_another_thread_ends_a_sleeping_loop(name);
		a_post_that_posts_itself_does_not_hold_up_the_pass(name);
		deferred_calls_run_in_order_after_the_pass(name);
		net_loop_post(loop, mark_a, xmalloc(1));
		net_loop_ending_begins(loop, &ending, end_now, &ending);
		trail[0] = '\0';
		net_loop_destroy(loop);
		CHECK_TEXT(trail, "eaAb", "destroying a loop ends what is ending and runs what was posted");
	}
	return check_finish();
}
