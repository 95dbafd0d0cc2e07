/*
 * Every socket call fails once, in every way it can, at every place: whatever is under way either works or ends with an error that
 * says something; no octet is wrong, nothing hangs, no descriptor is left.
 */
#define _GNU_SOURCE
#include "tests/unit/netcore/fault_talk.h"

#include "netcore/net_datagram.h"
#include "tests/unit/netcore/certificates.h"

#define DATAGRAMS 5u

static struct net_tls_context *server_context, *client_context;

static void play_streams(enum net_poll_kind kind, const char *at, bool is_tls, const char *claim)
{
	struct error err = { 0 };
	struct fault_talk t = { .loop = net_loop_create(kind, &err), .deadline_ms = 1000 };
	struct net_addr real = { 0 };

	if (is_tls) {
		t.server_context = server_context;
		t.client_context = client_context;
	}
	if (t.loop && fault_talk_serve(&t, at, &real, &err)) {
		t.connect = net_connect_start(t.loop, &real, 1, 1000, fault_talk_on_connected, &t);
		rig_run(t.loop, &t.done, PLAY_HANG_MS);
		fault_talk_judge(&t, claim);
	} else {
		CHECK_ROW(a_fault_came() && err.text[0] != '\0', claim);
	}
	fault_talk_release(&t);
	net_loop_destroy(t.loop);
	if (bytes_starts(bytes_text(at), BYTES("unix:")))
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
