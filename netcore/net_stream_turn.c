/*
 * net_stream_turn: everything a stream does is a step (the descriptor is ready) or a turn (the pass ends), followed by
 * settle, which makes the owner's calls.  Errors found inside the owner's own calls are only noted: they are told
 * from the next turn, so that no call comes from within a call.
 */
#include "netcore/net_stream_turn.h"

#include <errno.h>
#include <stdlib.h>

#include "base/memory.h"

#define READ_CHUNK (16u * 1024)
#define READ_A_TURN (64u * 1024)        /* so that one busy peer does not starve the others */
#define SEND_A_TURN (256u * 1024)
#define DRAIN_MS 1000

static void turn(void *owner);

void net_stream_schedule(struct net_stream *s)
{
	if (s->scheduled || s->gone)
		return;
	s->scheduled = true;
	net_loop_call_later(s->loop, turn, s);
}

void net_stream_count_buffers(struct net_stream *s)
{
	size_t now = s->in.capacity + s->out.capacity;

	if (s->budget && now > s->counted)
		budget_force(s->budget, now - s->counted);
	if (s->budget && now < s->counted)
		budget_give(s->budget, s->counted - now);
	s->counted = now;
}

void net_stream_fail(struct net_stream *s, const struct error *why)
{
	if (s->failure == NULL)
		s->failure = xmemdup(why, sizeof *why);
	net_stream_schedule(s);
}

static bool wants_input(const struct net_stream *s)
{
	return s->events && !s->failure && !s->peer_ended && !s->paused && net_stream_buffered(s) < s->input_max &&
	       (s->phase == STREAM_PLAIN || s->phase == STREAM_SECURE);
}

void net_stream_update_watch(struct net_stream *s)
{
	unsigned events = 0;

	if (s->gone)
		return;
	if (wants_input(s)) {
		events |= s->read_wants_write ? NET_WRITABLE : NET_READABLE;
		if (s->tls && net_tls_stream_has_pending(s->tls))
			net_stream_schedule(s);
	}
	if (s->fin_sent)
		events |= NET_READABLE;
	if (s->write_blocked)
		events |= s->write_wants_read ? NET_READABLE : NET_WRITABLE;
	net_watch_change(&s->watch, events);
}

void net_stream_on_deadline(void *owner)
{
	struct net_stream *s = owner;
	struct error why = { 0 };

	error_set(&why, ERROR_TRY_LATER, s->finishing ? "the connection did not end in time" : "timed out");
	net_stream_fail(s, &why);
}

void net_stream_on_no_progress(void *owner)
{
	struct error why = { 0 };

	error_set(&why, ERROR_TRY_LATER, "timed out: the peer does not read what is sent to it");
	net_stream_fail(owner, &why);
}

void net_stream_stop_handshake_timer(struct net_stream *s)
{
	if (s->handshake)
		net_timer_stop(s->handshake);
	free(s->handshake);
	s->handshake = NULL;
}

void net_stream_on_handshake_timeout(void *owner)
{
	struct error why = { 0 };

	error_set(&why, ERROR_TRY_LATER, "timed out in the TLS handshake");
	net_stream_fail(owner, &why);
}

static enum net_io receive(struct net_stream *s, void *at, size_t size, size_t *n, struct error *err)
{
	if (s->tls && !s->fin_sent)
		return net_tls_stream_read(s->tls, at, size, n, err);
	ssize_t got;
	while ((got = recv(s->fd, at, size, 0)) < 0 && errno == EINTR)
		;
	if (got > 0) {
		*n = (size_t)got;
		return NET_IO_DONE;
	}
	if (got == 0)
		return NET_IO_ENDED;
	if (errno == EAGAIN)
		return NET_IO_WANT_READ;
	error_set_errno(err, errno, "receive");
	return NET_IO_FAILED;
}

static enum net_io transmit(struct net_stream *s, struct bytes what, size_t *n, struct error *err)
{
	if (s->phase == STREAM_SECURE)
		return net_tls_stream_write(s->tls, what, n, err);
	ssize_t sent;
	while ((sent = send(s->fd, what.at, what.len, MSG_NOSIGNAL)) < 0 && errno == EINTR)
		;
	if (sent >= 0) {
		*n = (size_t)sent;
		return NET_IO_DONE;
	}
	if (errno == EAGAIN)
		return NET_IO_WANT_WRITE;
	error_set_errno(err, errno, "send");
	return NET_IO_FAILED;
}

static void add_input(struct net_stream *s, const char *at, size_t n)
{
	if (s->in_from > 0)
		buffer_drop(&s->in, s->in_from);
	s->in_from = 0;
	buffer_add(&s->in, at, n);
	net_stream_count_buffers(s);
}

/* Read what one turn allows; the owner hears of it once. */
static void read_input(struct net_stream *s)
{
	char chunk[READ_CHUNK];
	size_t total = 0, n;
	struct error why = { 0 };

	s->read_wants_write = false;
	while (total < READ_A_TURN && wants_input(s)) {
		size_t room = s->input_max - net_stream_buffered(s);
		enum net_io io = receive(s, chunk, room < sizeof chunk ? room : sizeof chunk, &n, &why);
		if (io == NET_IO_DONE) {
			add_input(s, chunk, n);
			total += n;
			if (!s->tls && n < sizeof chunk)
				break;
			continue;
		}
		if (io == NET_IO_ENDED)
			s->peer_ended = true;
		else if (io == NET_IO_FAILED)
			net_stream_fail(s, &why);
		s->read_wants_write = io == NET_IO_WANT_WRITE;
		break;
	}
	if (total > 0)
		s->resumed = true;
}

static void output_moved(struct net_stream *s, size_t n)
{
	s->out_from += n;
	s->clear_left -= n < s->clear_left ? n : s->clear_left;
	if (s->phase == STREAM_STARTING && s->clear_left == 0)
		net_stream_schedule(s);
	if (net_stream_pending(s) > 0) {
		net_timer_start(&s->progress, s->loop, s->write_timeout_ms, net_stream_on_no_progress, s);
		return;
	}
	net_timer_stop(&s->progress);
	buffer_release(&s->out);
	s->out_from = 0;
	net_stream_count_buffers(s);
}

void net_stream_send_output(struct net_stream *s)
{
	size_t total = 0, n = 0;
	struct error why = { 0 };

	s->write_blocked = s->write_wants_read = false;
	while (net_stream_pending(s) > 0 && !s->failure && s->phase != STREAM_HANDSHAKE) {
		size_t len = s->phase == STREAM_STARTING ? s->clear_left : net_stream_pending(s);
		if (len == 0)
			return;
		s->write_blocked = true;
		if (total >= SEND_A_TURN)
			break;
		enum net_io io = transmit(s, bytes_of(s->out.at + s->out_from, len), &n, &why);
		if (io == NET_IO_DONE) {
			s->write_blocked = false;
			output_moved(s, n);
			total += n;
			continue;
		}
		s->write_wants_read = io == NET_IO_WANT_READ;
		if (io == NET_IO_FAILED || io == NET_IO_ENDED)
			net_stream_fail(s, &why);
		break;
	}
	if (s->write_blocked && !net_timer_is_armed(&s->progress))
		net_timer_start(&s->progress, s->loop, s->write_timeout_ms, net_stream_on_no_progress, s);
}

static void shake_hands(struct net_stream *s)
{
	struct error why = { 0 };
	enum net_io io = net_tls_stream_handshake(s->tls, &why);

	s->write_blocked = io == NET_IO_WANT_READ || io == NET_IO_WANT_WRITE;
	s->write_wants_read = io == NET_IO_WANT_READ;
	if (io == NET_IO_FAILED || io == NET_IO_ENDED)
		net_stream_fail(s, &why);
	if (io != NET_IO_DONE)
		return;
	net_stream_stop_handshake_timer(s);
	s->phase = STREAM_SECURE;
	net_stream_schedule(s);
	if (s->events && s->events->secured)
		s->events->secured(s->owner);
}

static void tell_closed(struct net_stream *s, const struct error *why)
{
	const struct net_stream_events *events = s->events;

	s->events = NULL;
	net_timer_stop(&s->deadline);
	net_stream_stop_handshake_timer(s);
	events->closed(s->owner, why);
}

static void tell_owner(struct net_stream *s)
{
	struct error ended = { 0 };

	if (s->above_high && net_stream_pending(s) <= NET_STREAM_OUTPUT_LOW) {
		s->above_high = false;
		if (s->events && s->events->drained)
			s->events->drained(s->owner);
	}
	if (s->resumed && !s->paused) {
		s->resumed = false;
		if (s->events && net_stream_buffered(s) > 0)
			s->events->input(s->owner);
	}
	if (s->events == NULL || s->gone)
		return;
	if (s->failure) {
		tell_closed(s, s->failure);
	} else if (s->peer_ended && !s->paused && !s->resumed && (s->phase == STREAM_PLAIN || s->phase == STREAM_SECURE)) {
		error_set(&ended, ERROR_CLOSED, "the peer closed the connection");
		tell_closed(s, &ended);
	}
}

/* The polite end, as far as it can go now: output, close_notify, FIN, then wait for the peer's. */
static void finish_some(struct net_stream *s)
{
	if (s->failure || s->phase == STREAM_HANDSHAKE) {
		net_stream_close(s);
		return;
	}
	if (s->fin_sent || net_stream_pending(s) > 0)
		return;
	if (s->phase == STREAM_SECURE && net_tls_stream_shutdown(s->tls) == NET_IO_WANT_WRITE) {
		s->write_blocked = true;
		return;
	}
	shutdown(s->fd, SHUT_WR);
	s->fin_sent = true;
	if (s->peer_ended)
		net_stream_close(s);
	else
		net_timer_start(&s->deadline, s->loop, DRAIN_MS, net_stream_on_deadline, s);
}

/* Unread input would turn our close into a reset, and the peer would lose the last reply. */
static void drain(struct net_stream *s)
{
	char chunk[READ_CHUNK];
	size_t n;

	for (size_t total = 0; total < READ_A_TURN; total += n) {
		enum net_io io = receive(s, chunk, sizeof chunk, &n, NULL);
		if (io == NET_IO_DONE)
			continue;
		if (io != NET_IO_WANT_READ)
			net_stream_close(s);
		return;
	}
}

static void settle(struct net_stream *s)
{
	if (!s->gone)
		tell_owner(s);
	if (!s->gone && s->finishing)
		finish_some(s);
	else if (!s->gone && s->failure)
		net_watch_stop(&s->watch);      /* told; the owner has not closed it yet */
	net_stream_update_watch(s);
}

void net_stream_step(void *owner, unsigned events)
{
	struct net_stream *s = owner;

	if (s->phase == STREAM_HANDSHAKE) {
		shake_hands(s);
	} else if (s->fin_sent) {
		drain(s);
	} else {
		if (s->write_blocked && (events & (s->write_wants_read ? NET_READABLE : NET_WRITABLE)))
			net_stream_send_output(s);
		if (events & (s->read_wants_write ? NET_WRITABLE : NET_READABLE))
			read_input(s);
	}
	settle(s);
}

/* The end of the pass: all that was written in it leaves together. */
static void turn(void *owner)
{
	struct net_stream *s = owner;

	s->scheduled = false;
	if (s->gone)
		return;
	if (s->in.at && (net_stream_buffered(s) == 0 || s->finishing)) {
		s->in_offset += net_stream_buffered(s);
		buffer_release(&s->in);
		s->in_from = 0;
		net_stream_count_buffers(s);
	}
	if (!s->write_blocked)
		net_stream_send_output(s);
	if (s->phase == STREAM_STARTING && s->clear_left == 0)
		s->phase = STREAM_HANDSHAKE;
	if (s->phase == STREAM_HANDSHAKE && !s->write_blocked && !s->failure)
		shake_hands(s);
	else if (s->tls && net_tls_stream_has_pending(s->tls))
		read_input(s);
	settle(s);
}
