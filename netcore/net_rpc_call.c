/* The caller's side over datagrams: ask, repeat, give up. */
#include <stdlib.h>

#include "base/memory.h"
#include "base/random.h"
#include "netcore/net_datagram.h"
#include "netcore/net_rpc.h"
#include "netcore/net_socket.h"
#include "netcore/net_timer.h"

static const int waits_ms[] = { 500, 1000, 2000 };
#define SENDS_MAX (sizeof waits_ms / sizeof *waits_ms)

struct net_rpc_call {
	struct net_loop *loop;
	struct net_datagram *socket;
	struct net_timer repeat;
	net_rpc_reply_fn *fn;
	void *owner;
	uint64_t id;
	struct buffer request;
	unsigned n_sent;
	struct error failure;           /* what the kernel told of an earlier try */
};

static void release(struct net_rpc_call *c)
{
	net_timer_stop(&c->repeat);
	net_datagram_close(c->socket);
	buffer_release(&c->request);
	net_loop_free_later(c->loop, c);
}

static void answer(struct net_rpc_call *c, const struct bytes *reply, const struct error *err)
{
	net_rpc_reply_fn *fn = c->fn;
	void *owner = c->owner;
	unsigned n_sent = c->n_sent;

	release(c);
	fn(owner, reply, n_sent, err);
}

static void send_it(void *owner)
{
	struct net_rpc_call *c = owner;
	struct error err = { 0 };
	char text[40] = "";

	if (c->n_sent == SENDS_MAX) {
		if (c->failure.kind != ERROR_NONE)
			bytes_copy_text(BYTES(" (nobody listens there)"), text, sizeof text);
		error_set(&err, ERROR_TRY_LATER, "no answer to %u requests%s", c->n_sent, text);
		answer(c, NULL, &err);
		return;
	}
	net_datagram_send(c->socket, NULL, NULL, buffer_bytes(&c->request), NULL);
	net_timer_start(&c->repeat, c->loop, waits_ms[c->n_sent++], send_it, c);
}

static void on_received(void *owner, const struct net_datagram_received *r)
{
	struct net_rpc_call *c = owner;
	struct net_rpc_message m;
	struct error err = { 0 };

	/* Anything else may be late or somebody's guess: the right one may still come. */
	if (r->is_truncated || net_rpc_parse(r->octets, &m) != NET_RPC_OK || m.id != c->id || m.kind == NET_RPC_REQUEST)
		return;
	if (m.kind == NET_RPC_REPLY) {
		answer(c, &m.body, NULL);
		return;
	}
	error_set(&err, ERROR_DENIED, "the server says: %.*s", BYTES_PRINT(bytes_slice(m.body, 0, 160)));
	answer(c, NULL, &err);
}

static void on_failed(void *owner, const struct net_addr *to, const struct error *why)
{
	struct net_rpc_call *c = owner;

	(void)to;
	c->failure = *why;              /* a server that starts again may answer the next */
}

static const struct net_datagram_events events = { on_received, NULL, on_failed };

struct net_rpc_call *net_rpc_call_start(struct net_loop *loop, const struct net_addr *server, struct bytes body, net_rpc_reply_fn *fn, void *owner,
                                        struct error *err)
{
	int fd = -1;

	if (body.len > NET_RPC_BODY_MAX)
		error_set(err, ERROR_LIMIT, "a request has at most %u octets", NET_RPC_BODY_MAX);
	else
		fd = net_socket_connect_datagram(server, err);
	if (fd < 0)
		return NULL;
	struct net_rpc_call *c = xcalloc(1, sizeof *c);
	*c = (struct net_rpc_call){ .loop = loop, .fn = fn, .owner = owner, .id = random_u64() };
	c->socket = net_datagram_create(loop, fd, &events, c, err);
	if (c->socket == NULL) {
		free(c);
		return NULL;
	}
	net_datagram_set_receive_max(c->socket, NET_RPC_HEAD + NET_RPC_BODY_MAX);
	net_rpc_format(&c->request, &(struct net_rpc_message){ c->id, NET_RPC_REQUEST, body });
	send_it(c);
	return c;
}

void net_rpc_call_cancel(struct net_rpc_call *c)
{
	if (c)
		release(c);
}
