/* Streams in clear: order, back-pressure, ends and deadlines. */
#define _GNU_SOURCE
#include "tests/unit/netcore/still_clock.h"

#include <errno.h>
#include <sys/socket.h>

#include "base/buffer.h"
#include "netcore/net_stream.h"
#include "netcore/net_timer.h"
#include "tests/unit/netcore/rig.h"

static struct net_loop *loop;

/* An owner that keeps a record of what it was told. */
struct owner {
	struct net_stream *stream;
	struct buffer got;
	char calls[64];                 /* i input, d drained, c closed */
	struct error why;
	bool closed, drained, echo, lazy, close_at_input, pause_at_input;
	size_t want;
	bool has_all;
};

static void note(struct owner *o, const char *call)
{
	if (strlen(o->calls) < sizeof o->calls - 1)
		strncat(o->calls, call, 1);
}

static void on_input(void *owner)
{
	struct owner *o = owner;

	note(o, "i");
	if (o->close_at_input) {
		net_stream_close(o->stream);
		o->stream = NULL;
		return;
	}
	if (o->pause_at_input)
		net_stream_pause(o->stream);
	if (o->lazy || o->pause_at_input)
		return;
	struct bytes input = net_stream_input(o->stream);
	if (o->echo && !net_stream_write(o->stream, input)) {
		net_stream_pause(o->stream);
		CHECK_ROW(net_stream_pending(o->stream) <= NET_STREAM_OUTPUT_HIGH + 64 * 1024, "output stays near the high-water mark");
	}
	if (!o->echo)
		buffer_add_bytes(&o->got, input);
	net_stream_consume(o->stream, input.len);
	o->has_all = o->want > 0 && o->got.len >= o->want;
}

static void on_drained(void *owner)
{
	struct owner *o = owner;

	note(o, "d");
	o->drained = true;
	CHECK_ROW(net_stream_pending(o->stream) <= NET_STREAM_OUTPUT_LOW, "drained means the low-water mark");
	net_stream_resume(o->stream);
}

static void on_closed(void *owner, const struct error *why)
{
	struct owner *o = owner;

	note(o, "c");
	o->why = *why;
	o->closed = true;
}

static const struct net_stream_events events = { on_input, on_drained, NULL, on_closed };

static void own(struct owner *o, int fd, struct budget *budget)
{
	o->stream = net_stream_create(loop, fd, &events, o, budget);
}

static void let_go(struct owner *o)
{
	net_stream_close(o->stream);
	buffer_release(&o->got);
	net_loop_run_once(loop, 0);
}

static void ten_megabytes_echo_through_tiny_buffers(const char *name)
{
	static char data[10 * 1024 * 1024];
	int fds[2];
	struct owner server = { .echo = true }, client = { .want = sizeof data };
	unsigned seed = 1;

	for (size_t i = 0; i < sizeof data; i++)
		data[i] = (char)((seed = seed * 1103515245u + 12345u) >> 16);
	rig_tcp_pair(fds, 4096);
	own(&client, fds[0], NULL);
	own(&server, fds[1], NULL);
	CHECK_ROW(!net_stream_write(client.stream, bytes_of(data, sizeof data)), "10 MB are above the high-water mark");
	CHECK_ROW(rig_run(loop, &client.has_all, RIG_WAIT_MS), name);
	CHECK_ROW(client.got.len == sizeof data && memcmp(client.got.at, data, sizeof data) == 0, name);
	CHECK_ROW(client.drained, "drained is told at the low-water mark");
	CHECK_ROW(!client.closed && !server.closed, name);
	let_go(&client);
	let_go(&server);
}

static void reading_stops_at_the_input_max_and_goes_on(const char *name)
{
	int fds[2];
	struct owner o = { .lazy = true };
	static char data[300 * 1024];

	memset(data, 'x', sizeof data);
	rig_tcp_pair(fds, 0);
	own(&o, fds[0], NULL);
	net_stream_set_input_max(o.stream, 1000);
	ssize_t sent = send(fds[1], data, sizeof data, MSG_DONTWAIT);
	rig_run_for(loop, 50);
	CHECK_ROW(sent > 1000 && net_stream_input(o.stream).len == 1000, name);
	o.lazy = false;
	o.want = (size_t)sent - 1000;
	net_stream_consume(o.stream, 1000);
	CHECK_ROW(rig_run(loop, &o.has_all, RIG_WAIT_MS), "consuming resumes the reading");
	CHECK_ROW(net_stream_input_offset(o.stream) == (uint64_t)sent, "the input offset counts octets");
	let_go(&o);
	close(fds[1]);
}

static void input_comes_before_the_end(const char *name)
{
	int fds[2];
	struct owner o = { 0 };

	rig_tcp_pair(fds, 0);
	CHECK(send(fds[1], "bye", 3, 0) == 3);
	shutdown(fds[1], SHUT_WR);
	own(&o, fds[0], NULL);
	CHECK_ROW(rig_run(loop, &o.closed, RIG_WAIT_MS), name);
	CHECK_TEXT(o.calls, "ic", name);
	CHECK_ROW(o.why.kind == ERROR_CLOSED, name);
	/* The other half still works. */
	char answer[8] = "";
	net_stream_write(o.stream, BYTES("answer"));
	net_stream_finish(o.stream);
	o.stream = NULL;
	RIG_RUN_UNTIL(loop, net_loop_endings(loop) == 0);
	CHECK_ROW(rig_await(fds[1]) && recv(fds[1], answer, sizeof answer - 1, 0) == 6 && rig_await(fds[1]) && recv(fds[1], answer, 1, 0) == 0,
	          "after the peer's half-close our answer still leaves, then FIN");
	close(fds[1]);
	let_go(&o);
}

static void the_end_waits_for_a_paused_owner(const char *name)
{
	int fds[2];
	struct owner o = { .pause_at_input = true };

	rig_tcp_pair(fds, 0);
	CHECK(send(fds[1], "one", 3, 0) == 3);
	shutdown(fds[1], SHUT_WR);
	own(&o, fds[0], NULL);
	rig_run_for(loop, 30);
	CHECK_TEXT(o.calls, "i", name);
	o.pause_at_input = false;
	net_stream_resume(o.stream);
	CHECK_ROW(rig_run(loop, &o.closed, RIG_WAIT_MS), name);
	CHECK_TEXT(o.calls, "iic", name);
	CHECK_ROW(o.got.len == 3, name);
	let_go(&o);
	close(fds[1]);
}

static void a_reset_is_told_as_an_error(const char *name)
{
	int fds[2];
	struct owner o = { 0 };
	struct linger reset = { 1, 0 };

	rig_tcp_pair(fds, 0);
	own(&o, fds[0], NULL);
	setsockopt(fds[1], SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
	close(fds[1]);
	CHECK_ROW(rig_run(loop, &o.closed, RIG_WAIT_MS) && o.why.kind == ERROR_SYSTEM && o.why.sys_errno == ECONNRESET, name);
	CHECK_ROW(!net_stream_write(o.stream, BYTES("x")), "nothing can be written to a stream that failed");
	let_go(&o);
}

static void closing_inside_the_own_callback_is_legal(const char *name)
{
	int fds[2];
	struct owner o = { .close_at_input = true };

	rig_tcp_pair(fds, 0);
	own(&o, fds[0], NULL);
	CHECK(send(fds[1], "xyz", 3, 0) == 3);
	net_stream_write(o.stream, BYTES("never flushed"));
	rig_run_for(loop, 30);
	CHECK_TEXT(o.calls, "i", name);
	close(fds[1]);
}

static void a_silent_reader_is_cut_by_the_write_timeout(const char *name)
{
	int fds[2];
	struct owner o = { 0 };
	static char data[4 * 1024 * 1024];

	rig_tcp_pair(fds, 4096);
	own(&o, fds[0], NULL);
	net_stream_set_write_timeout(o.stream, 60);
	net_stream_write(o.stream, bytes_of(data, sizeof data));
	int64_t before = rig_now_ms();
	CHECK_ROW(rig_run(loop, &o.closed, RIG_WAIT_MS) && o.why.kind == ERROR_TRY_LATER, name);
	CHECK_ROW(rig_now_ms() - before >= 50, name);
	let_go(&o);
	close(fds[1]);
}

struct dripper {
	struct net_timer timer;
	int fd;
};

static void drip(void *owner)
{
	struct dripper *d = owner;

	send(d->fd, "x", 1, MSG_NOSIGNAL);
	net_timer_start(&d->timer, loop, 5, drip, d);
}

static void the_deadline_fires_whatever_arrives(const char *name)
{
	int fds[2];
	struct owner o = { 0 };
	struct dripper d = { 0 };

	rig_tcp_pair(fds, 0);
	d.fd = fds[1];
	own(&o, fds[0], NULL);
	net_stream_set_deadline(o.stream, 600);
	drip(&d);
	CHECK_ROW(rig_run(loop, &o.closed, RIG_WAIT_MS) && o.why.kind == ERROR_TRY_LATER, name);
	CHECK_ROW(o.got.len > 0, "input arrived meanwhile");
	net_timer_stop(&d.timer);
	let_go(&o);
	close(fds[1]);
}

static void a_cleared_deadline_does_not_fire(const char *name)
{
	int fds[2];
	struct owner o = { 0 };

	rig_tcp_pair(fds, 0);
	own(&o, fds[0], NULL);
	net_stream_set_deadline(o.stream, 20);
	net_stream_set_deadline(o.stream, 0);
	rig_run_for(loop, 50);
	CHECK_ROW(!o.closed, name);
	let_go(&o);
	close(fds[1]);
}

static void finish_delivers_everything_then_fin(const char *name)
{
	static char data[2 * 1024 * 1024];
	int fds[2];
	struct owner sender = { 0 }, receiver = { .want = sizeof data };

	rig_tcp_pair(fds, 8192);
	own(&sender, fds[0], NULL);
	own(&receiver, fds[1], NULL);
	/* Input the sender will never read would turn a plain close into a reset. */
	net_stream_write(receiver.stream, BYTES("unread"));
	net_stream_flush(receiver.stream);
	net_stream_write(sender.stream, bytes_of(data, sizeof data));
	net_stream_finish(sender.stream);
	sender.stream = NULL;
	CHECK_ROW(rig_run(loop, &receiver.closed, RIG_WAIT_MS), name);
	CHECK_ROW(receiver.got.len == sizeof data && receiver.why.kind == ERROR_CLOSED, name);
	CHECK_ROW(net_loop_endings(loop) == 1, "it waits for the peer's end");
	let_go(&receiver);
	RIG_RUN_UNTIL(loop, net_loop_endings(loop) == 0);
	CHECK_ROW(net_loop_endings(loop) == 0, "and is gone with it");
}

static void finish_waits_at_most_a_second_for_the_peer(const char *name)
{
	int fds[2];
	struct owner o = { 0 };

	/* the loop has to see the other clock before it sets a time */
	still_clock.on = true;
	net_loop_run_once(loop, 0);
	rig_tcp_pair(fds, 0);
	own(&o, fds[0], NULL);
	net_stream_write(o.stream, BYTES("last words"));
	net_stream_finish(o.stream);
	int64_t before = rig_now_ms();
	while (net_loop_endings(loop) > 0 && rig_now_ms() - before < RIG_WAIT_MS)
		net_loop_run_once(loop, 100);
	CHECK_ROW(rig_now_ms() - before >= 1000 && rig_now_ms() - before < 1200, name);
	close(fds[1]);
	still_clock.on = false;
	net_loop_run_once(loop, 0);
}

static void what_a_pass_writes_leaves_together(const char *name)
{
	int fds[2];
	struct owner o = { 0 };
	char text[64];

	CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == 0);
	own(&o, fds[0], NULL);
	net_stream_write(o.stream, BYTES("one "));
	net_stream_printf(o.stream, "%s ", "two");
	net_stream_write(o.stream, BYTES("three"));
	rig_run_for(loop, 10);
	rig_await(fds[1]);
	ssize_t n = recv(fds[1], text, sizeof text, 0);
	CHECK_ROW(n == 13 && memcmp(text, "one two three", 13) == 0, name);
	let_go(&o);
	close(fds[1]);
}

static void an_idle_stream_holds_no_buffer(const char *name)
{
	int fds[2];
	struct budget *budget = budget_create(1 << 20);
	struct owner o = { .lazy = true };

	rig_tcp_pair(fds, 0);
	own(&o, fds[0], budget);
	CHECK_ROW(budget_used(budget) == 0, name);
	CHECK(send(fds[1], "hello", 5, 0) == 5);
	rig_run_for(loop, 10);
	CHECK_ROW(budget_used(budget) >= 5, "buffered input is counted");
	net_stream_write(o.stream, BYTES("hello"));
	net_stream_consume(o.stream, 5);
	rig_run_for(loop, 10);
	CHECK_ROW(budget_used(budget) == 0, name);
	CHECK(send(fds[1], "hello", 5, 0) == 5);
	rig_run_for(loop, 10);
	let_go(&o);
	CHECK_ROW(budget_used(budget) == 0, "a closed stream gives everything back");
	budget_destroy(budget);
	close(fds[1]);
}

static void resume_tells_of_buffered_input(const char *name)
{
	int fds[2];
	struct owner o = { .pause_at_input = true };

	rig_tcp_pair(fds, 0);
	own(&o, fds[0], NULL);
	CHECK(send(fds[1], "abc", 3, 0) == 3);
	rig_run_for(loop, 20);
	CHECK(send(fds[1], "def", 3, 0) == 3);
	rig_run_for(loop, 20);
	CHECK_TEXT(o.calls, "i", "a paused stream reads nothing");
	CHECK_ROW(net_stream_input(o.stream).len == 3, "a paused stream reads nothing");
	o.pause_at_input = false;
	o.want = 6;
	net_stream_resume(o.stream);
	CHECK_TEXT(o.calls, "i", "resume does not call from within");
	CHECK_ROW(rig_run(loop, &o.has_all, RIG_WAIT_MS), name);
	let_go(&o);
	close(fds[1]);
}

static void a_busy_peer_does_not_starve_another(const char *name)
{
	int busy[2], quiet[2];
	struct owner b = { 0 }, q = { .want = 4 };
	static char data[1024 * 1024];

	rig_tcp_pair(busy, 0);
	rig_tcp_pair(quiet, 0);
	own(&b, busy[0], NULL);
	own(&q, quiet[0], NULL);
	int size = 4 * 1024 * 1024;
	setsockopt(busy[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
	while (send(busy[1], data, sizeof data, MSG_DONTWAIT) > 0)
		;
	CHECK(send(quiet[1], "ping", 4, 0) == 4);
	CHECK(rig_await(quiet[0]) && rig_await(busy[0]));
	net_loop_run_once(loop, 100);
	CHECK_ROW(q.has_all && b.got.len <= 80 * 1024, name);
	let_go(&b);
	let_go(&q);
	close(busy[1]);
	close(quiet[1]);
}

int main(void)
{
	net_signal_ignore_pipe();
	for (size_t i = 0; i < sizeof rig_backends / sizeof *rig_backends; i++) {
		struct error err = { 0 };
		const char *name = rig_backends[i].name;
		loop = net_loop_create(rig_backends[i].kind, &err);
		ten_megabytes_echo_through_tiny_buffers(name);
		reading_stops_at_the_input_max_and_goes_on(name);
		input_comes_before_the_end(name);
		the_end_waits_for_a_paused_owner(name);
		a_reset_is_told_as_an_error(name);
		closing_inside_the_own_callback_is_legal(name);
		a_silent_reader_is_cut_by_the_write_timeout(name);
		the_deadline_fires_whatever_arrives(name);
		a_cleared_deadline_does_not_fire(name);
		finish_delivers_everything_then_fin(name);
		finish_waits_at_most_a_second_for_the_peer(name);
		what_a_pass_writes_leaves_together(name);
		an_idle_stream_holds_no_buffer(name);
		resume_tells_of_buffered_input(name);
		a_busy_peer_does_not_starve_another(name);
		net_loop_destroy(loop);
	}
	return check_finish();
}
