/* Faults of forwarders, over streams and over datagrams, and of a tunnel: a client that asks, a server that answers, and all of it between them. */
#define _GNU_SOURCE
#include "tests/unit/netcore/fault_plays.h"

#include <stdlib.h>

#include "netcore/net_connect.h"
#include "netcore/net_datagram.h"
#include "netcore/net_datagram_forwarder.h"
#include "netcore/net_forwarder.h"
#include "netcore/net_listener.h"
#include "netcore/net_stream.h"
#include "netcore/net_tls_pin.h"
#include "netcore/net_tunnel_client.h"

#define TOTAL 30000u

static struct net_tls_context *contexts[2];     /* accepting, connecting */
static struct net_tls_pin pins[2];

/* One end of the conversation: what it sends goes first, what it got is compared. */
struct side {
	struct scene *scene;
	struct net_stream *stream;
	size_t got;
	bool there, whole, over, wrong;
	struct error why;
};

struct scene {
	struct net_loop *loop;
	struct side client, server;
	struct net_listener *listener, *door;   /* of the server; of the tunnel's near or far side */
	struct net_connect *connect;
	struct net_forwarder *forwarder;
	struct net_tunnel *far;
	struct net_tunnel_client *near;
	struct net_addr server_addr;
	unsigned n_conversations_ended;
	bool done;
};

static char octet_at(size_t place)
{
	return (char)(place * 37 + place / 257);
}

static void end(struct side *side)
{
	struct scene *s = side->scene;

	side->over = true;
	net_stream_finish(side->stream);
	side->stream = NULL;
	s->done = s->client.over && (!s->server.there || s->server.over);
}

static void on_input(void *owner)
{
	struct side *side = owner;
	struct bytes in = net_stream_input(side->stream);

	for (size_t i = 0; i < in.len; i++)
		side->wrong = side->wrong || in.at[i] != octet_at(side->got + i);
	side->got += in.len;
	net_stream_consume(side->stream, in.len);
	side->whole = side->got == TOTAL;
	if (side->whole && side == &side->scene->server)
		end(side);
}

static void on_closed(void *owner, const struct error *why)
{
	struct side *side = owner;

	side->why = *why;
	end(side);
}

static const struct net_stream_events stream_events = { on_input, NULL, NULL, on_closed };

static void begin(struct side *side, struct scene *s, int fd)
{
	static char octets[TOTAL];

	for (size_t i = 0; i < TOTAL; i++)
		octets[i] = octet_at(i);
	*side = (struct side){ .scene = s, .there = true };
	side->stream = net_stream_create(s->loop, fd, &stream_events, side, NULL);
	net_stream_set_deadline(side->stream, 20000);
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
	s->client.over = s->done = true;
}

/* A listening descriptor and its address; -1: err says why. */
static int listen_on(const char *at, struct net_addr *real, struct error *err)
{
	struct net_addr addr = rig_addr(at);
	int fd = net_socket_listen(&addr, err);

	if (fd < 0 || net_socket_local_addr(fd, real))
		return fd;
	net_socket_close(fd);
	error_set(err, ERROR_SYSTEM, "the address is not known");
	return -1;
}

static bool serve(struct scene *s, struct error *err)
{
	int fd = listen_on("127.0.0.1:0", &s->server_addr, err);

	if (fd >= 0)
		s->listener = net_listener_create(s->loop, fd, on_guest, s, err);
	return s->listener != NULL;
}

static bool has_reason(const struct side *side)
{
	return side->whole || (side->why.kind != ERROR_NONE && side->why.text[0] != '\0');
}

/* Whoever was there has got all of it or knows why not; nobody got anything wrong. */
static void judge(const struct scene *s, const char *claim)
{
	CHECK_ROW(s->done && !s->client.wrong && !s->server.wrong, claim);
	CHECK_ROW(has_reason(&s->client) && (!s->server.there || has_reason(&s->server)), claim);
	CHECK_ROW(a_fault_came() || (s->client.whole && s->server.whole), claim);
}

static void release(struct scene *s)
{
	net_connect_cancel(s->connect);
	net_stream_close(s->client.stream);
	net_stream_close(s->server.stream);
	net_listener_destroy(s->listener);
	net_listener_destroy(s->door);
}

/* ---- a forwarder ---- */

static void on_conversation_over(void *conversation, const struct error *why)
{
	struct scene *s = conversation;

	s->n_conversations_ended += why->text[0] != '\0';
}

static void *on_conversation(void *owner, const struct net_addr *client)
{
	(void)client;
	return owner;
}

static void forward(enum net_poll_kind kind, const char *claim)
{
	static const struct net_forwarder_events events = { on_conversation, NULL, on_conversation_over };
	struct error err = { 0 };
	struct scene s = { .loop = net_loop_create(kind, &err) };
	struct net_forwarder_settings settings = { .connect_ms = 5000, .forward = { .idle_ms = 10000, .half_open_ms = 5000 } };
	struct net_addr front;
	int fd = -1;

	if (s.loop && serve(&s, &err))
		fd = listen_on("127.0.0.1:0", &front, &err);
	settings.target.addr = s.server_addr;
	if (fd >= 0)
		s.forwarder = net_forwarder_create(s.loop, fd, &settings, &events, &s, &err);
	if (s.forwarder) {
		s.connect = net_connect_start(s.loop, &front, 1, 5000, on_connected, &s);
		rig_run(s.loop, &s.done, PLAY_HANG_MS);
		judge(&s, claim);
	} else {
		CHECK_ROW(a_fault_came() && err.text[0] != '\0', claim);
	}
	release(&s);
	if (s.forwarder) {
		uint64_t accepted = net_forwarder_counts(s.forwarder).accepted;
		net_forwarder_destroy(s.forwarder);
		CHECK_ROW(s.n_conversations_ended == accepted, claim);
	}
	net_loop_destroy(s.loop);
}

/* The first to receive is the forward. */
static void forward_reset(enum net_poll_kind kind, const char *claim)
{
	sock_fail.once = (struct sock_fault){ .call = CALL_recv, .with = ECONNRESET };
	forward(kind, claim);
}

/* ---- a forwarder of datagrams ---- */

struct talk {
	struct net_datagram *client, *server;
	unsigned n_asked, n_answers;
	bool done, wrong;
};

static void on_question(void *owner, const struct net_datagram_received *r)
{
	struct talk *t = owner;

	t->n_asked++;
	net_datagram_send(t->server, &r->peer, &r->reply_from, r->octets, NULL);
}

static void on_answer(void *owner, const struct net_datagram_received *r)
{
	struct talk *t = owner;

	t->wrong = t->wrong || !bytes_equal(r->octets, BYTES("question"));
	t->n_answers++;
	t->done = true;
}

static void on_lost(void *owner, const struct net_addr *to, const struct error *why)
{
	(void)owner, (void)to, (void)why;
}

static const struct net_datagram_events server_events = { on_question, NULL, on_lost }, client_events = { on_answer, NULL, on_lost };

static struct net_datagram *datagrams_at(struct net_loop *loop, struct net_addr *real, struct talk *t, struct error *err)
{
	struct net_addr any = rig_addr("127.0.0.1:0");
	int fd = net_socket_bind_datagram(&any, err);

	if (fd < 0 || net_socket_local_addr(fd, real))
		return fd < 0 ? NULL : net_datagram_create(loop, fd, &server_events, t, err);
	net_socket_close(fd);
	error_set(err, ERROR_SYSTEM, "the address is not known");
	return NULL;
}

/* Datagrams get lost: who asks four times is answered. */
static void ask(struct talk *t, struct net_loop *loop, const struct net_addr *front, const char *claim)
{
	struct error err = { 0 };
	int fd = net_socket_connect_datagram(front, &err);

	if (fd >= 0)
		t->client = net_datagram_create(loop, fd, &client_events, t, &err);
	CHECK_ROW(t->client || (a_fault_came() && err.text[0] != '\0'), claim);
	for (int i = 0; i < 4 && t->client && !t->done; i++) {
		net_datagram_send(t->client, NULL, NULL, BYTES("question"), NULL);
		rig_run(loop, &t->done, 1000);
	}
	CHECK_ROW((t->done || t->client == NULL) && !t->wrong, claim);
}

static void forward_datagrams(enum net_poll_kind kind, const char *claim)
{
	struct error err = { 0 };
	struct talk t = { .n_asked = 0 };
	struct net_forwarder_settings settings = { .connect_ms = 5000, .forward = { .idle_ms = 10000 } };
	struct net_loop *loop = net_loop_create(kind, &err);
	struct net_addr any = rig_addr("127.0.0.1:0"), front;
	struct net_datagram_forwarder *f = NULL;
	int fd = -1;

	if (loop)
		t.server = datagrams_at(loop, &settings.target.addr, &t, &err);
	if (t.server)
		fd = net_socket_bind_datagram(&any, &err);
	bool known = fd >= 0 && net_socket_local_addr(fd, &front);
	if (fd >= 0)
		f = net_datagram_forwarder_create(loop, fd, &settings, &err);
	if (f && known)
		ask(&t, loop, &front, claim);
	else
		CHECK_ROW(a_fault_came() && (err.text[0] != '\0' || !known), claim);
	net_datagram_close(t.client);
	net_datagram_forwarder_destroy(f);
	net_datagram_close(t.server);
	net_loop_destroy(loop);
}

/* ---- a tunnel ---- */

static bool may_open(void *owner, const struct net_place *target)
{
	return net_addr_equal(&target->addr, &((struct scene *)owner)->server_addr);
}

static void on_far_closed(void *owner, const struct error *why)
{
	(void)why;
	((struct scene *)owner)->far = NULL;
}

static const struct net_tunnel_events far_events = { NULL, may_open, on_far_closed };

static struct net_tunnel_settings tunnel_settings(unsigned side)
{
	return (struct net_tunnel_settings){ .context = contexts[side], .keepalive_ms = 2000, .connect_ms = 5000, .streams_max = 4 };
}

static void on_tunnel(void *owner, int fd, const struct net_addr *peer)
{
	struct scene *s = owner;
	struct net_tunnel_settings settings = tunnel_settings(0);

	(void)peer;
	net_tunnel_close(s->far, "another one came");
	s->far = net_tunnel_create(s->loop, fd, true, &settings, &far_events, s);
}

/* The client's end of a pair goes into the tunnel, by the other end it talks. */
static void tunnel(enum net_poll_kind kind, const char *claim)
{
	struct error err = { 0 };
	struct scene s = { .loop = net_loop_create(kind, &err) };
	struct net_tunnel_client_settings settings = { .tunnel = tunnel_settings(1), .dial_ms = 5000, .wait_ms = 20000 };
	int fd = -1, pair[2];

	if (s.loop && serve(&s, &err))
		fd = listen_on("127.0.0.1:0", &settings.remote.addr, &err);
	if (fd >= 0)
		s.door = net_listener_create(s.loop, fd, on_tunnel, &s, &err);
	if (s.door && socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) < 0)
		error_set_errno(&err, errno, "socketpair");
	else if (s.door) {
		s.near = net_tunnel_client_create(s.loop, &settings, NULL, NULL);
		net_tunnel_client_open(s.near, pair[1], &(struct net_place){ .addr = s.server_addr });
		begin(&s.client, &s, pair[0]);
		rig_run(s.loop, &s.done, PLAY_HANG_MS);
		judge(&s, claim);
	}
	CHECK_ROW(s.near || (a_fault_came() && err.text[0] != '\0'), claim);
	net_tunnel_client_destroy(s.near);
	net_tunnel_close(s.far, "the play is over");
	release(&s);
	net_loop_destroy(s.loop);
}

static bool make_keys(void)
{
	struct error err = { 0 };
	char *keys[2];

	for (unsigned i = 0; i < 2; i++) {
		keys[i] = net_tls_pin_new_key(&err);
		CHECK_ROW(keys[i] && net_tls_pin_of_key(bytes_text(keys[i]), &pins[i], &err), err.text);
	}
	for (unsigned i = 0; i < 2; i++)
		contexts[i] = net_tls_pin_context(i == 0, bytes_text(keys[i]), &pins[!i], 1, &err);
	free(keys[0]);
	free(keys[1]);
	return contexts[0] && contexts[1];
}

static const struct fault_play plays[] = {
	{ "forwarder", forward }, { "forwarder, reset", forward_reset }, { "datagram forwarder", forward_datagrams }, { "tunnel", tunnel },
};

int main(void)
{
	CHECK(make_keys());
	int failed = fault_plays_run(plays, sizeof plays / sizeof *plays);
	net_tls_context_unref(contexts[0]);
	net_tls_context_unref(contexts[1]);
	return failed;
}
