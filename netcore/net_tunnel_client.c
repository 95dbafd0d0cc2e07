#include "netcore/net_tunnel_client.h"

#include "base/list.h"
#include "base/memory.h"
#include "base/random.h"
#include "netcore/net_connect.h"
#include "netcore/net_socket.h"
#include "netcore/net_timer.h"

#define RETRY_MIN_MS 500
#define RETRY_MAX_MS 30000

struct net_tunnel_client {
	struct net_loop *loop;
	struct net_tunnel_client_settings settings;
	const struct net_tunnel_client_events *events;
	void *owner;
	struct net_connect *connect;
	struct net_tunnel *tunnel;
	bool is_up;                     /* streams may be opened in it */
	struct net_timer retry;
	int64_t retry_ms;               /* the next pause, before its random part */
	struct list waiting;
};

/* A stream that came while there was no tunnel. */
struct waiter {
	struct net_tunnel_client *client;
	struct list_node node;
	struct net_timer patience;
	int fd;
	struct net_place target;
};

static void dial(void *owner);

static void waiter_leave(struct waiter *w)
{
	net_timer_stop(&w->patience);
	list_remove(&w->client->waiting, &w->node);
	net_loop_free_later(w->client->loop, w);
}

static void waiter_lost_patience(void *owner)
{
	struct waiter *w = owner;

	net_socket_close(w->fd);
	waiter_leave(w);
}

static void on_ready(void *owner)
{
	struct net_tunnel_client *c = owner;

	c->is_up = true;
	c->retry_ms = RETRY_MIN_MS;
	if (c->events->up)
		c->events->up(c->owner, net_tunnel_peer_addr(c->tunnel));
	while (!list_is_empty(&c->waiting)) {
		struct waiter *w = LIST_OWNER(c->waiting.first, struct waiter, node);
		net_tunnel_open(c->tunnel, w->fd, &w->target);
		waiter_leave(w);
	}
}

static void try_later(struct net_tunnel_client *c, const struct error *why)
{
	int64_t pause_ms = c->retry_ms + random_below((uint32_t)c->retry_ms / 4 + 1);

	c->retry_ms = c->retry_ms * 2 < RETRY_MAX_MS ? c->retry_ms * 2 : RETRY_MAX_MS;
	net_timer_start(&c->retry, c->loop, pause_ms, dial, c);
	if (c->events->down)
		c->events->down(c->owner, why, pause_ms);
}

static void on_closed(void *owner, const struct error *why)
{
	struct net_tunnel_client *c = owner;

	c->tunnel = NULL;
	c->is_up = false;
	try_later(c, why);
}

static const struct net_tunnel_events tunnel_events = { on_ready, NULL, on_closed };

static void on_connected(void *owner, int fd, const struct net_addr *addr, const struct error *err)
{
	struct net_tunnel_client *c = owner;

	(void)addr;
	c->connect = NULL;
	if (fd >= 0)
		c->tunnel = net_tunnel_create(c->loop, fd, false, &c->settings.tunnel, &tunnel_events, c);
	else
		try_later(c, err);
}

static void dial(void *owner)
{
	struct net_tunnel_client *c = owner;

	c->connect = net_connect_place(c->loop, c->settings.worker, &c->settings.remote, c->settings.dial_ms, on_connected, c);
}

struct net_tunnel_client *net_tunnel_client_create(struct net_loop *loop, const struct net_tunnel_client_settings *settings,
                                                   const struct net_tunnel_client_events *events, void *owner)
{
	static const struct net_tunnel_client_events none = { 0 };
	struct net_tunnel_client *c = xcalloc(1, sizeof *c);

	c->loop = loop;
	c->settings = *settings;
	net_tls_context_ref(settings->tunnel.context);
	c->events = events ? events : &none;
	c->owner = owner;
	c->retry_ms = RETRY_MIN_MS;
	dial(c);
	return c;
}

void net_tunnel_client_open(struct net_tunnel_client *c, int fd, const struct net_place *target)
{
	if (c->is_up) {
		net_tunnel_open(c->tunnel, fd, target);
		return;
	}
	if (c->waiting.n >= c->settings.tunnel.streams_max) {
		net_socket_close(fd);
		return;
	}
	struct waiter *w = xcalloc(1, sizeof *w);
	w->client = c;
	w->fd = fd;
	w->target = *target;
	list_append(&c->waiting, &w->node);
	net_timer_start(&w->patience, c->loop, c->settings.wait_ms, waiter_lost_patience, w);
}

void net_tunnel_client_destroy(struct net_tunnel_client *c)
{
	if (c == NULL)
		return;
	net_timer_stop(&c->retry);
	net_connect_cancel(c->connect);
	net_tunnel_close(c->tunnel, "the tunnel's client ends");
	while (!list_is_empty(&c->waiting))
		waiter_lost_patience(LIST_OWNER(c->waiting.first, struct waiter, node));
	net_tls_context_unref(c->settings.tunnel.context);
	net_loop_free_later(c->loop, c);
}
