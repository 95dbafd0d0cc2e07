/* Faults of one DNS question: over datagrams, over a stream, and when a cut answer leads from the one to the other. */
#define _GNU_SOURCE
#include "tests/unit/netcore/fault_plays.h"

#include "netcore/net_datagram.h"
#include "netcore/net_dns_exchange.h"
#include "netcore/net_listener.h"
#include "netcore/net_stream.h"

struct scene {
	struct net_loop *loop;
	struct net_datagram *udp;
	struct net_listener *tcp;
	struct net_stream *guest;
	struct net_dns_exchange *exchange;
	bool cuts;                      /* over UDP only the head of the answer comes */
	bool done, answered, wrong;
	struct error why;
};

/* ---- the server ---- */

static void write_answer(struct buffer *out, struct bytes query, bool cut)
{
	struct net_dns_message m;
	struct net_dns_writer w;

	if (net_dns_message_parse(query, &m) != NET_DNS_OK)
		return;
	struct net_dns_record a = { .name = m.questions[0].name, .type = NET_DNS_A, .class = NET_DNS_IN, .ttl = 30, .data = BYTES("\300\0\2\1") };
	net_dns_write_begin(&w, out, 512, m.id, (uint16_t)(NET_DNS_RESPONSE | (cut ? NET_DNS_TRUNCATED : 0)));
	net_dns_write_question(&w, &m.questions[0].name, m.questions[0].type, m.questions[0].class);
	if (!cut)
		net_dns_write_record(&w, NET_DNS_ANSWER, &a);
	net_dns_write_end(&w);
	net_dns_message_release(&m);
}

static void on_question(void *owner, const struct net_datagram_received *r)
{
	struct scene *s = owner;
	struct buffer out = { 0 };

	write_answer(&out, r->octets, s->cuts);
	if (out.len > 0)
		net_datagram_send(s->udp, &r->peer, &r->reply_from, buffer_bytes(&out), NULL);
	buffer_release(&out);
}

static void on_guest_input(void *owner)
{
	struct scene *s = owner;
	struct bytes in = net_stream_input(s->guest);
	struct buffer out = { 0 };

	if (in.len < 2 || in.len < 2 + (size_t)(unsigned char)in.at[1])
		return;
	write_answer(&out, bytes_skip(in, 2), false);
	char len[2] = { (char)(out.len >> 8), (char)out.len };
	net_stream_consume(s->guest, in.len);
	net_stream_write(s->guest, bytes_of(len, 2));
	net_stream_write(s->guest, buffer_bytes(&out));
	buffer_release(&out);
}

static void on_guest_gone(void *owner, const struct error *why)
{
	struct scene *s = owner;

	(void)why;
	net_stream_close(s->guest);
	s->guest = NULL;
}

static void on_guest(void *owner, int fd, const struct net_addr *peer)
{
	static const struct net_stream_events events = { on_guest_input, NULL, NULL, on_guest_gone };
	struct scene *s = owner;

	(void)peer;
	net_stream_close(s->guest);
	s->guest = net_stream_create(s->loop, fd, &events, s, NULL);
}

/* A port that both have free: others of this host take ports, too. */
static bool bind_both(int *tcp, int *udp, struct net_addr *at, struct error *err)
{
	struct net_addr any = rig_addr("127.0.0.1:0");

	for (int i = 0; i < 50; i++) {
		*err = (struct error){ 0 };
		*tcp = net_socket_listen(&any, err);
		if (*tcp < 0)
			return false;
		if (!net_socket_local_addr(*tcp, at))
			error_set(err, ERROR_SYSTEM, "the listener's port is not known");
		else if ((*udp = net_socket_bind_datagram(at, err)) >= 0)
			return true;
		net_socket_close(*tcp);
		if (err->sys_errno != EADDRINUSE)
			break;
	}
	return false;
}

/* False: not all of it is there. */
static bool serve(struct scene *s, struct net_addr *at, struct error *err)
{
	static const struct net_datagram_events events = { on_question, NULL, NULL };
	int tcp, udp;

	if (!bind_both(&tcp, &udp, at, err))
		return false;
	s->udp = net_datagram_create(s->loop, udp, &events, s, err);
	if (s->udp == NULL) {
		net_socket_close(tcp);
		return false;
	}
	s->tcp = net_listener_create(s->loop, tcp, on_guest, s, err);
	return s->tcp != NULL;
}

/* ---- who asks ---- */

static void on_answer(void *owner, const struct net_dns_message *answer, const struct net_dns_exchange_facts *facts, const struct error *err)
{
	struct scene *s = owner;

	(void)facts;
	s->done = true;
	s->exchange = NULL;
	s->answered = answer != NULL;
	if (answer)
		s->wrong = answer->n_records != 1 || !bytes_equal(answer->records[0].data, BYTES("\300\0\2\1"));
	else
		s->why = *err;
}

static void ask(enum net_poll_kind kind, bool only_tcp, bool cuts, const char *claim)
{
	struct error err = { 0 };
	struct scene s = { .loop = net_loop_create(kind, &err), .cuts = cuts };
	struct net_dns_exchange_options options = { .only_tcp = only_tcp, .deadline_ms = 5000 };
	struct net_dns_question q = { .type = NET_DNS_A, .class = NET_DNS_IN };

	net_dns_name_parse("a.test", &q.name, NULL);
	if (s.loop && serve(&s, &options.server, &err)) {
		s.exchange = net_dns_exchange_start(s.loop, &options, &q, on_answer, &s);
		CHECK_ROW(rig_run(s.loop, &s.done, PLAY_HANG_MS) && !s.wrong, claim);
		CHECK_ROW(s.answered || (a_fault_came() && s.why.kind != ERROR_NONE && s.why.text[0] != '\0'), claim);
	} else {
		CHECK_ROW(a_fault_came() && err.text[0] != '\0', claim);
	}
	net_dns_exchange_cancel(s.exchange);
	net_stream_close(s.guest);
	net_listener_destroy(s.tcp);
	net_datagram_close(s.udp);
	net_loop_destroy(s.loop);
}

static void udp(enum net_poll_kind kind, const char *claim)
{
	ask(kind, false, false, claim);
}

static void tcp(enum net_poll_kind kind, const char *claim)
{
	ask(kind, true, false, claim);
}

static void cut(enum net_poll_kind kind, const char *claim)
{
	ask(kind, false, true, claim);
}

static const struct fault_play plays[] = { { "UDP", udp }, { "TCP", tcp }, { "UDP, cut, TCP", cut } };

int main(void)
{
	return fault_plays_run(plays, sizeof plays / sizeof *plays);
}
