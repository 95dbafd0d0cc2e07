#include "netcore/net_tunnel.h"

#include <assert.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/random.h"
#include "netcore/net_socket.h"
#include "netcore/net_tunnel_stream.h"

#define SILENCES 3                      /* keep-alive times without a word until a tunnel is given up */
#define INPUT_MAX (256u * 1024)
#define WINDOW_MIN 1024u                /* of the other end: less is no way to talk */

void net_tunnel_say(struct net_tunnel *t, struct bytes frames)
{
	if (net_stream_write(t->stream, frames) || t->blocked)
		return;
	t->blocked = true;
	for (struct list_node *node = t->streams.first; node; node = node->next)
		net_tunnel_stream_update(LIST_OWNER(node, struct net_tunnel_stream, node));
}

static void on_drained(void *owner)
{
	struct net_tunnel *t = owner;

	t->blocked = false;
	for (struct list_node *node = t->streams.first; node; node = node->next)
		net_tunnel_stream_update(LIST_OWNER(node, struct net_tunnel_stream, node));
}

static void destroy(void *owner)
{
	struct net_tunnel *t = owner;

	map_destroy(t->by_id);
	net_tls_context_unref(t->settings.context);
	free(t);
}

static void release(struct net_tunnel *t)
{
	t->events = NULL;
	net_timer_stop(&t->ping);
	while (!list_is_empty(&t->streams))
		net_tunnel_stream_destroy(LIST_OWNER(t->streams.first, struct net_tunnel_stream, node));
	net_loop_call_later(t->loop, destroy, t);
}

static void tell_closed(struct net_tunnel *t, const struct error *why)
{
	const struct net_tunnel_events *events = t->events;
	void *owner = t->owner;

	release(t);
	events->closed(owner, why);
}

static void say_goodbye(struct net_tunnel *t, const char *why)
{
	struct buffer frame = { 0 };

	if (net_stream_is_secure(t->stream)) {
		net_tunnel_frame_add(&frame, NET_TUNNEL_GOODBYE, 0, bytes_slice(bytes_text(why), 0, NET_TUNNEL_TEXT_MAX));
		net_stream_write(t->stream, buffer_bytes(&frame));
		buffer_release(&frame);
	}
	net_stream_finish(t->stream);
}

void net_tunnel_close(struct net_tunnel *t, const char *why)
{
	if (t == NULL || t->events == NULL)
		return;
	say_goodbye(t, why);
	release(t);
}

/* The other end does not keep to the protocol. */
static void break_off(struct net_tunnel *t, const char *why)
{
	struct error broken = { 0 };

	error_set(&broken, ERROR_SYNTAX, "%s", why);
	say_goodbye(t, why);
	tell_closed(t, &broken);
}

static struct net_tunnel_stream *find(struct net_tunnel *t, uint32_t id)
{
	return map_get(t->by_id, bytes_of(&id, sizeof id));
}

/* ---- accepting side: OPEN, then the target answers ---- */

static void on_target(void *owner, int fd, const struct net_addr *addr, const struct error *err)
{
	struct net_tunnel_stream *s = owner;
	struct buffer frame = { 0 };

	(void)addr;
	s->connect = NULL;
	if (fd < 0) {
		net_tunnel_stream_refuse(s, err->text);
		return;
	}
	s->fd = fd;
	net_tunnel_frame_add(&frame, NET_TUNNEL_OPENED, s->id, bytes_text(""));
	net_tunnel_say(s->tunnel, buffer_bytes(&frame));
	buffer_release(&frame);
	net_tunnel_stream_start(s);
}

static void take_open(struct net_tunnel *t, const struct net_tunnel_frame *frame)
{
	char text[NET_TUNNEL_TEXT_MAX + 1];
	struct net_place target;

	if (t->events->may_open == NULL || frame->stream <= t->last_id) {
		break_off(t, "OPEN from the side that answers, or with an old number");
		return;
	}
	t->last_id = frame->stream;
	struct net_tunnel_stream *s = net_tunnel_stream_create(t, frame->stream, -1);
	bytes_copy_text(frame->payload, text, sizeof text);
	if (t->streams.n > t->settings.streams_max) {
		net_tunnel_stream_refuse(s, "too many streams");
	} else if (!net_place_parse(text, &target, NULL) || (net_place_is_name(&target) && t->settings.worker == NULL)) {
		net_tunnel_stream_refuse(s, "the target is no address");
	} else if (!t->events->may_open(t->owner, &target)) {
		log_warning("tunnel", "target-refused", "target=%s", text);
		net_tunnel_stream_refuse(s, "this target is not allowed here");
	} else {
		log_info("tunnel", "open", "stream=%u target=%s", frame->stream, text);
		s->connect = net_connect_place(t->loop, t->settings.worker, &target, t->settings.connect_ms, on_target, s);
	}
}

/* ---- connecting side ---- */

void net_tunnel_open(struct net_tunnel *t, int fd, const struct net_place *target)
{
	struct buffer frame = { 0 };
	char text[NET_PLACE_TEXT];

	assert(!t->is_server && t->greeted);
	struct net_tunnel_stream *s = net_tunnel_stream_create(t, ++t->last_id, fd);
	net_tunnel_frame_add(&frame, NET_TUNNEL_OPEN, s->id, bytes_text(net_place_format(target, text)));
	net_tunnel_say(t, buffer_bytes(&frame));
	buffer_release(&frame);
}

/* ---- both ---- */

static void take_reset(struct net_tunnel_stream *s, struct bytes why)
{
	/* Not yet opened: a refusal, which its user wants to know. */
	if (s->watch.loop == NULL)
		log_warning("tunnel", "refused", "stream=%u why=%.*s", s->id, BYTES_PRINT(why));
	net_tunnel_stream_destroy(s);
}

static void take_for_stream(struct net_tunnel *t, const struct net_tunnel_frame *frame)
{
	struct net_tunnel_stream *s = find(t, frame->stream);
	bool ok = true;

	if (s == NULL) {
		/* Late words for a stream that is over are nobody's fault. */
		if (frame->stream > t->last_id)
			break_off(t, "a stream that was never opened");
		return;
	}
	switch (frame->type) {
	case NET_TUNNEL_OPENED:
		ok = !t->is_server && s->watch.loop == NULL;
		if (ok)
			net_tunnel_stream_start(s);
		break;
	case NET_TUNNEL_DATA:
		ok = net_tunnel_stream_take(s, frame->payload);
		break;
	case NET_TUNNEL_END:
		ok = net_tunnel_stream_take_end(s);
		break;
	case NET_TUNNEL_CREDIT:
		ok = net_tunnel_stream_take_credit(s, frame->number);
		break;
	default:
		take_reset(s, frame->payload);
		break;
	}
	if (!ok)
		break_off(t, "a frame out of order, or over its window");
}

static void take_hello(struct net_tunnel *t, const struct net_tunnel_frame *frame)
{
	if (t->greeted || frame->version != NET_TUNNEL_VERSION || frame->number < WINDOW_MIN) {
		break_off(t, t->greeted ? "HELLO twice" : "version 1 of the tunnel is spoken here");
		return;
	}
	t->greeted = true;
	t->their_window = frame->number;
	if (t->events->ready)
		t->events->ready(t->owner);
}

static void take_goodbye(struct net_tunnel *t, struct bytes why)
{
	struct error ended = { 0 };

	error_set(&ended, ERROR_CLOSED, "the other end said goodbye: %.*s", BYTES_PRINT(why));
	net_stream_finish(t->stream);
	tell_closed(t, &ended);
}

static void take(struct net_tunnel *t, const struct net_tunnel_frame *frame)
{
	struct buffer pong = { 0 };

	if (!t->greeted && frame->type != NET_TUNNEL_HELLO) {
		break_off(t, "HELLO comes first");
		return;
	}
	switch (frame->type) {
	case NET_TUNNEL_HELLO:
		take_hello(t, frame);
		break;
	case NET_TUNNEL_OPEN:
		take_open(t, frame);
		break;
	case NET_TUNNEL_PING:
		net_tunnel_frame_add(&pong, NET_TUNNEL_PONG, 0, frame->payload);
		net_tunnel_say(t, buffer_bytes(&pong));
		buffer_release(&pong);
		break;
	case NET_TUNNEL_PONG:
		break;
	case NET_TUNNEL_GOODBYE:
		take_goodbye(t, frame->payload);
		break;
	default:
		take_for_stream(t, frame);
		break;
	}
}

static void on_input(void *owner)
{
	struct net_tunnel *t = owner;
	struct bytes input = net_stream_input(t->stream);
	struct net_tunnel_frame frame;
	enum net_tunnel_status status = NET_TUNNEL_MORE;
	size_t used, total = 0;

	t->heard = true;
	net_stream_set_deadline(t->stream, SILENCES * t->settings.keepalive_ms);
	while (t->events && (status = net_tunnel_frame_parse(bytes_skip(input, total), &frame, &used)) == NET_TUNNEL_FRAME) {
		total += used;
		take(t, &frame);
	}
	/* When it ended meanwhile, the stream is finishing and its input is nobody's. */
	if (t->events == NULL)
		return;
	if (status == NET_TUNNEL_BROKEN) {
		break_off(t, "no frame of this version");
		return;
	}
	net_stream_consume(t->stream, total);
}

static void on_ping(void *owner)
{
	struct net_tunnel *t = owner;
	struct buffer frame = { 0 };
	uint64_t token = random_u64();

	if (!t->heard) {
		net_tunnel_frame_add(&frame, NET_TUNNEL_PING, 0, bytes_of(&token, sizeof token));
		net_tunnel_say(t, buffer_bytes(&frame));
		buffer_release(&frame);
	}
	t->heard = false;
	net_timer_start(&t->ping, t->loop, t->settings.keepalive_ms, on_ping, t);
}

static void on_secured(void *owner)
{
	struct net_tunnel *t = owner;
	struct buffer frame = { 0 };

	net_tunnel_hello_add(&frame, NET_TUNNEL_VERSION, NET_TUNNEL_WINDOW);
	net_tunnel_say(t, buffer_bytes(&frame));
	buffer_release(&frame);
	net_stream_set_deadline(t->stream, SILENCES * t->settings.keepalive_ms);
	net_timer_start(&t->ping, t->loop, t->settings.keepalive_ms, on_ping, t);
}

static void on_closed(void *owner, const struct error *why)
{
	struct net_tunnel *t = owner;

	net_stream_close(t->stream);
	tell_closed(t, why);
}

static const struct net_stream_events stream_events = { on_input, on_drained, on_secured, on_closed };

struct net_tunnel *net_tunnel_create(struct net_loop *loop, int fd, bool is_server, const struct net_tunnel_settings *settings,
                                     const struct net_tunnel_events *events, void *owner)
{
	struct net_tunnel *t = xcalloc(1, sizeof *t);

	t->loop = loop;
	t->settings = *settings;
	net_tls_context_ref(settings->context);
	t->events = events;
	t->owner = owner;
	t->is_server = is_server;
	t->by_id = map_create();
	net_socket_set_keepalive(fd, 60, 60);
	t->stream = net_stream_create(loop, fd, &stream_events, t, NULL);
	net_stream_set_input_max(t->stream, INPUT_MAX);
	if (is_server)
		net_stream_start_tls_server(t->stream, settings->context);
	else
		net_stream_start_tls_client(t->stream, settings->context, NULL);
	return t;
}

size_t net_tunnel_streams(const struct net_tunnel *t)
{
	return t->streams.n;
}

const struct net_addr *net_tunnel_peer_addr(const struct net_tunnel *t)
{
	return net_stream_peer_addr(t->stream);
}
