/* nettool rpc: a server that squares numbers for its callers, over datagrams at most once each, or over a stream; and a caller. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/list.h"
#include "base/memory.h"
#include "netcore/net_connect.h"
#include "netcore/net_limit.h"
#include "netcore/net_listener.h"
#include "netcore/net_rpc.h"
#include "netcore/net_socket.h"
#include "netcore/net_stream.h"
#include "nettool/nettool_address.h"
#include "nettool/nettool_commands.h"
#include "nettool/nettool_program.h"
#include "nettool/nettool_square.h"

#define CALL_MS 3500
#define IDLE_MS (60 * 1000)
#define CALLERS_MAX 1000

/* ---- serve ---- */

struct server {
	struct nettool_program program;
	struct net_rpc_server *datagrams;
	struct net_listener *listener;
	struct net_limit *limit;
	struct list callers;            /* over streams */
};

struct caller {
	struct server *server;
	struct list_node node;
	struct net_stream *stream;
	struct net_addr peer;
};

static enum net_rpc_kind square_for(void *owner, const struct net_addr *peer, struct bytes number, struct buffer *out)
{
	char text[NET_ADDR_TEXT];
	const char *complaint = nettool_square(number, out);

	(void)owner;
	if (complaint)
		buffer_add_text(out, complaint);
	fprintf(stderr, "nettool rpc: %s asks about %zu octets: %s\n", net_addr_format(peer, text), number.len, complaint ? complaint : "squared");
	return complaint ? NET_RPC_ERROR : NET_RPC_REPLY;
}

static void caller_leave(struct caller *c)
{
	net_stream_finish(c->stream);
	net_limit_leave(c->server->limit, &c->peer);
	list_remove(&c->server->callers, &c->node);
	free(c);
}

static bool reply(struct caller *c, uint64_t id, enum net_rpc_kind kind, struct bytes body)
{
	struct buffer out = { 0 };

	net_rpc_stream_format(&out, &(struct net_rpc_message){ id, kind, body });
	bool more = net_stream_write(c->stream, buffer_bytes(&out));
	buffer_release(&out);
	return more;
}

static void caller_input(void *owner)
{
	struct caller *c = owner;
	struct net_rpc_message m;
	size_t used;

	net_stream_set_deadline(c->stream, IDLE_MS);
	for (;;) {
		enum net_rpc_status status = net_rpc_stream_parse(net_stream_input(c->stream), &m, &used);
		if (status == NET_RPC_MORE)
			return;
		if (status != NET_RPC_OK || m.kind != NET_RPC_REQUEST) {
			reply(c, 0, NET_RPC_ERROR, status == NET_RPC_TOO_LONG ? BYTES("the request is too long") : BYTES("this is no request"));
			caller_leave(c);
			return;
		}
		struct buffer body = { 0 };
		enum net_rpc_kind kind = square_for(c->server, &c->peer, m.body, &body);
		if (!reply(c, m.id, kind, buffer_bytes(&body)))
			net_stream_pause(c->stream);
		buffer_release(&body);
		net_stream_consume(c->stream, used);
	}
}

static void caller_drained(void *owner)
{
	struct caller *c = owner;

	net_stream_resume(c->stream);
}

static void caller_closed(void *owner, const struct error *why)
{
	(void)why;
	caller_leave(owner);
}

static const struct net_stream_events caller_events = { caller_input, caller_drained, NULL, caller_closed };

static void on_caller(void *owner, int fd, const struct net_addr *peer)
{
	struct server *server = owner;

	if (net_limit_enter(server->limit, peer) != NET_LIMIT_OK) {
		net_socket_close(fd);
		return;
	}
	struct caller *c = xcalloc(1, sizeof *c);
	c->server = server;
	c->peer = *peer;
	list_append(&server->callers, &c->node);
	net_socket_set_nodelay(fd);
	c->stream = net_stream_create(server->program.loop, fd, &caller_events, c, NULL);
	net_stream_set_deadline(c->stream, IDLE_MS);
}

static int serve(enum nettool_transport transport, const struct net_addr *at)
{
	struct server server = { 0 };
	struct error err = { 0 };
	bool is_datagram = transport == NETTOOL_DATAGRAM, open = false;
	char text[NET_ADDR_TEXT];

	if (nettool_program_open(&server.program, "rpc")) {
		server.limit = net_limit_create(CALLERS_MAX, 0, NULL, 0);
		int fd = is_datagram ? net_socket_bind_datagram(at, &err) : net_socket_listen(at, &err);
		open = fd >= 0;
		if (open && is_datagram)
			server.datagrams = net_rpc_server_create(server.program.loop, fd, square_for, &server, &err);
		else if (open)
			server.listener = net_listener_create(server.program.loop, fd, on_caller, &server, &err);
		if (server.datagrams == NULL && server.listener == NULL)
			nettool_program_end(&server.program, EX_UNAVAILABLE, err.text);
		else
			nettool_program_say_listening(is_datagram ? "udp:" : "", fd);
		nettool_program_run(&server.program);
		net_rpc_server_destroy(server.datagrams);
		net_listener_destroy(server.listener);
		struct list_node *node;
		while ((node = list_take_first(&server.callers)) != NULL)
			caller_leave(LIST_OWNER(node, struct caller, node));
		net_limit_destroy(server.limit);
	}
	if (open && net_addr_family(at) == AF_UNIX)
		unlink(net_addr_format(at, text) + strlen("unix:"));
	return nettool_program_close(&server.program);
}

/* ---- call ---- */

struct asker {
	struct nettool_program program;
	struct net_addr at;
	char **numbers;
	int n;
	struct net_stream *stream;
	struct net_connect *connect;
};

static void ask_next(struct asker *a);

static void take_reply(struct asker *a, struct bytes body)
{
	printf("%.*s\n", BYTES_PRINT(body));
	fflush(stdout);
	a->numbers++;
	if (--a->n == 0)
		nettool_program_end(&a->program, EX_OK, NULL);
	else
		ask_next(a);
}

static void on_reply(void *owner, const struct bytes *body, unsigned n_sent, const struct error *err)
{
	struct asker *a = owner;

	(void)n_sent;
	if (body)
		take_reply(a, *body);
	else
		nettool_program_end(&a->program, err->kind == ERROR_TRY_LATER ? EX_TEMPFAIL : EX_DATAERR, err->text);
}

static void ask_next(struct asker *a)
{
	struct error err = { 0 };
	struct bytes number = bytes_text(a->numbers[0]);
	struct buffer out = { 0 };

	if (a->stream == NULL) {
		if (net_rpc_call_start(a->program.loop, &a->at, number, on_reply, a, &err) == NULL)
			nettool_program_end(&a->program, EX_UNAVAILABLE, err.text);
		return;
	}
	net_rpc_stream_format(&out, &(struct net_rpc_message){ (uint64_t)a->n, NET_RPC_REQUEST, number });
	net_stream_write(a->stream, buffer_bytes(&out));
	net_stream_set_deadline(a->stream, CALL_MS);
	buffer_release(&out);
}

static void asker_input(void *owner)
{
	struct asker *a = owner;
	struct net_rpc_message m;
	size_t used;
	char text[200];
	enum net_rpc_status status = net_rpc_stream_parse(net_stream_input(a->stream), &m, &used);

	if (status == NET_RPC_MORE)
		return;
	if (status != NET_RPC_OK || m.kind == NET_RPC_REQUEST) {
		nettool_program_end(&a->program, EX_PROTOCOL, "the server does not speak this protocol");
	} else if (m.kind == NET_RPC_ERROR) {
		snprintf(text, sizeof text, "the server says: %.*s", BYTES_PRINT(bytes_slice(m.body, 0, 160)));
		nettool_program_end(&a->program, EX_DATAERR, text);
	} else if (m.id == (uint64_t)a->n) {
		take_reply(a, m.body);
		net_stream_consume(a->stream, used);
	} else {
		nettool_program_end(&a->program, EX_PROTOCOL, "the server answers another question");
	}
}

static void asker_closed(void *owner, const struct error *why)
{
	struct asker *a = owner;

	nettool_program_end(&a->program, why->kind == ERROR_TRY_LATER ? EX_TEMPFAIL : EX_IOERR, why->text);
}

static const struct net_stream_events asker_events = { asker_input, NULL, NULL, asker_closed };

static void on_connected(void *owner, int fd, const struct net_addr *addr, const struct error *err)
{
	struct asker *a = owner;

	(void)addr;
	a->connect = NULL;
	if (fd < 0) {
		nettool_program_end(&a->program, EX_UNAVAILABLE, err->text);
		return;
	}
	net_socket_set_nodelay(fd);
	a->stream = net_stream_create(a->program.loop, fd, &asker_events, a, NULL);
	ask_next(a);
}

static int call(enum nettool_transport transport, const struct net_addr *at, char **numbers, int n)
{
	struct asker a = { .at = *at, .numbers = numbers, .n = n };

	for (int i = 0; i < n; i++)
		if (strlen(numbers[i]) > NET_RPC_BODY_MAX)
			return nettool_usage(&nettool_rpc, "a number has at most 4096 digits");
	if (nettool_program_open(&a.program, "rpc")) {
		if (transport == NETTOOL_DATAGRAM)
			ask_next(&a);
		else
			a.connect = net_connect_start(a.program.loop, at, 1, CALL_MS, on_connected, &a);
		nettool_program_run(&a.program);
		net_connect_cancel(a.connect);
		net_stream_close(a.stream);
	}
	return nettool_program_close(&a.program);
}

static int run(int argc, char **argv)
{
	enum nettool_transport transport;
	struct error err = { 0 };
	struct net_addr at;

	if (argc < 3)
		return nettool_usage(&nettool_rpc, "say what to do, and where");
	if (!nettool_address_parse(argv[2], &transport, &at, &err))
		return nettool_usage(&nettool_rpc, err.text);
	if (strcmp(argv[1], "serve") == 0 && argc == 3)
		return serve(transport, &at);
	if (strcmp(argv[1], "call") == 0 && argc > 3)
		return call(transport, &at, argv + 3, argc - 3);
	return nettool_usage(&nettool_rpc, "say \"serve ADDRESS\" or \"call ADDRESS NUMBER...\"");
}

const struct nettool_command nettool_rpc = {
	"rpc",
	"nettool rpc serve ADDRESS\nnettool rpc call ADDRESS NUMBER...",
	"a server that squares numbers of up to 4096 digits, over udp: at most once for each call; a caller of it",
	run,
	"A call over udp: is repeated after 0.5, 1 and 2 s and given up after 3.5 s (exit 75).\n"
	"example:\n"
	"  nettool rpc serve udp:127.0.0.1:7010\n"
	"  nettool rpc call udp:127.0.0.1:7010 12345678901234567890\n"
	"  152415787532388367501905199875019052100\n",
};
