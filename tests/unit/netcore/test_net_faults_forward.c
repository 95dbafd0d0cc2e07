/* Faults of forwarders, over streams and over datagrams, and of a tunnel: a client that asks, a server that answers, and all of it between them. */
#define _GNU_SOURCE
#include "tests/unit/netcore/fault_talk.h"

#include <stdlib.h>

#include "netcore/net_datagram.h"
#include "netcore/net_datagram_forwarder.h"
#include "netcore/net_forwarder.h"
#include "netcore/net_tls_pin.h"
#include "netcore/net_tunnel_client.h"

static struct net_tls_context *contexts[2];     /* accepting, connecting */
static struct net_tls_pin pins[2];

struct scene {
	struct fault_talk talk;
	struct net_listener *door;              /* of the tunnel's far side */
	struct net_forwarder *forwarder;
	struct net_tunnel *far;
	struct net_tunnel_client *near;
	struct net_addr server_addr;
	unsigned n_conversations_ended;
};

static struct scene begin_scene(enum net_poll_kind kind, struct error *err)
{
	return (struct scene){ .talk = { .loop = net_loop_create(kind, err), .deadline_ms = 20000 } };
}

/* The server waits, and the port in front of it is open: its descriptor and address. */
static int serve(struct scene *s, struct net_addr *front, struct error *err)
{
	if (s->talk.loop == NULL || !fault_talk_serve(&s->talk, "127.0.0.1:0", &s->server_addr, err))
		return -1;
	return fault_talk_listen("127.0.0.1:0", front, err);
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
	struct scene s = begin_scene(kind, &err);
	struct fault_talk *t = &s.talk;
	struct net_forwarder_settings settings = { .connect_ms = 5000, .forward = { .idle_ms = 10000, .half_open_ms = 5000 } };
	struct net_addr front;
	int fd = serve(&s, &front, &err);

	settings.target.addr = s.server_addr;
	if (fd >= 0)
		s.forwarder = net_forwarder_create(t->loop, fd, &settings, &events, &s, &err);
	if (s.forwarder) {
		t->connect = net_connect_start(t->loop, &front, 1, 5000, fault_talk_on_connected, t);
		rig_run(t->loop, &t->done, PLAY_HANG_MS);
		fault_talk_judge(t, claim);
	} else {
		CHECK_ROW(a_fault_came() && err.text[0] != '\0', claim);
	}
	fault_talk_release(t);
	if (s.forwarder) {
		uint64_t accepted = net_forwarder_counts(s.forwarder).accepted;
		net_forwarder_destroy(s.forwarder);
		CHECK_ROW(s.n_conversations_ended == accepted, claim);
	}
	net_loop_destroy(t->loop);
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
	s->far = net_tunnel_create(s->talk.loop, fd, true, &settings, &far_events, s);
}

/* The client's end of a pair goes into the tunnel, by the other end it talks. */
static void tunnel(enum net_poll_kind kind, const char *claim)
{
	struct error err = { 0 };
	struct scene s = begin_scene(kind, &err);
	struct fault_talk *t = &s.talk;
	struct net_tunnel_client_settings settings = { .tunnel = tunnel_settings(1), .dial_ms = 5000, .wait_ms = 20000 };
	int fd = serve(&s, &settings.remote.addr, &err), pair[2];

	if (fd >= 0)
		s.door = net_listener_create(t->loop, fd, on_tunnel, &s, &err);
	if (s.door && socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) < 0)
		error_set_errno(&err, errno, "socketpair");
	else if (s.door) {
		s.near = net_tunnel_client_create(t->loop, &settings, NULL, NULL);
		net_tunnel_client_open(s.near, pair[1], &(struct net_place){ .addr = s.server_addr });
		fault_talk_begin(&t->client, t, pair[0]);
		rig_run(t->loop, &t->done, PLAY_HANG_MS);
		fault_talk_judge(t, claim);
	}
	CHECK_ROW(s.near || (a_fault_came() && err.text[0] != '\0'), claim);
	net_tunnel_client_destroy(s.near);
	net_tunnel_close(s.far, "the play is over");
	fault_talk_release(t);
	net_listener_destroy(s.door);
	net_loop_destroy(t->loop);
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
