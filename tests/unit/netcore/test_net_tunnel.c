/* An accepting side and one that is played here, frame by frame, under the same TLS. */
#include "netcore/net_tunnel.h"

#include <stdlib.h>

#include "base/log.h"
#include "netcore/net_stream.h"
#include "netcore/net_tls_pin.h"
#include "netcore/net_tunnel_frame.h"
#include "tests/unit/netcore/rig.h"

#define HELLO "\0\0\6\1\0\0\0\0\0\1\0\4\0\0"

struct rig {
	struct net_loop *loop;
	struct net_tls_context *contexts[2];    /* accepting, connecting */
	struct net_tls_pin pins[2];
	struct net_tunnel *tunnel;
	struct net_stream *peer;                /* played */
	bool secured, over, peer_over;
	struct error why;
	struct buffer heard;
	int target;                             /* listens where streams may go; -1: nowhere */
	struct net_addr target_addr;
};

static bool may_open(void *owner, const struct net_place *target)
{
	const struct rig *r = owner;

	return r->target >= 0 && net_addr_equal(&target->addr, &r->target_addr);
}

static void on_tunnel_closed(void *owner, const struct error *why)
{
	struct rig *r = owner;

	r->over = true;
	r->why = *why;
}

static const struct net_tunnel_events tunnel_events = { NULL, may_open, on_tunnel_closed };

static void on_input(void *owner)
{
	struct rig *r = owner;
	struct bytes input = net_stream_input(r->peer);

	buffer_add_bytes(&r->heard, input);
	net_stream_consume(r->peer, input.len);
}

static void on_secured(void *owner)
{
	((struct rig *)owner)->secured = true;
}

static void on_peer_closed(void *owner, const struct error *why)
{
	(void)why;
	((struct rig *)owner)->peer_over = true;
}

static const struct net_stream_events peer_events = { on_input, NULL, on_secured, on_peer_closed };

static void make_contexts(struct rig *r)
{
	struct error err = { 0 };
	char *keys[2];

	for (int i = 0; i < 2; i++) {
		keys[i] = net_tls_pin_new_key(&err);
		CHECK_ROW(net_tls_pin_of_key(bytes_text(keys[i]), &r->pins[i], &err), err.text);
	}
	for (int i = 0; i < 2; i++) {
		r->contexts[i] = net_tls_pin_context(i == 0, bytes_text(keys[i]), &r->pins[!i], 1, &err);
		CHECK_ROW(r->contexts[i] != NULL, err.text);
	}
	for (int i = 0; i < 2; i++)
		free(keys[i]);
}

static void rig_open(struct rig *r, enum net_poll_kind kind, int64_t keepalive_ms)
{
	struct error err = { 0 };
	int fds[2];

	*r = (struct rig){ .loop = net_loop_create(kind, &err), .target = -1 };
	make_contexts(r);
	struct net_tunnel_settings settings = { r->contexts[0], keepalive_ms, 1000, 4, NULL };
	rig_tcp_pair(fds, 0);
	r->tunnel = net_tunnel_create(r->loop, fds[1], true, &settings, &tunnel_events, r);
	r->peer = net_stream_create(r->loop, fds[0], &peer_events, r, NULL);
	net_stream_start_tls_client(r->peer, r->contexts[1], NULL);
	CHECK_ROW(rig_run(r->loop, &r->secured, RIG_WAIT_MS), "two ends that know each other shake hands");
}

static void rig_close(struct rig *r)
{
	if (!r->over)
		net_tunnel_close(r->tunnel, "done");
	net_stream_close(r->peer);
	while (net_loop_endings(r->loop) > 0)
		net_loop_run_once(r->loop, 50);
	net_loop_destroy(r->loop);
	net_socket_close(r->target);
	for (int i = 0; i < 2; i++)
		net_tls_context_unref(r->contexts[i]);
	buffer_release(&r->heard);
}

/* Whether a frame of this type has come, on this stream. */
static bool has_frame(const struct rig *r, enum net_tunnel_type type, uint32_t stream)
{
	struct bytes rest = buffer_bytes(&r->heard);
	struct net_tunnel_frame frame;
	size_t used;

	while (net_tunnel_frame_parse(rest, &frame, &used) == NET_TUNNEL_FRAME) {
		if (frame.type == type && frame.stream == stream)
			return true;
		rest = bytes_skip(rest, used);
	}
	return false;
}

static bool wait_frame(struct rig *r, enum net_tunnel_type type, uint32_t stream)
{
	int64_t until = rig_now_ms() + RIG_WAIT_MS;

	while (!has_frame(r, type, stream) && rig_now_ms() < until)
		net_loop_run_once(r->loop, 20);
	return has_frame(r, type, stream);
}

/* What the connecting side says, and that it loses the tunnel by it. */
static const struct broken_case {
	const char *name;
	struct { const char *at; size_t len; } said;
} broken[] = {
#define SAYS(literal) { (literal), sizeof(literal) - 1 }
	{ "a frame before HELLO", SAYS("\0\0\0\6\0\0\0\1") },
	{ "another version", SAYS("\0\0\6\1\0\0\0\0\0\2\0\4\0\0") },
	{ "a window in which nobody can talk", SAYS("\0\0\6\1\0\0\0\0\0\1\0\0\0\1") },
	{ "HELLO twice", SAYS(HELLO HELLO) },
	{ "a type that is none", SAYS(HELLO "\0\0\0\x63\0\0\0\0") },
	{ "more DATA than a frame may hold", SAYS(HELLO "\1\0\1\5\0\0\0\1") },
	{ "a stream that was never opened", SAYS(HELLO "\0\0\0\6\0\0\0\7") },
	{ "an old number again", SAYS(HELLO "\0\0\x0c\2\0\0\0\2" "127.0.0.1:99" "\0\0\x0c\2\0\0\0\2" "127.0.0.1:99") },
};

static void whoever_breaks_the_protocol_is_told_and_left(enum net_poll_kind kind)
{
	for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
		struct rig r;
		rig_open(&r, kind, 10000);
		net_stream_write(r.peer, bytes_of(broken[i].said.at, broken[i].said.len));
		CHECK_ROW(rig_run(r.loop, &r.over, RIG_WAIT_MS) && r.why.kind == ERROR_SYNTAX, broken[i].name);
		CHECK_ROW(wait_frame(&r, NET_TUNNEL_GOODBYE, 0), broken[i].name);
		rig_close(&r);
	}
}

/* A stream to a target that listens here; returns the accepted end. */
static int open_stream(struct rig *r, uint32_t id)
{
	struct buffer frames = { 0 };
	char text[NET_ADDR_TEXT];

	if (r->target < 0) {
		r->target = rig_listen(&r->target_addr);
		net_tunnel_hello_add(&frames, NET_TUNNEL_VERSION, 64 * 1024);
	}
	net_tunnel_frame_add(&frames, NET_TUNNEL_OPEN, id, bytes_text(net_addr_format(&r->target_addr, text)));
	net_stream_write(r->peer, buffer_bytes(&frames));
	buffer_release(&frames);
	CHECK_ROW(wait_frame(r, NET_TUNNEL_OPENED, id), "the target is connected");
	return accept(r->target, NULL, NULL);
}

static void say_data(struct rig *r, uint32_t stream, size_t total)
{
	static const char noise[32 * 1024];
	struct buffer frames = { 0 };

	for (size_t sent = 0; sent < total; sent += sizeof noise)
		net_tunnel_frame_add(&frames, NET_TUNNEL_DATA, stream, bytes_of(noise, sizeof noise));
	net_stream_write(r->peer, buffer_bytes(&frames));
	buffer_release(&frames);
}

static void a_window_is_a_bound(enum net_poll_kind kind)
{
	struct rig r;

	rig_open(&r, kind, 10000);
	int far = open_stream(&r, 1), small = 4096;
	setsockopt(far, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
	for (int i = 0; i < 200 && !r.over; i++) {
		say_data(&r, 1, NET_TUNNEL_WINDOW);
		rig_run_for(r.loop, 10);
	}
	CHECK_ROW(r.over && r.why.kind == ERROR_SYNTAX, "who sends beyond its credit loses the tunnel");
	close(far);
	rig_close(&r);
}

static void a_target_that_sends_stops_at_the_window(enum net_poll_kind kind)
{
	struct rig r;
	static char noise[64 * 1024];
	struct buffer credit = { 0 };

	rig_open(&r, kind, 10000);
	int far = open_stream(&r, 1);
	send(far, noise, sizeof noise, 0);
	send(far, noise, sizeof noise, 0);
	RIG_RUN_UNTIL(r.loop, r.heard.len > sizeof noise);
	rig_run_for(r.loop, 200);
	size_t before = r.heard.len;
	CHECK_ROW(before > sizeof noise && before < sizeof noise + 1000, "no more is sent than our window of 64 KiB");
	net_tunnel_credit_add(&credit, 1, 1000);
	net_stream_write(r.peer, buffer_bytes(&credit));
	RIG_RUN_UNTIL(r.loop, r.heard.len >= before + NET_TUNNEL_HEADER + 1000);
	rig_run_for(r.loop, 200);
	CHECK_ROW(r.heard.len == before + NET_TUNNEL_HEADER + 1000, "and then what we allow");
	buffer_release(&credit);
	close(far);
	rig_close(&r);
}

static void refusals_cost_only_the_stream(enum net_poll_kind kind)
{
	struct rig r;
	int fars[5];

	rig_open(&r, kind, 10000);
	fars[0] = open_stream(&r, 1);
	net_stream_write(r.peer, BYTES("\0\0\x0c\2\0\0\0\2" "127.0.0.1:99"));
	CHECK_ROW(wait_frame(&r, NET_TUNNEL_RESET, 2), "a target that is not allowed");
	net_stream_write(r.peer, BYTES("\0\0\x05\2\0\0\0\3" "cave!"));
	CHECK_ROW(wait_frame(&r, NET_TUNNEL_RESET, 3), "a target that is no address");
	for (uint32_t i = 1; i < 4; i++)
		fars[i] = open_stream(&r, 3 + i);
	struct buffer open = { 0 };
	char text[NET_ADDR_TEXT];
	net_tunnel_frame_add(&open, NET_TUNNEL_OPEN, 9, bytes_text(net_addr_format(&r.target_addr, text)));
	net_stream_write(r.peer, buffer_bytes(&open));
	buffer_release(&open);
	CHECK_ROW(wait_frame(&r, NET_TUNNEL_RESET, 9), "a stream too many");
	net_stream_write(r.peer, BYTES("\0\0\1\5\0\0\0\2x"));
	rig_run_for(r.loop, 50);
	CHECK_ROW(!r.over && net_tunnel_streams(r.tunnel) == 4, "late words for one that is over are nobody's fault");
	for (int i = 0; i < 4; i++)
		close(fars[i]);
	rig_close(&r);
}

static void silence_is_pinged_then_given_up(enum net_poll_kind kind)
{
	struct rig r;

	rig_open(&r, kind, 700);
	net_stream_write(r.peer, BYTES(HELLO));
	CHECK_ROW(wait_frame(&r, NET_TUNNEL_PING, 0), "silence is pinged");
	CHECK_ROW(rig_run(r.loop, &r.over, RIG_WAIT_MS) && r.why.kind == ERROR_TRY_LATER, "no answer ends the tunnel");
	rig_close(&r);
}

static void a_ping_is_answered(enum net_poll_kind kind)
{
	struct rig r;

	rig_open(&r, kind, 10000);
	net_stream_write(r.peer, BYTES(HELLO "\0\0\10\10\0\0\0\0abcdefgh"));
	CHECK_ROW(wait_frame(&r, NET_TUNNEL_PONG, 0), "PONG");
	CHECK_ROW(bytes_find_bytes(buffer_bytes(&r.heard), BYTES("abcdefgh")) < r.heard.len, "with the same octets");
	rig_close(&r);
}

int main(void)
{
	net_signal_ignore_pipe();
	log_set_fd(-1);
	for (size_t i = 0; i < sizeof rig_backends / sizeof *rig_backends; i++) {
		enum net_poll_kind kind = rig_backends[i].kind;
		whoever_breaks_the_protocol_is_told_and_left(kind);
		a_window_is_a_bound(kind);
		a_target_that_sends_stops_at_the_window(kind);
		refusals_cost_only_the_stream(kind);
		silence_is_pinged_then_given_up(kind);
		a_ping_is_answered(kind);
	}
	return check_finish();
}
