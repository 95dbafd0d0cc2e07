/* nettool tunnel connect: the local side; who connects to one of its addresses is connected to a target far away. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "netcore/net_listener.h"
#include "netcore/net_signal.h"
#include "netcore/net_socket.h"
#include "netcore/net_tunnel_client.h"
#include "nettool/nettool_address.h"
#include "nettool/nettool_tunnel.h"

#define DIAL_MS 10000
#define WAIT_MS 10000

struct side;

/* LOCAL TARGET of the command line. */
struct door {
	struct side *side;
	struct net_addr local;
	struct net_place target;        /* as the other side finds it */
	struct net_listener *listener;
};

struct side {
	const struct nettool_tunnel *how;
	struct net_loop *loop;
	struct net_tls_context *context;
	struct net_tunnel_client *client;
	struct net_worker *worker;      /* when the remote side is a name */
	struct net_signal *signals;
	struct door doors[NETTOOL_TUNNEL_TARGETS_MAX];
	size_t n_doors;
};

static void on_local(void *owner, int fd, const struct net_addr *peer)
{
	struct door *door = owner;

	(void)peer;
	net_tunnel_client_open(door->side->client, fd, &door->target);
}

static void on_up(void *owner, const struct net_addr *remote)
{
	char text[NET_ADDR_TEXT];

	(void)owner;
	log_info("tunnel", "up", "remote=%s", net_addr_format(remote, text));
}

static void on_down(void *owner, const struct error *why, int64_t retry_ms)
{
	(void)owner;
	log_warning("tunnel", "down", "retry_ms=%lld why=%s", (long long)retry_ms, why->text);
}

static const struct net_tunnel_client_events events = { on_up, on_down };

static void on_signal(void *owner, int number)
{
	struct side *side = owner;

	(void)number;
	net_loop_stop(side->loop);
}

static bool open_door(struct side *side, const char *local, const char *target, struct error *err)
{
	struct door *door = &side->doors[side->n_doors];
	char text[NET_ADDR_TEXT];

	door->side = side;
	if (!net_addr_parse(local, &door->local, err) || !net_place_parse(target, &door->target, err))
		return false;
	int fd = net_socket_listen(&door->local, err);
	if (fd < 0)
		return false;
	net_socket_local_addr(fd, &door->local);
	door->listener = net_listener_create(side->loop, fd, on_local, door, err);
	if (door->listener == NULL)
		return false;
	side->n_doors++;
	printf("listening on %s for %s\n", net_addr_format(&door->local, text), target);
	return true;
}

static bool open_side(struct side *side, const char *remote, char **pairs, int n_pairs, struct error *err)
{
	static const int numbers[] = { SIGINT, SIGTERM, 0 };
	struct net_tunnel_client_settings settings = {
		.tunnel = { NULL, side->how->keepalive_ms, NET_TUNNEL_CONNECT_MS, NET_TUNNEL_STREAMS_MAX, NULL }, .dial_ms = DIAL_MS, .wait_ms = WAIT_MS,
	};

	side->context = settings.tunnel.context = nettool_tunnel_context(side->how, false, err);
	if (side->context == NULL || !net_place_parse(remote, &settings.remote, err))
		return false;
	if (!nettool_places_look_up(side->loop, &side->worker, &settings.remote, 1, err))
		return false;
	settings.worker = side->worker;
	side->signals = net_signal_create(side->loop, numbers, on_signal, side, err);
	if (side->signals == NULL)
		return false;
	for (int i = 0; i < n_pairs; i++)
		if (!open_door(side, pairs[2 * i], pairs[2 * i + 1], err))
			return false;
	side->client = net_tunnel_client_create(side->loop, &settings, &events, side);
	fflush(stdout);
	return true;
}

static void close_door(struct door *door)
{
	char text[NET_ADDR_TEXT];

	net_listener_destroy(door->listener);
	if (net_addr_family(&door->local) == AF_UNIX)
		unlink(net_addr_format(&door->local, text) + strlen("unix:"));
}

int nettool_tunnel_connect(const struct nettool_tunnel *how, const char *remote, char **pairs, int n_pairs)
{
	struct error err = { 0 };
	struct side *side = xcalloc(1, sizeof *side);

	side->how = how;
	side->loop = net_loop_create(net_poll_kind_default(), &err);
	bool open = side->loop && open_side(side, remote, pairs, n_pairs, &err);
	if (open)
		net_loop_run(side->loop);
	else
		fprintf(stderr, "nettool tunnel: %s\n", err.text);
	for (size_t i = 0; i < side->n_doors; i++)
		close_door(&side->doors[i]);
	net_tunnel_client_destroy(side->client);
	net_signal_destroy(side->signals);
	while (side->loop && net_loop_endings(side->loop) > 0)
		net_loop_run_once(side->loop, -1);
	net_worker_destroy(side->worker);
	net_loop_destroy(side->loop);
	net_tls_context_unref(side->context);
	free(side);
	return open ? EX_OK : EX_UNAVAILABLE;
}
