/* A pair of connections with a forward between: we hold the outer ends.  The clock stands still: a machine that stalls ends no silence. */
#define _GNU_SOURCE
#include "tests/unit/netcore/still_clock.h"

#include <errno.h>

#include "netcore/net_forward.h"
#include "tests/unit/netcore/rig.h"

#define MEGABYTE (1 << 20)

struct rig {
	struct net_loop *loop;
	struct net_forward *forward;
	int ends[2];                    /* ours; -1 once closed */
	bool over;
	struct error why;
	size_t largest;                 /* piece that was heard */
	unsigned fins;                  /* heard, a bit an end */
};

static void on_heard(void *owner, unsigned from, struct bytes what)
{
	struct rig *r = owner;

	if (what.len == 0)
		r->fins |= 1u << from;
	if (what.len > r->largest)
		r->largest = what.len;
}

static void on_closed(void *owner, const struct error *why)
{
	struct rig *r = owner;

	r->over = true;
	r->why = *why;
}

static const struct net_forward_events events = { on_heard, on_closed };

static void rig_open(struct rig *r, enum net_poll_kind kind, int buffer, struct net_forward_settings settings)
{
	struct error err = { 0 };
	int pairs[2][2], fds[2];

	*r = (struct rig){ .loop = net_loop_create(kind, &err) };
	for (int i = 0; i < 2; i++) {
		rig_tcp_pair(pairs[i], buffer);
		r->ends[i] = pairs[i][0];
		fds[i] = pairs[i][1];
	}
	r->forward = net_forward_start(r->loop, fds, &settings, &events, r, &err);
	CHECK_ROW(r->forward != NULL, err.text);
}

static void rig_close(struct rig *r)
{
	if (!r->over)
		net_forward_stop(r->forward);
	for (int i = 0; i < 2; i++)
		net_socket_close(r->ends[i]);
	net_loop_destroy(r->loop);
}

/* Let the forward work until our end has something to read (0 = its end) or ms are over (-1). */
static ssize_t hear(struct rig *r, int end, char *at, size_t size, int ms)
{
	int64_t until = rig_now_ms() + ms;
	ssize_t n;

	while ((n = recv(r->ends[end], at, size, 0)) < 0 && errno == EAGAIN && rig_now_ms() < until)
		net_loop_run_once(r->loop, 5);
	return n;
}

static void say(struct rig *r, int end, const char *text)
{
	CHECK(send(r->ends[end], text, strlen(text), MSG_NOSIGNAL) == (ssize_t)strlen(text));
}

static bool hears(struct rig *r, int end, const char *text)
{
	char got[64];
	ssize_t n = hear(r, end, got, sizeof got, RIG_WAIT_MS);

	return n == (ssize_t)strlen(text) && memcmp(got, text, (size_t)n) == 0;
}

static bool hears_end(struct rig *r, int end)
{
	char got[64];

	return hear(r, end, got, sizeof got, RIG_WAIT_MS) == 0;
}

static void half_close_is_passed_on_and_the_other_way_stays_open(enum net_poll_kind kind)
{
	struct rig r;

	rig_open(&r, kind, 0, (struct net_forward_settings){ 0 });
	say(&r, 0, "question");
	shutdown(r.ends[0], SHUT_WR);
	CHECK_ROW(hears(&r, 1, "question"), "what came before the FIN arrives");
	CHECK_ROW(hears_end(&r, 1), "then the FIN");
	CHECK_ROW(!r.over, "the pair lives on");
	say(&r, 1, "answer");
	CHECK_ROW(hears(&r, 0, "answer"), "and the answer comes");
	shutdown(r.ends[1], SHUT_WR);
	CHECK_ROW(hears_end(&r, 0), "with its FIN");
	CHECK_ROW(rig_run(r.loop, &r.over, RIG_WAIT_MS) && r.why.kind == ERROR_CLOSED && r.fins == 3, "both ended: over, in order");
	rig_close(&r);
}

static void the_last_words_before_close_arrive(enum net_poll_kind kind)
{
	struct rig r;

	rig_open(&r, kind, 0, (struct net_forward_settings){ 0 });
	say(&r, 1, "221 bye");
	net_socket_close(r.ends[1]);
	r.ends[1] = -1;
	CHECK_ROW(hears(&r, 0, "221 bye") && hears_end(&r, 0), "nothing is lost when a server says goodbye and closes");
	rig_close(&r);
}

static void a_reset_becomes_a_reset(enum net_poll_kind kind)
{
	struct rig r;
	struct linger now = { 1, 0 };
	char got[8];

	rig_open(&r, kind, 0, (struct net_forward_settings){ 0 });
	setsockopt(r.ends[0], SOL_SOCKET, SO_LINGER, &now, sizeof now);
	net_socket_close(r.ends[0]);
	r.ends[0] = -1;
	CHECK_ROW(rig_run(r.loop, &r.over, RIG_WAIT_MS) && r.why.kind == ERROR_SYSTEM, "a reset ends the pair");
	CHECK_ROW(hear(&r, 1, got, sizeof got, RIG_WAIT_MS) < 0 && errno == ECONNRESET, "and is no clean end to the other");
	rig_close(&r);
}

static void a_deaf_end_stops_the_other(enum net_poll_kind kind)
{
	struct rig r;
	static char noise[MEGABYTE];
	size_t taken = 0;
	int stalled = 0;

	rig_open(&r, kind, 16 * 1024, (struct net_forward_settings){ 0 });
	while (stalled < 20 && taken < 64u * MEGABYTE) {
		ssize_t n = send(r.ends[0], noise, sizeof noise, MSG_NOSIGNAL);
		stalled = n > 0 ? 0 : stalled + 1;
		taken += n > 0 ? (size_t)n : 0;
		net_loop_run_once(r.loop, 5);
	}
	CHECK_ROW(stalled == 20 && taken < 2u * MEGABYTE, "what one who never reads is sent is bounded");
	CHECK_ROW(rig_run_for(r.loop, 100) < 10, "and the loop does not spin meanwhile");
	say(&r, 1, "still");
	CHECK_ROW(hears(&r, 0, "still"), "the other way is open");
	rig_close(&r);
}

/* Octet i of the stream. */
static char octet_at(size_t i)
{
	return (char)(i * 2654435761u >> 13);
}

static void a_stream_arrives_octet_for_octet(enum net_poll_kind kind, int buffer, size_t total, const char *claim)
{
	struct rig r;
	static char out[300000], in[300000];
	size_t sent = 0, got = 0, wrong = 0;
	int64_t until = rig_now_ms() + 4 * RIG_WAIT_MS;

	rig_open(&r, kind, buffer, (struct net_forward_settings){ 0 });
	while (got < total && rig_now_ms() < until) {
		size_t len = sent < total ? (total - sent < sizeof out ? total - sent : sizeof out) : 0;
		for (size_t i = 0; i < len; i++)
			out[i] = octet_at(sent + i);
		ssize_t n = len > 0 ? send(r.ends[0], out, len, MSG_NOSIGNAL) : 0;
		sent += n > 0 ? (size_t)n : 0;
		net_loop_run_once(r.loop, 1);
		while ((n = recv(r.ends[1], in, sizeof in, 0)) > 0)
			for (ssize_t i = 0; i < n; i++, got++)
				wrong += in[i] != octet_at(got);
	}
	CHECK_ROW(got == total && wrong == 0, claim);
	CHECK_ROW(net_forward_octets(r.forward, 0) == total && net_forward_octets(r.forward, 1) == 0, "and is counted");
	if (buffer == 0)
		CHECK_ROW(r.largest > NET_FORWARD_BUFFER_MIN && r.largest <= NET_FORWARD_BUFFER_MAX, "the buffer grew, to its bound");
	rig_close(&r);
}

/* Whatever the size: also when the octets before the FIN are just what one turn moves. */
static void a_fin_right_behind_the_octets_arrives(enum net_poll_kind kind)
{
	static char block[64 * 1024], got[sizeof block];

	for (size_t n_blocks = 12; n_blocks < 28; n_blocks++) {
		struct rig r;
		size_t sent = 0, total = 0;
		ssize_t n;

		rig_open(&r, kind, 0, (struct net_forward_settings){ 0 });
		while (sent < n_blocks * sizeof block) {
			n = send(r.ends[0], block, sizeof block < n_blocks * sizeof block - sent ? sizeof block : n_blocks * sizeof block - sent, MSG_NOSIGNAL);
			sent += n > 0 ? (size_t)n : 0;
			if (n < 0)
				net_loop_run_once(r.loop, 1);
		}
		shutdown(r.ends[0], SHUT_WR);
		while ((n = hear(&r, 1, got, sizeof got, RIG_WAIT_MS)) > 0)
			total += (size_t)n;
		CHECK_ROW(n == 0 && total == sent, "the end arrives behind them");
		rig_close(&r);
	}
}

static void a_silent_pair_ends(enum net_poll_kind kind)
{
	struct rig r;

	rig_open(&r, kind, 0, (struct net_forward_settings){ .idle_ms = 1500 });
	rig_run_for(r.loop, 900);
	say(&r, 1, "a sign of life");
	CHECK(hears(&r, 0, "a sign of life"));
	rig_run_for(r.loop, 900);
	CHECK_ROW(!r.over, "what moves counts from anew");
	CHECK_ROW(rig_run(r.loop, &r.over, RIG_WAIT_MS) && r.why.kind == ERROR_TRY_LATER, "silence ends the pair");
	CHECK_ROW(hears_end(&r, 0), "in order");
	rig_close(&r);
}

static void a_half_open_pair_ends_sooner(enum net_poll_kind kind)
{
	struct rig r;

	rig_open(&r, kind, 0, (struct net_forward_settings){ .idle_ms = 60000, .half_open_ms = 1000 });
	shutdown(r.ends[1], SHUT_WR);
	CHECK(hears_end(&r, 0));
	for (int i = 0; i < 4; i++) {
		rig_run_for(r.loop, 400);
		say(&r, 0, "more");
		CHECK_ROW(hears(&r, 1, "more"), "an end that still talks is heard");
	}
	CHECK_ROW(rig_run(r.loop, &r.over, RIG_WAIT_MS) && r.why.kind == ERROR_TRY_LATER, "one that neither talks nor ends is cut off");
	rig_close(&r);
}

static void stop_is_legal_while_octets_wait(enum net_poll_kind kind)
{
	struct rig r;

	rig_open(&r, kind, 0, (struct net_forward_settings){ .idle_ms = 1000 });
	say(&r, 0, "x");
	net_loop_run_once(r.loop, 100);
	net_forward_stop(r.forward);
	net_forward_stop(r.forward);
	rig_run_for(r.loop, 20);
	CHECK_ROW(!r.over, "no call comes after stop");
	r.over = true;
	rig_close(&r);
}

int main(void)
{
	net_signal_ignore_pipe();
	still_clock.on = true;
	for (size_t i = 0; i < sizeof rig_backends / sizeof *rig_backends; i++) {
		enum net_poll_kind kind = rig_backends[i].kind;
		half_close_is_passed_on_and_the_other_way_stays_open(kind);
		the_last_words_before_close_arrive(kind);
		a_reset_becomes_a_reset(kind);
		a_deaf_end_stops_the_other(kind);
		a_stream_arrives_octet_for_octet(kind, 0, 32u * MEGABYTE, "a fast stream arrives octet for octet");
		a_stream_arrives_octet_for_octet(kind, 4096, 2u * MEGABYTE, "a stream in small pieces does, too");
		a_fin_right_behind_the_octets_arrives(kind);
		a_silent_pair_ends(kind);
		a_half_open_pair_ends_sooner(kind);
		stop_is_legal_while_octets_wait(kind);
	}
	return check_finish();
}
