/* Faults of a request and its reply over datagrams, and over a stream behind a proxy's header. */
#define _GNU_SOURCE
#include "tests/unit/netcore/fault_plays.h"

#include "netcore/net_connect.h"
#include "netcore/net_listener.h"
#include "netcore/net_proxy_header.h"
#include "netcore/net_rpc.h"
#include "netcore/net_stream.h"

/* ---- datagrams: repeated, but worked on once ---- */

struct call {
	unsigned n_worked;
	bool done, answered, wrong;
	struct error why;
};

static enum net_rpc_kind on_request(void *owner, const struct net_addr *peer, struct bytes body, struct buffer *out)
{
	struct call *c = owner;

	(void)peer;
	c->n_worked++;
	buffer_add_bytes(out, body);
	return NET_RPC_REPLY;
}

static void on_reply(void *owner, const struct bytes *reply, unsigned n_sent, const struct error *err)
{
	struct call *c = owner;

	(void)n_sent;
	c->done = true;
	c->answered = reply != NULL;
	c->wrong = reply && !bytes_equal(*reply, BYTES("work"));
	if (reply == NULL)
		c->why = *err;
}

static void datagrams(enum net_poll_kind kind, const char *claim)
{
	struct error err = { 0 };
	struct call c = { .n_worked = 0 };
	struct net_addr any = rig_addr("127.0.0.1:0"), real = { 0 };
	struct net_loop *loop = net_loop_create(kind, &err);
	struct net_rpc_server *server = NULL;
	struct net_rpc_call *call = NULL;
	int fd = loop ? net_socket_bind_datagram(&any, &err) : -1;
	bool known = fd >= 0 && net_socket_local_addr(fd, &real);

	if (fd >= 0)
		server = net_rpc_server_create(loop, fd, on_request, &c, &err);
	if (server && known)
		call = net_rpc_call_start(loop, &real, BYTES("work"), on_reply, &c, &err);
	if (call) {
		CHECK_ROW(rig_run(loop, &c.done, PLAY_HANG_MS) && !c.wrong, claim);
		CHECK_ROW(c.answered ? c.n_worked == 1 : a_fault_came() && c.why.text[0] != '\0', claim);
	} else {
		CHECK_ROW(a_fault_came() && (err.text[0] != '\0' || (fd >= 0 && !known)), claim);
	}
	net_rpc_server_destroy(server);
	net_loop_destroy(loop);
}

/* ---- a stream: header, request, reply ---- */

#define HEADER "PROXY TCP4 192.0.2.7 192.0.2.8 4711 25\r\n"

struct scene {
	struct net_loop *loop;
	struct net_listener *listener;
	struct net_connect *connect;
	struct net_stream *client, *server;
	struct net_proxy_header header;
	bool has_header, bad, answered, done;
	struct error why;
};

static void on_server_input(void *owner)
{
	struct scene *s = owner;
	struct net_rpc_message m;
	struct buffer out = { 0 };
	size_t used = 0;

	if (!s->has_header) {
		enum net_proxy_header_status status = net_proxy_header_parse(net_stream_input(s->server), &s->header, &used);
		s->bad = s->bad || status == NET_PROXY_HEADER_BAD;
		if (status != NET_PROXY_HEADER_OK)
			return;
		s->has_header = true;
		net_stream_consume(s->server, used);
	}
	enum net_rpc_status status = net_rpc_stream_parse(net_stream_input(s->server), &m, &used);
	s->bad = s->bad || (status != NET_RPC_OK && status != NET_RPC_MORE);
	if (status != NET_RPC_OK)
		return;
	net_rpc_stream_format(&out, &(struct net_rpc_message){ m.id, NET_RPC_REPLY, m.body });
	net_stream_consume(s->server, used);
	net_stream_write(s->server, buffer_bytes(&out));
	buffer_release(&out);
}

static void on_server_closed(void *owner, const struct error *why)
{
	struct scene *s = owner;

	(void)why;
	net_stream_finish(s->server);
	s->server = NULL;
}

static void on_guest(void *owner, int fd, const struct net_addr *peer)
{
	static const struct net_stream_events events = { on_server_input, NULL, NULL, on_server_closed };
	struct scene *s = owner;

	(void)peer;
	s->server = net_stream_create(s->loop, fd, &events, s, NULL);
}

static void on_client_input(void *owner)
{
	struct scene *s = owner;
	struct net_rpc_message m;
	size_t used;
	enum net_rpc_status status = net_rpc_stream_parse(net_stream_input(s->client), &m, &used);

	if (status == NET_RPC_MORE)
		return;
	s->done = true;
	s->answered = status == NET_RPC_OK && m.id == 4711 && m.kind == NET_RPC_REPLY && bytes_equal(m.body, BYTES("work"));
	s->bad = s->bad || !s->answered;
}

static void on_client_closed(void *owner, const struct error *why)
{
	struct scene *s = owner;

	s->why = *why;
	s->done = true;
	net_stream_close(s->client);
	s->client = NULL;
}

static void on_connected(void *owner, int fd, const struct net_addr *addr, const struct error *err)
{
	static const struct net_stream_events events = { on_client_input, NULL, NULL, on_client_closed };
	struct scene *s = owner;
	struct buffer out = { 0 };

	(void)addr;
	s->connect = NULL;
	if (fd < 0) {
		s->why = *err;
		s->done = true;
		return;
	}
	s->client = net_stream_create(s->loop, fd, &events, s, NULL);
	net_stream_set_deadline(s->client, 5000);
	buffer_add_bytes(&out, BYTES(HEADER));
	net_rpc_stream_format(&out, &(struct net_rpc_message){ 4711, NET_RPC_REQUEST, BYTES("work") });
	net_stream_write(s->client, buffer_bytes(&out));
	buffer_release(&out);
}

static void stream(enum net_poll_kind kind, const char *claim)
{
	struct error err = { 0 };
	struct scene s = { .loop = net_loop_create(kind, &err) };
	struct net_addr any = rig_addr("127.0.0.1:0"), real;
	int fd = s.loop ? net_socket_listen(&any, &err) : -1;
	char text[NET_ADDR_TEXT];
	bool known = fd >= 0 && net_socket_local_addr(fd, &real);

	if (fd >= 0)
		s.listener = net_listener_create(s.loop, fd, on_guest, &s, &err);
	if (s.listener && known) {
		s.connect = net_connect_start(s.loop, &real, 1, 5000, on_connected, &s);
		CHECK_ROW(rig_run(s.loop, &s.done, PLAY_HANG_MS) && !s.bad, claim);
		CHECK_ROW(s.answered || (a_fault_came() && s.why.text[0] != '\0'), claim);
		if (s.answered)
			CHECK_TEXT(net_addr_format(&s.header.client, text), "192.0.2.7:4711", claim);
	} else {
		CHECK_ROW(a_fault_came() && (err.text[0] != '\0' || (fd >= 0 && !known)), claim);
	}
	net_connect_cancel(s.connect);
	net_stream_close(s.client);
	net_stream_close(s.server);
	net_listener_destroy(s.listener);
	net_loop_destroy(s.loop);
}

static const struct fault_play plays[] = { { "datagrams", datagrams }, { "stream behind a proxy", stream } };

int main(void)
{
	fault_plays_partly = true;      /* rpc has no calls of its own: every place it goes to is another file's */
	return fault_plays_run(plays, sizeof plays / sizeof *plays);
}
