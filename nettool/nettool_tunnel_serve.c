/* nettool tunnel serve: the remote side; it connects to the targets. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "base/list.h"
#include "base/log.h"
#include "base/memory.h"
#include "netcore/net_listener.h"
#include "netcore/net_signal.h"
#include "netcore/net_socket.h"
#include "nettool/nettool_address.h"
#include "nettool/nettool_tunnel.h"

#define CLIENTS_MAX 256

struct side {
	const struct nettool_tunnel *how;
	struct net_loop *loop;
	struct net_tls_context *context;
	struct net_listener *listener;
	struct net_signal *signals;
	struct net_worker *worker;      /* when targets are names */
	struct list clients;
};

struct client {
	struct side *side;
	struct list_node node;
	struct net_tunnel *tunnel;
	char name[NET_ADDR_TEXT];
};

static void on_ready(void *owner)
{
	const struct client *c = owner;

	log_info("tunnel", "up", "client=%s", c->name);
}

static bool may_open(void *owner, const struct net_place *target)
{
	const struct nettool_tunnel *how = ((struct client *)owner)->side->how;

	for (size_t i = 0; i < how->n_targets; i++)
		if (net_place_equal(&how->targets[i], target))
			return true;
	return false;
}

static void on_closed(void *owner, const struct error *why)
{
	struct client *c = owner;

	log_info("tunnel", "down", "client=%s why=%s", c->name, why->text);
	list_remove(&c->side->clients, &c->node);
	net_loop_free_later(c->side->loop, c);
}

static const struct net_tunnel_events events = { on_ready, may_open, on_closed };

static void on_client(void *owner, int fd, const struct net_addr *peer)
{
	struct side *side = owner;
	struct net_tunnel_settings settings = { side->context, side->how->keepalive_ms, NET_TUNNEL_CONNECT_MS, NET_TUNNEL_STREAMS_MAX, side->worker };

	if (side->clients.n >= CLIENTS_MAX) {
		net_socket_close(fd);
		return;
	}
	struct client *c = xcalloc(1, sizeof *c);
	c->side = side;
	net_addr_format(peer, c->name);
	list_append(&side->clients, &c->node);
	c->tunnel = net_tunnel_create(side->loop, fd, true, &settings, &events, c);
}

static void on_signal(void *owner, int number)
{
	struct side *side = owner;

	(void)number;
	net_loop_stop(side->loop);
}

static bool open_side(struct side *side, const char *listen, struct error *err)
{
	static const int numbers[] = { SIGINT, SIGTERM, 0 };
	struct net_addr at;
	char text[NET_ADDR_TEXT];

	side->context = nettool_tunnel_context(side->how, true, err);
	if (side->context == NULL || !net_addr_parse(listen, &at, err))
		return false;
	if (!nettool_places_look_up(side->loop, &side->worker, side->how->targets, side->how->n_targets, err))
		return false;
	int fd = net_socket_listen(&at, err);
	if (fd < 0)
		return false;
	net_socket_local_addr(fd, &at);
	side->listener = net_listener_create(side->loop, fd, on_client, side, err);
	side->signals = net_signal_create(side->loop, numbers, on_signal, side, err);
	if (side->listener == NULL || side->signals == NULL)
		return false;
	printf("listening on %s\n", net_addr_format(&at, text));
	fflush(stdout);
	return true;
}

int nettool_tunnel_serve(const struct nettool_tunnel *how, const char *listen)
{
	struct error err = { 0 };
	struct side side = { .how = how, .loop = net_loop_create(net_poll_kind_default(), &err) };
	bool open = side.loop && open_side(&side, listen, &err);
	struct list_node *node;

	if (open)
		net_loop_run(side.loop);
	else
		fprintf(stderr, "nettool tunnel: %s\n", err.text);
	net_listener_destroy(side.listener);
	net_signal_destroy(side.signals);
	while ((node = list_take_first(&side.clients)) != NULL) {
		struct client *c = LIST_OWNER(node, struct client, node);
		net_tunnel_close(c->tunnel, "the remote side ends");
		free(c);
	}
	while (side.loop && net_loop_endings(side.loop) > 0)
		net_loop_run_once(side.loop, -1);
	net_worker_destroy(side.worker);
	net_loop_destroy(side.loop);
	net_tls_context_unref(side.context);
	return open ? EX_OK : EX_UNAVAILABLE;
}
