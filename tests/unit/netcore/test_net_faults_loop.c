/* Faults of the loop's own calls: watches, wakes, signals, workers; names that are looked up. */
#define _GNU_SOURCE
#include "tests/unit/netcore/fault_plays.h"

#include <signal.h>

#include "netcore/net_connect.h"
#include "netcore/net_timer.h"
#include "netcore/net_worker.h"

#define REAL_MS 20000

struct scene {
	struct net_loop *loop;
	struct net_watch watch;
	struct net_timer timer;
	int fds[2];
	unsigned n_writable, n_readable;
	bool posted, worked, done;
};

/* ---- watches ---- */

static void on_silent(void *owner)
{
	struct scene *s = owner;

	net_watch_change(&s->watch, NET_READABLE);
	s->done = send(s->fds[1], "x", 1, MSG_NOSIGNAL) != 1;
}

static void on_event(void *owner, unsigned events)
{
	struct scene *s = owner;

	s->n_writable += (events & NET_WRITABLE) != 0;
	s->n_readable += (events & NET_READABLE) != 0;
	net_watch_change(&s->watch, 0);
	if (events & NET_READABLE)
		s->done = true;
	else
		net_timer_start(&s->timer, s->loop, 50, on_silent, s);
}

/* What is watched for changes three times; each time what was asked for comes, once. */
static void watches(enum net_poll_kind kind, const char *claim)
{
	struct error err = { 0 };
	struct scene s = { .loop = net_loop_create(kind, &err), .fds = { -1, -1 } };

	if (s.loop == NULL) {
		CHECK_ROW(err.text[0] != '\0', claim);
		return;
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, s.fds) < 0) {
		CHECK_ROW(a_fault_came(), claim);
	} else if (!net_watch_start(&s.watch, s.loop, s.fds[0], NET_READABLE, on_event, &s, &err)) {
		CHECK_ROW(err.text[0] != '\0', claim);
	} else {
		net_watch_change(&s.watch, NET_WRITABLE);
		CHECK_ROW(rig_run(s.loop, &s.done, PLAY_HANG_MS), claim);
		CHECK_ROW(s.n_writable == 1 && (s.n_readable == 1 || a_fault_came()), claim);
	}
	net_watch_stop(&s.watch);
	net_timer_stop(&s.timer);
	net_socket_close(s.fds[0]);
	net_socket_close(s.fds[1]);
	net_loop_destroy(s.loop);
}

/* ---- no memory for poll ---- */

static void on_timer(void *owner)
{
	((struct scene *)owner)->done = true;
}

static void no_memory(enum net_poll_kind kind, const char *claim)
{
	struct error err = { 0 };
	struct scene s = { .loop = net_loop_create(kind, &err) };

	sock_fail.once = (struct sock_fault){ .call = CALL_poll, .with = ENOMEM };
	if (s.loop == NULL) {
		CHECK_ROW(err.text[0] != '\0', claim);
		return;
	}
	net_timer_start(&s.timer, s.loop, 100, on_timer, &s);
	CHECK_ROW(rig_run(s.loop, &s.done, PLAY_HANG_MS), claim);
	net_timer_stop(&s.timer);
	net_loop_destroy(s.loop);
}

/* ---- signals ---- */

static void on_signal(void *owner, int number)
{
	((struct scene *)owner)->done = number == SIGUSR1;
}

static void signals(enum net_poll_kind kind, const char *claim)
{
	static const int numbers[] = { SIGUSR1, 0 };
	struct error err = { 0 };
	struct scene s = { .loop = net_loop_create(kind, &err) };
	struct net_signal *signal = s.loop ? net_signal_create(s.loop, numbers, on_signal, &s, &err) : NULL;

	CHECK_ROW(signal || err.text[0] != '\0', claim);
	if (signal) {
		raise(SIGUSR1);
		CHECK_ROW(rig_run(s.loop, &s.done, PLAY_HANG_MS), claim);
	}
	net_signal_destroy(signal);
	net_loop_destroy(s.loop);
}

/* ---- threads: on the real clock ---- */

static void on_posted(void *owner)
{
	struct scene *s = owner;

	s->posted = true;
	s->done = s->worked;
}

static void work(void *owner)
{
	(void)owner;
}

static void on_worked(void *owner)
{
	struct scene *s = owner;

	s->worked = true;
	s->done = s->posted;
}

static void posts(enum net_poll_kind kind, const char *claim)
{
	struct error err = { 0 };
	struct scene s = { .loop = net_loop_create(kind, &err) };
	struct net_worker *worker = s.loop ? net_worker_create(2, 4, &err) : NULL;

	still_clock.on = false;
	CHECK_ROW(worker || err.text[0] != '\0', claim);
	if (worker) {
		net_loop_post(s.loop, on_posted, &s);
		CHECK_ROW(net_worker_submit(worker, s.loop, work, on_worked, &s), claim);
		CHECK_ROW(rig_run(s.loop, &s.done, REAL_MS), claim);
	}
	net_worker_destroy(worker);
	net_loop_destroy(s.loop);
}

struct caller {
	struct error why;
	bool connected, done;
};

static void on_connected(void *owner, int fd, const struct net_addr *addr, const struct error *err)
{
	struct caller *c = owner;

	(void)addr;
	c->done = true;
	c->connected = fd >= 0;
	if (fd < 0)
		c->why = *err;
	net_socket_close(fd);
}

static void names(enum net_poll_kind kind, const char *claim)
{
	struct error err = { 0 };
	struct caller c = { .done = false };
	struct net_addr addr = rig_addr("127.0.0.1:0"), real = { 0 };
	struct net_loop *loop = net_loop_create(kind, &err);
	struct net_worker *worker = loop ? net_worker_create(1, 4, &err) : NULL;
	int listener = worker ? net_socket_listen(&addr, &err) : -1;

	still_clock.on = false;
	if (listener >= 0 && net_socket_local_addr(listener, &real)) {
		net_connect_host(loop, worker, "localhost", net_addr_port(&real), REAL_MS, on_connected, &c);
		CHECK_ROW(rig_run(loop, &c.done, REAL_MS), claim);
		CHECK_ROW(c.connected || (a_fault_came() && c.why.text[0] != '\0'), claim);
	} else {
		CHECK_ROW(err.text[0] != '\0' || listener >= 0, claim);
	}
	net_socket_close(listener);
	net_worker_destroy(worker);
	net_loop_destroy(loop);
}

static const struct fault_play plays[] = {
	{ "watches", watches }, { "no memory", no_memory }, { "signals", signals }, { "posts", posts }, { "names", names },
};

int main(void)
{
	return fault_plays_run(plays, sizeof plays / sizeof *plays);
}
