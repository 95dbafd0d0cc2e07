/* The server of `nettool peer`: brings two clients together, prints what they say, parts them. */
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "base/list.h"
#include "base/memory.h"
#include "base/text.h"
#include "netcore/net_line.h"
#include "netcore/net_listener.h"
#include "netcore/net_socket.h"
#include "netcore/net_stream.h"
#include "nettool/nettool_peer.h"
#include "nettool/nettool_program.h"

#define GUESTS_MAX 100

struct server {
	struct nettool_program program;
	struct net_listener *listener;
	struct list guests;
	struct guest *waiting;          /* has said its port, and is alone */
	uint64_t last_id;
};

struct guest {
	struct server *server;
	struct list_node node;
	struct net_stream *stream;
	struct net_line reader;
	struct guest *other;
	struct net_addr udp;
	uint64_t id;
};

static void remove_guest(struct guest *g, const char *last_words)
{
	struct server *server = g->server;

	if (server->waiting == g)
		server->waiting = NULL;
	if (g->other)
		g->other->other = NULL;
	list_remove(&server->guests, &g->node);
	net_stream_write(g->stream, bytes_text(last_words));
	net_stream_finish(g->stream);
	free(g);
}

/* One leaves: that ends it for both. */
static void part(struct guest *g, const char *last_words)
{
	struct guest *other = g->other;

	if (other) {
		printf("%llu and %llu parted\n", (unsigned long long)g->id, (unsigned long long)other->id);
		fflush(stdout);
	}
	remove_guest(g, last_words);
	if (other)
		remove_guest(other, "exit\r\n");
}

static void introduce(struct guest *g, struct guest *to)
{
	char text[NET_ADDR_TEXT];

	g->other = to;
	net_stream_printf(g->stream, "you %llu\r\npeer %s\r\n", (unsigned long long)g->id, net_addr_format(&to->udp, text));
}

static bool take_port(struct guest *g, struct bytes text)
{
	struct server *server = g->server;
	uint64_t port;

	if (g->udp.len > 0 || !bytes_to_u64(text, 65535, &port) || port == 0)
		return false;
	g->udp = *net_stream_peer_addr(g->stream);
	net_addr_set_port(&g->udp, (int)port);
	if (server->waiting == NULL) {
		server->waiting = g;
		return true;
	}
	struct guest *first = server->waiting;
	server->waiting = NULL;
	introduce(first, g);
	introduce(g, first);
	return true;
}

static bool take_words(struct guest *g, struct bytes text)
{
	struct buffer shown = { 0 };

	if (g->other == NULL)
		return false;
	text_escape(&shown, text);
	printf("%llu: %s\n", (unsigned long long)g->id, shown.len > 0 ? shown.at : "");
	fflush(stdout);
	buffer_release(&shown);
	return true;
}

/* False: the guest is gone. */
static bool take_line(struct guest *g, struct bytes line)
{
	bool known = bytes_starts(line, BYTES("udp ")) ? take_port(g, bytes_skip(line, 4)) : bytes_starts(line, BYTES("say ")) && take_words(g, bytes_skip(line, 4));

	if (known)
		return true;
	part(g, bytes_equal(line, BYTES("exit")) ? "exit\r\n" : "error that is not understood here\r\n");
	return false;
}

static void on_input(void *owner)
{
	struct guest *g = owner;
	struct bytes line;
	enum net_line_status status;

	while ((status = net_line_read(&g->reader, g->stream, &line)) == NET_LINE_READY) {
		if (!take_line(g, line))
			return;
		net_line_done(g->stream, line);
	}
	if (status != NET_LINE_NONE)
		part(g, "error a line has at most 4096 octets, ends with CR LF and holds no NUL\r\n");
}

static void on_closed(void *owner, const struct error *why)
{
	(void)why;
	part(owner, "");
}

static const struct net_stream_events events = { on_input, NULL, NULL, on_closed };

static void on_guest(void *owner, int fd, const struct net_addr *peer)
{
	struct server *server = owner;

	(void)peer;
	if (server->guests.n >= GUESTS_MAX) {
		net_socket_close(fd);
		return;
	}
	struct guest *g = xcalloc(1, sizeof *g);
	*g = (struct guest){ .server = server, .reader = { .limit = NETTOOL_PEER_LINE_MAX }, .id = ++server->last_id };
	list_append(&server->guests, &g->node);
	net_socket_set_nodelay(fd);
	g->stream = net_stream_create(server->program.loop, fd, &events, g, NULL);
}

int nettool_peer_serve(const struct net_addr *at)
{
	struct server server = { 0 };
	struct error err = { 0 };
	int fd;

	if (nettool_program_open(&server.program, "peer")) {
		fd = net_socket_listen(at, &err);
		if (fd < 0 || (server.listener = net_listener_create(server.program.loop, fd, on_guest, &server, &err)) == NULL)
			nettool_program_end(&server.program, EX_UNAVAILABLE, err.text);
		else
			nettool_program_say_listening("", fd);
		nettool_program_run(&server.program);
		net_listener_destroy(server.listener);
		struct list_node *node;
		while ((node = list_take_first(&server.guests)) != NULL)
			remove_guest(LIST_OWNER(node, struct guest, node), "exit\r\n");
	}
	return nettool_program_close(&server.program);
}
