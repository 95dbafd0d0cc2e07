#include "netcore/net_tunnel_stream.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/memory.h"
#include "netcore/net_socket.h"

#define READ_A_TURN (128u * 1024)       /* so that one busy stream does not starve the others */
#define CREDIT_STEP (NET_TUNNEL_WINDOW / 4)

static struct bytes key_of(const struct net_tunnel_stream *s)
{
	return bytes_of(&s->id, sizeof s->id);
}

struct net_tunnel_stream *net_tunnel_stream_create(struct net_tunnel *t, uint32_t id, int fd)
{
	struct net_tunnel_stream *s = xcalloc(1, sizeof *s);

	s->tunnel = t;
	s->id = id;
	s->fd = fd;
	s->credit = t->their_window;
	s->granted = NET_TUNNEL_WINDOW;
	list_append(&t->streams, &s->node);
	map_put(t->by_id, key_of(s), s);
	return s;
}

static void destroy(void *owner)
{
	struct net_tunnel_stream *s = owner;

	buffer_release(&s->backlog);
	free(s);
}

void net_tunnel_stream_destroy(struct net_tunnel_stream *s)
{
	struct linger reset = { 1, 0 };

	net_connect_cancel(s->connect);
	net_watch_stop(&s->watch);
	/* A clean end would pass for the end of what was sent. */
	if (s->fd >= 0 && !(s->ended && s->passed))
		setsockopt(s->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
	net_socket_close(s->fd);
	map_remove(s->tunnel->by_id, key_of(s));
	list_remove(&s->tunnel->streams, &s->node);
	net_loop_call_later(s->tunnel->loop, destroy, s);
}

static void say(struct net_tunnel_stream *s, enum net_tunnel_type type, struct bytes payload)
{
	struct buffer frame = { 0 };

	net_tunnel_frame_add(&frame, type, s->id, payload);
	net_tunnel_say(s->tunnel, buffer_bytes(&frame));
	buffer_release(&frame);
}

void net_tunnel_stream_refuse(struct net_tunnel_stream *s, const char *why)
{
	struct bytes text = bytes_slice(bytes_text(why), 0, NET_TUNNEL_TEXT_MAX);

	say(s, NET_TUNNEL_RESET, text);
	net_tunnel_stream_destroy(s);
}

static void fail(struct net_tunnel_stream *s, int number, const char *doing)
{
	struct error why = { 0 };

	error_set_errno(&why, number, "%s", doing);
	net_tunnel_stream_refuse(s, why.text);
}

void net_tunnel_stream_update(struct net_tunnel_stream *s)
{
	bool may_send = !s->ended && s->credit > 0 && !s->tunnel->blocked;

	net_watch_change(&s->watch, (may_send ? NET_READABLE : 0) | (s->backlog.len > s->backlog_from ? NET_WRITABLE : 0));
}

/* Both ways ended in order, or what is to be waited for now. */
static void settle(struct net_tunnel_stream *s)
{
	if (s->ended && s->passed)
		net_tunnel_stream_destroy(s);
	else
		net_tunnel_stream_update(s);
}

/* From the local socket into the tunnel; false when the stream is gone. */
static bool read_local(struct net_tunnel_stream *s)
{
	struct net_tunnel *t = s->tunnel;

	for (size_t total = 0; total < READ_A_TURN && s->credit > 0 && !t->blocked && !s->ended;) {
		size_t most = s->credit < NET_TUNNEL_PIECE ? s->credit : NET_TUNNEL_PIECE;
		ssize_t n;
		while ((n = recv(s->fd, t->piece + NET_TUNNEL_HEADER, most, 0)) < 0 && errno == EINTR)
			;
		if (n < 0 && errno == EAGAIN)
			return true;
		if (n < 0) {
			fail(s, errno, "receive");
			return false;
		}
		if (n == 0) {
			s->ended = true;
			say(s, NET_TUNNEL_END, bytes_text(""));
			return true;
		}
		s->credit -= (uint32_t)n;
		total += (size_t)n;
		net_tunnel_header(t->piece, NET_TUNNEL_DATA, s->id, (size_t)n);
		net_tunnel_say(t, bytes_of(t->piece, NET_TUNNEL_HEADER + (size_t)n));
	}
	return true;
}

static void grant(struct net_tunnel_stream *s, size_t delivered)
{
	struct buffer frame = { 0 };

	s->delivered += (uint32_t)delivered;
	if (s->delivered < CREDIT_STEP || s->their_end)
		return;
	net_tunnel_credit_add(&frame, s->id, s->delivered);
	net_tunnel_say(s->tunnel, buffer_bytes(&frame));
	buffer_release(&frame);
	s->granted += s->delivered;
	s->delivered = 0;
}

/* To the local socket: how much it took; -1 when the stream is gone. */
static ssize_t write_local(struct net_tunnel_stream *s, struct bytes what)
{
	size_t done = 0;

	while (done < what.len) {
		ssize_t n = send(s->fd, what.at + done, what.len - done, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0) {
			fail(s, errno, "send");
			return -1;
		}
		done += (size_t)n;
	}
	if (done > 0)
		grant(s, done);
	return (ssize_t)done;
}

/* What waits for the local socket, then the FIN behind it; false when the stream is gone. */
static bool write_backlog(struct net_tunnel_stream *s)
{
	struct bytes waiting = bytes_skip(buffer_bytes(&s->backlog), s->backlog_from);
	ssize_t n = waiting.len > 0 ? write_local(s, waiting) : 0;

	if (n < 0)
		return false;
	s->backlog_from += (size_t)n;
	if (s->backlog_from < s->backlog.len)
		return true;
	buffer_release(&s->backlog);
	s->backlog_from = 0;
	if (s->their_end && !s->passed) {
		shutdown(s->fd, SHUT_WR);
		s->passed = true;
	}
	return true;
}

static void on_ready(void *owner, unsigned events)
{
	struct net_tunnel_stream *s = owner;

	if ((events & NET_WRITABLE) && !write_backlog(s))
		return;
	if ((events & NET_READABLE) && !read_local(s))
		return;
	settle(s);
}

bool net_tunnel_stream_start(struct net_tunnel_stream *s)
{
	struct error why = { 0 };

	net_socket_set_nodelay(s->fd);
	if (!net_watch_start(&s->watch, s->tunnel->loop, s->fd, 0, on_ready, s, &why)) {
		net_tunnel_stream_refuse(s, why.text);
		return false;
	}
	if (!write_backlog(s))
		return false;
	settle(s);
	return true;
}

bool net_tunnel_stream_take(struct net_tunnel_stream *s, struct bytes data)
{
	ssize_t n = 0;

	if (s->their_end || data.len > s->granted)
		return false;
	s->granted -= (uint32_t)data.len;
	if (s->backlog.len == 0 && s->watch.loop)
		n = write_local(s, data);
	if (n < 0)
		return true;
	if ((size_t)n < data.len) {
		if (s->backlog_from > s->backlog.len / 2) {
			buffer_drop(&s->backlog, s->backlog_from);
			s->backlog_from = 0;
		}
		buffer_add_bytes(&s->backlog, bytes_skip(data, (size_t)n));
	}
	net_tunnel_stream_update(s);
	return true;
}

bool net_tunnel_stream_take_end(struct net_tunnel_stream *s)
{
	if (s->their_end)
		return false;
	s->their_end = true;
	if (s->watch.loop && write_backlog(s))
		settle(s);
	return true;
}

bool net_tunnel_stream_take_credit(struct net_tunnel_stream *s, uint32_t octets)
{
	if (octets > UINT32_MAX - s->credit)
		return false;
	s->credit += octets;
	net_tunnel_stream_update(s);
	return true;
}
