/* net_stream: what the owner of a stream asks for; net_stream_turn does it. */
#include "netcore/net_stream.h"

#include <assert.h>
#include <stdlib.h>

#include "base/memory.h"
#include "netcore/net_socket.h"
#include "netcore/net_stream_turn.h"

#define WRITE_TIMEOUT_MS 60000
#define HANDSHAKE_MS 30000
#define FINISH_MS 300000                /* for the rest of the output, however slowly it moves */

/* Now: of a connection that was reset the kernel no longer tells the peer. */
static void keep_addrs(struct net_stream *s)
{
	struct net_addr peer = { 0 }, local = { 0 };

	net_socket_peer_addr(s->fd, &peer);
	net_socket_local_addr(s->fd, &local);
	net_addr_kept_set(&s->peer_addr, &peer);
	net_addr_kept_set(&s->local_addr, &local);
}

struct net_stream *net_stream_create(struct net_loop *loop, int fd, const struct net_stream_events *events, void *owner,
                                     struct budget *budget)
{
	struct net_stream *s = xcalloc(1, sizeof *s);
	struct error why = { 0 };

	s->loop = loop;
	s->events = events;
	s->owner = owner;
	s->budget = budget;
	s->fd = fd;
	s->input_max = NET_STREAM_INPUT_MAX;
	s->write_timeout_ms = WRITE_TIMEOUT_MS;
	keep_addrs(s);
	net_socket_set_nodelay(fd);
	if (!net_watch_start(&s->watch, loop, fd, NET_READABLE, net_stream_step, s, &why))
		net_stream_fail(s, &why);
	return s;
}

void net_stream_set_owner(struct net_stream *s, const struct net_stream_events *events, void *owner)
{
	/* Once `closed` was told, nobody is told again. */
	if (s->events == NULL)
		return;
	s->events = events;
	s->owner = owner;
}

struct bytes net_stream_input(struct net_stream *s)
{
	return bytes_skip(buffer_bytes(&s->in), s->in_from);
}

void net_stream_consume(struct net_stream *s, size_t n)
{
	/* STARTTLS discards input under a line that its handler still has to give back. */
	if (n > net_stream_buffered(s))
		n = net_stream_buffered(s);
	s->in_from += n;
	s->in_offset += n;
	if (net_stream_buffered(s) == 0) {
		buffer_release(&s->in);
		s->in_from = 0;
		net_stream_count_buffers(s);
	}
	net_stream_update_watch(s);
}

size_t net_stream_pending(const struct net_stream *s)
{
	return s->out.len - s->out_from;
}

uint64_t net_stream_input_offset(const struct net_stream *s)
{
	return s->in_offset;
}

void net_stream_set_input_max(struct net_stream *s, size_t octets)
{
	assert(octets > 0);
	s->input_max = octets;
	net_stream_update_watch(s);
}

void net_stream_pause(struct net_stream *s)
{
	s->paused = true;
	net_stream_update_watch(s);
}

void net_stream_resume(struct net_stream *s)
{
	if (!s->paused)
		return;
	s->paused = false;
	if (net_stream_buffered(s) > 0 || s->peer_ended) {
		s->resumed = true;
		net_stream_schedule(s);
	}
	net_stream_update_watch(s);
}

/* NULL when nothing can be sent any more. */
static struct buffer *output_buffer(struct net_stream *s)
{
	if (s->failure || s->finishing || s->gone)
		return NULL;
	if (s->out_from > s->out.len / 2) {
		buffer_drop(&s->out, s->out_from);
		s->out_from = 0;
	}
	return &s->out;
}

static bool output_added(struct net_stream *s)
{
	net_stream_count_buffers(s);
	net_stream_schedule(s);
	if (net_stream_pending(s) > NET_STREAM_OUTPUT_HIGH)
		s->above_high = true;
	return !s->above_high;
}

bool net_stream_write(struct net_stream *s, struct bytes what)
{
	struct buffer *out = output_buffer(s);

	if (out == NULL)
		return false;
	if (what.len > 0)
		buffer_add_bytes(out, what);
	return output_added(s);
}

bool net_stream_printf(struct net_stream *s, const char *format, ...)
{
	struct buffer *out = output_buffer(s);
	va_list arguments;

	if (out == NULL)
		return false;
	va_start(arguments, format);
	buffer_vprintf(out, format, arguments);
	va_end(arguments);
	return output_added(s);
}

void net_stream_flush(struct net_stream *s)
{
	if (s->gone || s->write_blocked)
		return;
	net_stream_send_output(s);
	net_stream_schedule(s);
}

void net_stream_set_deadline(struct net_stream *s, int64_t after_ms)
{
	if (s->events == NULL)
		return;
	if (after_ms != 0)
		net_timer_start(&s->deadline, s->loop, after_ms, net_stream_on_deadline, s);
	else
		net_timer_stop(&s->deadline);
}

void net_stream_set_write_timeout(struct net_stream *s, int64_t ms)
{
	s->write_timeout_ms = ms;
	if (net_timer_is_armed(&s->progress))
		net_timer_start(&s->progress, s->loop, ms, net_stream_on_no_progress, s);
}

static void start_tls(struct net_stream *s, struct net_tls_context *context, bool is_server, const char *hostname)
{
	struct error why = { 0 };

	assert(s->phase == STREAM_PLAIN && s->tls == NULL);
	if (s->failure || s->finishing || s->gone)
		return;
	/* Nothing that came in clear may pass for something said under TLS.  The block stays until the turn: the caller may still look at its line. */
	s->in_offset += net_stream_buffered(s);
	s->in_from = s->in.len;
	s->resumed = false;
	s->clear_left = net_stream_pending(s);
	s->phase = STREAM_STARTING;
	s->tls = net_tls_stream_create(context, s->fd, is_server, hostname, &why);
	if (s->tls == NULL)
		net_stream_fail(s, &why);
	s->handshake = xcalloc(1, sizeof *s->handshake);
	net_timer_start(s->handshake, s->loop, HANDSHAKE_MS, net_stream_on_handshake_timeout, s);
	net_stream_schedule(s);
	net_stream_update_watch(s);
}

void net_stream_start_tls_server(struct net_stream *s, struct net_tls_context *context)
{
	start_tls(s, context, true, NULL);
}

void net_stream_start_tls_client(struct net_stream *s, struct net_tls_context *context, const char *hostname)
{
	start_tls(s, context, false, hostname);
}

bool net_stream_is_secure(const struct net_stream *s)
{
	return s->phase == STREAM_SECURE;
}

const char *net_stream_tls_description(struct net_stream *s)
{
	return s->phase == STREAM_SECURE ? net_tls_stream_description(s->tls) : NULL;
}

const char *net_stream_tls_peer(struct net_stream *s)
{
	return s->phase == STREAM_SECURE ? net_tls_stream_peer(s->tls) : NULL;
}

bool net_stream_tls_has_certificate(const struct net_stream *s)
{
	return s->phase == STREAM_SECURE && net_tls_stream_has_certificate(s->tls);
}

bool net_stream_tls_peer_is(struct net_stream *s, struct net_tls_context *trust, const char *name)
{
	return s->phase == STREAM_SECURE && net_tls_stream_peer_is(s->tls, trust, name);
}

bool net_stream_tls_exporter(struct net_stream *s, unsigned char out[32])
{
	return s->phase == STREAM_SECURE && net_tls_stream_exporter(s->tls, out);
}

const struct net_addr *net_stream_peer_addr(const struct net_stream *s)
{
	/* Making it whole changes nothing that a caller could see. */
	return net_addr_kept_whole(&((struct net_stream *)s)->peer_addr);
}

const struct net_addr *net_stream_local_addr(const struct net_stream *s)
{
	return net_addr_kept_whole(&((struct net_stream *)s)->local_addr);
}

static void destroy(void *owner)
{
	struct net_stream *s = owner;

	net_tls_stream_destroy(s->tls);
	buffer_release(&s->in);
	buffer_release(&s->out);
	net_stream_count_buffers(s);
	net_addr_kept_release(&s->peer_addr);
	net_addr_kept_release(&s->local_addr);
	free(s->ending);
	free(s->failure);
	free(s);
}

static void cut_short(void *owner)
{
	net_stream_close(owner);
}

void net_stream_finish(struct net_stream *s)
{
	if (s->gone || s->finishing)
		return;
	s->events = NULL;
	s->finishing = true;
	s->ending = xcalloc(1, sizeof *s->ending);
	net_loop_ending_begins(s->loop, s->ending, cut_short, s);
	net_timer_start(&s->deadline, s->loop, FINISH_MS, net_stream_on_deadline, s);
	net_stream_schedule(s);
	net_stream_update_watch(s);
}

void net_stream_close(struct net_stream *s)
{
	if (s == NULL || s->gone)
		return;
	s->gone = true;
	s->events = NULL;
	net_timer_stop(&s->deadline);
	net_timer_stop(&s->progress);
	net_stream_stop_handshake_timer(s);
	if (s->ending)
		net_loop_ending_done(s->loop, s->ending);
	net_watch_stop(&s->watch);
	net_socket_close(s->fd);
	/* Last in the queue of deferred calls: a turn may be there already. */
	net_loop_call_later(s->loop, destroy, s);
}
