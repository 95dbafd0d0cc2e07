/* Lines out of a stream, however the network cuts it. */
#include "base/buffer.h"
#include "netcore/net_line.h"
#include "tests/unit/netcore/rig.h"

#define LIMIT 12

static struct net_loop *loop;

struct reader {
	struct net_stream *stream;
	struct net_line line;
	struct buffer seen;             /* what was read, one sign a status */
	bool closed;
};

static void on_input(void *owner)
{
	struct reader *r = owner;
	struct bytes line;
	enum net_line_status status;

	while ((status = net_line_read(&r->line, r->stream, &line)) != NET_LINE_NONE) {
		if (status == NET_LINE_READY) {
			buffer_add_octet(&r->seen, '<');
			buffer_add_bytes(&r->seen, line);
			buffer_add_octet(&r->seen, '>');
			net_line_done(r->stream, line);
		} else {
			buffer_add_octet(&r->seen, status == NET_LINE_TOO_LONG ? 'L' : status == NET_LINE_NUL ? 'N' : 'B');
		}
	}
}

static void on_closed(void *owner, const struct error *why)
{
	struct reader *r = owner;

	(void)why;
	r->closed = true;
}

static const struct net_stream_events events = { on_input, NULL, NULL, on_closed };

#define ROW(literal) { literal, sizeof(literal) - 1 }

static const struct line_case {
	const char *name;
	struct bytes input;
	const char *seen;
} line_cases[] = {
	{ "two lines",                    ROW("ab\r\ncd\r\n"),                    "<ab><cd>" },
	{ "an empty line",                ROW("\r\n\r\n"),                        "<><>" },
	{ "an unfinished line waits",     ROW("ab\r\ncd"),                        "<ab>" },
	{ "as long as allowed",           ROW("0123456789\r\nx\r\n"),             "<0123456789><x>" },
	{ "one too long",                 ROW("0123456789a\r\nx\r\n"),            "L<x>" },
	{ "much too long",                ROW("0123456789abcdefghijklmnop\r\nx\r\n"), "L<x>" },
	{ "too long, told once, at its end", ROW("0123456789abcdefghijklmnop"),   "" },
	{ "a bare LF",                    ROW("ab\ncd\r\n"),                      "B<cd>" },
	{ "a bare LF at the front",       ROW("\nab\r\n"),                        "B<ab>" },
	{ "LF CR",                        ROW("a\n\rb\r\n"),                      "B<\rb>" },
	{ "a bare CR stays",              ROW("a\rb\r\n"),                        "<a\rb>" },
	{ "CR CR LF",                     ROW("a\r\r\n"),                         "<a\r>" },
	{ "a NUL",                        ROW("a\0b\r\ncd\r\n"),                  "N<cd>" },
	{ "a bare LF does not end a long line", ROW("0123456789abcdef\nMAIL\r\nx\r\n"), "L<x>" },
	{ "nor does CR alone",            ROW("0123456789abcdef\rMAIL\r\r\nx\r\n"), "L<x>" },
};

static void reads_alike(const struct line_case *c, size_t cut, const char *backend)
{
	int fds[2];
	char claim[120];
	struct reader r = { .line = { .limit = LIMIT } };

	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == 0);
	r.stream = net_stream_create(loop, fds[0], &events, &r, NULL);
	if (cut > 0)
		CHECK(send(fds[1], c->input.at, cut, 0) == (ssize_t)cut);
	net_loop_run_once(loop, 0);
	net_loop_run_once(loop, 0);
	if (cut < c->input.len)
		CHECK(send(fds[1], c->input.at + cut, c->input.len - cut, 0) > 0);
	shutdown(fds[1], SHUT_WR);
	CHECK(rig_run(loop, &r.closed, RIG_WAIT_MS));
	snprintf(claim, sizeof claim, "%s, cut after %zu octets, %s", c->name, cut, backend);
	buffer_add_octet(&r.seen, '\0');
	CHECK_TEXT(r.seen.at, c->seen, claim);
	net_stream_close(r.stream);
	buffer_release(&r.seen);
	close(fds[1]);
	net_loop_run_once(loop, 0);
}

/* A literal taken straight from the stream between two lines must not confuse the search. */
static void input_consumed_between_lines_is_not_skipped_twice(const char *name)
{
	int fds[2];
	struct reader r = { .line = { .limit = LIMIT } };
	struct bytes line;

	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == 0);
	r.stream = net_stream_create(loop, fds[0], &events, &r, NULL);
	CHECK(send(fds[1], "LITERAL", 7, 0) == 7);
	net_loop_run_once(loop, 10);
	CHECK(net_line_read(&r.line, r.stream, &line) == NET_LINE_NONE);
	net_stream_consume(r.stream, 7);
	CHECK(send(fds[1], "a\r\nlonger\r\n", 11, 0) == 11);
	net_loop_run_once(loop, 10);
	buffer_add_octet(&r.seen, '\0');
	CHECK_TEXT(r.seen.at, "<a><longer>", name);
	net_stream_close(r.stream);
	buffer_release(&r.seen);
	close(fds[1]);
	net_loop_run_once(loop, 0);
}

int main(void)
{
	for (size_t i = 0; i < sizeof rig_backends / sizeof *rig_backends; i++) {
		struct error err = { 0 };
		const char *name = rig_backends[i].name;
		loop = net_loop_create(rig_backends[i].kind, &err);
		for (size_t c = 0; c < sizeof line_cases / sizeof *line_cases; c++)
			for (size_t cut = 0; cut <= line_cases[c].input.len; cut++)
				reads_alike(&line_cases[c], cut, name);
		input_consumed_between_lines_is_not_skipped_twice(name);
		net_loop_destroy(loop);
	}
	return check_finish();
}
