/*
 * Every socket call fails once, in every way it can, at every place: whatever is under way either works or ends with an error that
 * says something; no octet is wrong, nothing hangs, no descriptor is left.
 */
#define _GNU_SOURCE
#include "tests/unit/netcore/fault_plays.h"

#include "base/buffer.h"
#include "netcore/net_connect.h"
#include "netcore/net_datagram.h"
#include "netcore/net_listener.h"
#include "netcore/net_stream.h"
#include "tests/unit/netcore/certificates.h"

#define TOTAL 40000u
#define DATAGRAMS 5u

static struct net_tls_context *server_context, *client_context;

struct side {
	struct net_stream *stream;
	size_t got;
	bool there, whole, over, wrong, silent_end, is_tls;
	struct error why;
	struct scene *scene;
};

struct scene {
	struct net_loop *loop;
	struct net_listener *listener;
	struct net_connect *connect;
	struct side client, server;
	bool is_tls, done;
};

static char octet_at(size_t place)
{
	return (char)(place * 31 + place / 251);
}

static void consider(struct scene *s)
{
	s->done = s->client.over && (!s->server.there || s->server.over);
}

static void end(struct side *side)
{
	side->over = true;
	net_stream_finish(side->stream);
	side->stream = NULL;
	consider(side->scene);
}

static void on_input(void *owner)
{
	struct side *side = owner;
	struct bytes in = net_stream_input(side->stream);

	for (size_t i = 0; i < in.len; i++)
		side->wrong = side->wrong || in.at[i] != octet_at(side->got + i);
	side->got += in.len;
	net_stream_consume(side->stream, in.len);
	if (side->got < TOTAL)
		return;
	side->whole = true;
	/* The client waits for the server's end, so that both have sent all. */
	if (side == &side->scene->server)
		end(side);
}

static void on_closed(void *owner, const struct error *why)
{
	struct side *side = owner;

	side->why = *why;
	side->silent_end = side->is_tls && why->kind == ERROR_CLOSED && !side->whole;
	end(side);
}

static const struct net_stream_events stream_events = { on_input, NULL, NULL, on_closed };

static void begin(struct side *side, struct scene *s, int fd)
{
	char octets[TOTAL];

	for (size_t i = 0; i < TOTAL; i++)
		octets[i] = octet_at(i);
	*side = (struct side){ .scene = s, .there = true, .is_tls = s->is_tls };
	side->stream = net_stream_create(s->loop, fd, &stream_events, side, NULL);
	net_stream_set_deadline(side->stream, 1000);
	if (s->is_tls && side == &s->server)
		net_stream_start_tls_server(side->stream, server_context);
	else if (s->is_tls)
		net_stream_start_tls_client(side->stream, client_context, NULL);
	net_stream_write(side->stream, bytes_of(octets, TOTAL));
}

static void on_guest(void *owner, int fd, const struct net_addr *peer)
{
	struct scene *s = owner;

	(void)peer;
	begin(&s->server, s, fd);
}

static void on_connected(void *owner, int fd, const struct net_addr *addr, const struct error *err)
{
	struct scene *s = owner;

	(void)addr;
	s->connect = NULL;
	if (fd >= 0) {
		begin(&s->client, s, fd);
		return;
	}
	s->client.why = *err;
	s->client.over = true;
	consider(s);
}

static bool has_reason(const struct side *side)
{
	return side->whole || (side->why.kind != ERROR_NONE && side->why.text[0] != '\0');
}

static void judge(const struct scene *s, const char *claim)
{
	CHECK_ROW(s->done, claim);
	CHECK_ROW(!s->client.wrong && !s->server.wrong, claim);
	CHECK_ROW(has_reason(&s->client) && (!s->server.there || has_reason(&s->server)), claim);
	CHECK_ROW(!s->client.silent_end && !s->server.silent_end, claim);
	CHECK_ROW(a_fault_came() || (s->client.whole && s->server.whole), claim);
}

static void play_streams(enum net_poll_kind kind, const char *at, bool is_tls, const char *claim)
{
	struct scene s = { .is_tls = is_tls };
	struct net_addr addr = rig_addr(at), real = { 0 };
	struct error err = { 0 };
	int fd = -1;

	s.loop = net_loop_create(kind, &err);
	if (s.loop)
		fd = net_socket_listen(&addr, &err);
	if (fd >= 0 && net_socket_local_addr(fd, &real))
		s.listener = net_listener_create(s.loop, fd, on_guest, &s, &err);
	else
		net_socket_close(fd);
	if (s.listener) {
		s.connect = net_connect_start(s.loop, &real, 1, 1000, on_connected, &s);
		rig_run(s.loop, &s.done, PLAY_HANG_MS);
		judge(&s, claim);
		net_connect_cancel(s.connect);
		net_stream_close(s.client.stream);
		net_stream_close(s.server.stream);
		net_listener_destroy(s.listener);
	} else {
		CHECK_ROW(err.text[0] != '\0' || fd >= 0, claim);
	}
	net_loop_destroy(s.loop);
	if (net_addr_family(&addr) == AF_UNIX)
		unlink(at + strlen("unix:"));
}

/* ---- datagrams ---- */

struct talk {
	struct net_datagram *client, *server;
	unsigned n_answers, n_failed;
	bool wrong, silent, done;
};

static void on_question(void *owner, const struct net_datagram_received *r)
{
	struct talk *t = owner;

	net_datagram_send(t->server, &r->peer, &r->reply_from, r->octets, NULL);
}

static void on_answer(void *owner, const struct net_datagram_received *r)
{
	struct talk *t = owner;

	t->wrong = t->wrong || r->octets.len != 100 || r->octets.at[99] != r->octets.at[0];
	t->done = ++t->n_answers == DATAGRAMS;
}

static void on_failed(void *owner, const struct net_addr *to, const struct error *why)
{
	struct talk *t = owner;

	(void)to;
	t->n_failed++;
	t->silent = t->silent || why->kind == ERROR_NONE || why->text[0] == '\0';
}

static const struct net_datagram_events server_events = { on_question, NULL, on_failed }, client_events = { on_answer, NULL, on_failed };

static void say_all(struct talk *t)
{
	char octets[100];

	for (unsigned i = 0; i < DATAGRAMS; i++) {
		memset(octets, (int)('a' + i), sizeof octets);
		CHECK(net_datagram_send(t->client, NULL, NULL, bytes_of(octets, sizeof octets), NULL));
	}
}

static void play_datagrams(enum net_poll_kind kind, const char *at, bool each, const char *claim)
{
	struct net_loop *loop;
	struct talk t = { 0 };
	struct net_addr addr = rig_addr(at), real;
	struct error err = { 0 };
	int fd = -1, other = -1;

	loop = net_loop_create(kind, &err);
	if (loop)
		fd = net_socket_bind_datagram(&addr, &err);
	bool known = fd >= 0 && net_socket_local_addr(fd, &real);
	if (fd >= 0)
		t.server = net_datagram_create(loop, fd, &server_events, &t, &err);
	if (t.server && known)
		other = net_socket_connect_datagram(&real, &err);
	if (other >= 0)
		t.client = net_datagram_create(loop, other, &client_events, &t, &err);
	if (t.client) {
		net_datagram_set_calls(t.server, each ? NET_DATAGRAM_EACH : NET_DATAGRAM_MANY);
		net_datagram_set_calls(t.client, each ? NET_DATAGRAM_EACH : NET_DATAGRAM_MANY);
		say_all(&t);
		rig_run(loop, &t.done, 2000);
		CHECK_ROW(!t.wrong && !t.silent && t.n_answers <= DATAGRAMS, claim);
		CHECK_ROW(t.done || (t.n_failed > 0 && a_fault_came()), claim);
	} else {
		CHECK_ROW(err.text[0] != '\0' || (fd >= 0 && !known), claim);
	}
	net_datagram_close(t.client);
	net_datagram_close(t.server);
	net_loop_destroy(loop);
	if (net_addr_family(&addr) == AF_UNIX)
		unlink(at + strlen("unix:"));
}

/* ---- a refusal while nobody reads, and what is to be sent waits ---- */

static void refused_while_paused(enum net_poll_kind kind, const char *claim)
{
	struct error err = { 0 };
	struct talk t = { 0 };
	struct net_addr addr = rig_addr("127.0.0.1:0"), real;
	struct net_loop *loop = net_loop_create(kind, &err);
	int gone = loop ? net_socket_bind_datagram(&addr, &err) : -1, fd = -1;

	if (gone >= 0 && net_socket_local_addr(gone, &real))
		fd = net_socket_connect_datagram(&real, &err);
	net_socket_close(gone);
	if (fd >= 0)
		t.client = net_datagram_create(loop, fd, &client_events, &t, &err);
	if (t.client) {
		net_datagram_pause(t.client);
		for (int i = 0; i < 2; i++) {
			net_datagram_send(t.client, NULL, NULL, BYTES("anybody?"), NULL);
			rig_run(loop, &t.done, 100);
			sock_fail.once = (struct sock_fault){ .call = CALL_sendmmsg, .with = EAGAIN };
		}
		CHECK_ROW(t.n_failed > 0 || a_fault_came(), claim);
		CHECK_ROW(!t.silent, claim);
	} else {
		CHECK_ROW(err.text[0] != '\0' || gone >= 0, claim);
	}
	net_datagram_close(t.client);
	net_loop_destroy(loop);
}

/* ---- all of them ---- */

static const char *unix_path(void)
{
	static char at[128];

	snprintf(at, sizeof at, "unix:%s/s", check_folder());
	return at;
}

static void tcp(enum net_poll_kind kind, const char *claim)
{
	play_streams(kind, "127.0.0.1:0", false, claim);
}

static void tls(enum net_poll_kind kind, const char *claim)
{
	play_streams(kind, "127.0.0.1:0", true, claim);
}

static void ipv6(enum net_poll_kind kind, const char *claim)
{
	play_streams(kind, "[::1]:0", false, claim);
}

static void unix_stream(enum net_poll_kind kind, const char *claim)
{
	play_streams(kind, unix_path(), false, claim);
}

/* The one descriptor that is kept for it takes the client, and lets it go. */
static void turned_away(enum net_poll_kind kind, const char *claim)
{
	sock_fail.once = (struct sock_fault){ .call = CALL_accept4, .with = EMFILE };
	play_streams(kind, "127.0.0.1:0", false, claim);
}

static void udp(enum net_poll_kind kind, const char *claim)
{
	play_datagrams(kind, "127.0.0.1:0", false, claim);
}

static void udp_each(enum net_poll_kind kind, const char *claim)
{
	play_datagrams(kind, "[::1]:0", true, claim);
}

static void unix_datagrams(enum net_poll_kind kind, const char *claim)
{
	play_datagrams(kind, unix_path(), false, claim);
}

static const struct fault_play plays[] = {
	{ "TCP", tcp }, { "TLS", tls }, { "IPv6", ipv6 }, { "Unix stream", unix_stream }, { "turned away", turned_away },
	{ "UDP", udp }, { "UDP one by one", udp_each }, { "Unix datagrams", unix_datagrams }, { "refused while paused", refused_while_paused },
};

int main(void)
{
	struct certificate ca = certificate_make("ca", NULL, NULL), leaf = certificate_make("mx.test", "DNS:mx.test", &ca);
	struct error err = { 0 };

	server_context = net_tls_context_server(leaf.pem, leaf.key_pem, "1.2", &err);
	client_context = net_tls_context_client(NET_TLS_VERIFY_NONE, (struct bytes){ 0 }, NULL, &err);
	CHECK_ROW(server_context && client_context, err.text);
	int failed = fault_plays_run(plays, sizeof plays / sizeof *plays);
	net_tls_context_unref(server_context);
	net_tls_context_unref(client_context);
	certificate_release(&leaf);
	certificate_release(&ca);
	return failed;
}
