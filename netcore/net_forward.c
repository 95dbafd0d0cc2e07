#include "netcore/net_forward.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/memory.h"
#include "netcore/net_socket.h"
#include "netcore/net_timer.h"

#define MOVE_A_TURN (1024u * 1024)      /* so that one busy pair does not starve the others */

/* From end i to the other one. */
struct way {
	char *at;                       /* NULL while nothing waits */
	size_t size;                    /* of the block, or of the next one */
	size_t from, len;               /* what waits: at[from..len) */
	bool ended;                     /* FIN read */
	bool passed;                    /* and passed on */
	uint64_t octets;
};

struct end {
	struct net_forward *forward;
	int fd;
	struct net_watch watch;
	struct way way;                 /* what this end sends */
};

struct net_forward {
	struct net_loop *loop;
	struct net_forward_settings settings;
	const struct net_forward_events *events;        /* NULL: no call comes any more */
	void *owner;
	struct end ends[2];
	struct net_timer quiet;
	int64_t moved_ms;               /* when anything moved last */
	struct error failure;
	bool gone;
};

static void destroy(void *owner)
{
	struct net_forward *f = owner;

	for (unsigned i = 0; i < 2; i++)
		free(f->ends[i].way.at);
	free(f);
}

void net_forward_stop(struct net_forward *f)
{
	if (f == NULL || f->gone)
		return;
	f->gone = true;
	net_timer_stop(&f->quiet);
	for (unsigned i = 0; i < 2; i++) {
		net_watch_stop(&f->ends[i].watch);
		net_socket_close(f->ends[i].fd);
	}
	net_loop_call_later(f->loop, destroy, f);
}

static void finish(struct net_forward *f, const struct error *why)
{
	if (f->gone)
		return;
	net_forward_stop(f);            /* the memory stays until the end of the pass */
	f->events->closed(f->owner, why);
}

/* Whoever still talks to us learns that the other end did not end in order: close sends RST. */
static void pass_reset_on(struct net_forward *f)
{
	struct linger reset = { 1, 0 };

	for (unsigned i = 0; i < 2; i++)
		setsockopt(f->ends[i].fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
}

static void fail(struct net_forward *f, int number, const char *doing)
{
	if (f->failure.kind == ERROR_NONE)
		error_set_errno(&f->failure, number, "%s", doing);
}

static int64_t patience_ms(const struct net_forward *f)
{
	bool half_open = f->ends[0].way.ended || f->ends[1].way.ended;

	return half_open && f->settings.half_open_ms > 0 ? f->settings.half_open_ms : f->settings.idle_ms;
}

/* Re-armed only here and at a FIN: moving octets just notes the time. */
static void on_quiet(void *owner)
{
	struct net_forward *f = owner;
	int64_t quiet_ms = net_loop_now_ms(f->loop) - f->moved_ms, patience = patience_ms(f);
	struct error why = { 0 };

	if (patience == 0)
		return;
	if (quiet_ms < patience) {
		net_timer_start(&f->quiet, f->loop, patience - quiet_ms, on_quiet, f);
		return;
	}
	error_set(&why, ERROR_TRY_LATER, "timed out: nothing moved for %lld ms", (long long)quiet_ms);
	finish(f, &why);
}

static void way_emptied(struct way *w)
{
	free(w->at);
	w->at = NULL;
	w->from = w->len = 0;
}

/* False when there is nothing to read for now. */
static bool way_read(struct net_forward *f, unsigned from)
{
	struct way *w = &f->ends[from].way;
	ssize_t n;

	if (w->at == NULL)
		w->at = xmalloc(w->size);
	while ((n = recv(f->ends[from].fd, w->at, w->size, 0)) < 0 && errno == EINTR)
		;
	if (n < 0 && errno != EAGAIN)
		fail(f, errno, "receive");
	if (n == 0) {
		w->ended = true;
		f->moved_ms = net_loop_now_ms(f->loop);
	}
	if (n <= 0) {
		way_emptied(w);
		return n == 0;
	}
	w->from = 0;
	w->len = (size_t)n;
	return true;
}

/* False when the far end takes no more for now. */
static bool way_write(struct net_forward *f, unsigned from)
{
	struct way *w = &f->ends[from].way;
	ssize_t n;

	while ((n = send(f->ends[!from].fd, w->at + w->from, w->len - w->from, MSG_NOSIGNAL)) < 0 && errno == EINTR)
		;
	if (n < 0) {
		if (errno != EAGAIN)
			fail(f, errno, "send");
		return false;
	}
	w->from += (size_t)n;
	w->octets += (uint64_t)n;
	f->moved_ms = net_loop_now_ms(f->loop);
	return true;
}

/* After a read: a full block asks for a larger one, a nearly empty one for a smaller. */
static void way_resize(struct way *w)
{
	bool grow = w->len == w->size && w->size < NET_FORWARD_BUFFER_MAX;
	bool shrink = w->len < w->size / 4 && w->size > NET_FORWARD_BUFFER_MIN;

	if (!grow && !shrink)
		return;
	w->size = grow ? w->size * 2 : w->size / 2;
	way_emptied(w);
}

static void hear(struct net_forward *f, unsigned from)
{
	const struct way *w = &f->ends[from].way;

	if (f->events->heard)
		f->events->heard(f->owner, from, bytes_of(w->at, w->len));
	if (w->ended)
		on_quiet(f);
}

/* Move what can be moved now from one end to the other. */
static void pump(struct net_forward *f, unsigned from)
{
	struct way *w = &f->ends[from].way;
	size_t moved = 0;

	while (!f->gone && f->failure.kind == ERROR_NONE) {
		if (w->from < w->len) {
			if (!way_write(f, from))
				return;
			if (w->from < w->len)
				continue;
			moved += w->len;
			way_resize(w);
			w->from = w->len = 0;
		}
		if (w->ended) {
			if (!w->passed)
				shutdown(f->ends[!from].fd, SHUT_WR);
			w->passed = true;
			return;
		}
		if (moved >= MOVE_A_TURN) {
			way_emptied(w);
			return;
		}
		if (!way_read(f, from))
			return;
		hear(f, from);
	}
}

static unsigned wanted(const struct net_forward *f, unsigned end)
{
	const struct way *out = &f->ends[end].way, *in = &f->ends[!end].way;

	return (out->ended || out->from < out->len ? 0 : NET_READABLE) | (in->from < in->len ? NET_WRITABLE : 0);
}

static void settle(struct net_forward *f)
{
	struct error ended = { 0 };

	if (f->gone)
		return;
	if (f->failure.kind != ERROR_NONE) {
		pass_reset_on(f);
		finish(f, &f->failure);
		return;
	}
	if (f->ends[0].way.passed && f->ends[1].way.passed) {
		error_set(&ended, ERROR_CLOSED, "both ends have ended");
		finish(f, &ended);
		return;
	}
	for (unsigned i = 0; i < 2; i++)
		net_watch_change(&f->ends[i].watch, wanted(f, i));
}

static void on_ready(void *owner, unsigned events)
{
	struct end *e = owner;
	struct net_forward *f = e->forward;
	unsigned i = e == &f->ends[1];

	if (events & NET_WRITABLE)
		pump(f, !i);
	/* The way is empty whenever its end is watched for reading. */
	if (!f->gone && (events & NET_READABLE))
		pump(f, i);
	settle(f);
}

struct net_forward *net_forward_start(struct net_loop *loop, const int fds[2], const struct net_forward_settings *settings,
                                      const struct net_forward_events *events, void *owner, struct error *err)
{
	struct net_forward *f = xcalloc(1, sizeof *f);
	bool ok = true;

	assert(events->closed);
	f->loop = loop;
	f->settings = *settings;
	f->events = events;
	f->owner = owner;
	f->moved_ms = net_loop_now_ms(loop);
	for (unsigned i = 0; i < 2; i++) {
		struct end *e = &f->ends[i];
		e->forward = f;
		e->fd = fds[i];
		e->way.size = NET_FORWARD_BUFFER_MIN;
		net_socket_set_nodelay(e->fd);
		ok = ok && net_watch_start(&e->watch, loop, e->fd, NET_READABLE, on_ready, e, err);
	}
	if (ok && settings->idle_ms > 0)
		net_timer_start(&f->quiet, loop, settings->idle_ms, on_quiet, f);
	if (ok)
		return f;
	net_forward_stop(f);
	return NULL;
}

uint64_t net_forward_octets(const struct net_forward *f, unsigned from)
{
	return f->ends[from].way.octets;
}
