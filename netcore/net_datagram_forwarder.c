#include "netcore/net_datagram_forwarder.h"

#include <errno.h>
#include <stdlib.h>

#include "base/list.h"
#include "base/log.h"
#include "base/map.h"
#include "base/memory.h"
#include "netcore/net_datagram.h"
#include "netcore/net_limit.h"
#include "netcore/net_socket.h"
#include "netcore/net_timer.h"

struct net_datagram_forwarder {
	struct net_loop *loop;
	struct net_forwarder_settings settings;
	struct net_forwarder_counts counts;
	struct net_datagram *clients;   /* where they send to */
	struct net_limit *limit;
	struct map *by_client;          /* association by the octets of its client's address */
	struct list associations;
};

struct association {
	struct net_datagram_forwarder *forwarder;
	struct list_node node;
	struct net_addr client;
	struct net_addr reply_from;     /* the address of ours that it asked last */
	struct net_datagram *target;
	struct net_timer quiet;
	int64_t moved_ms;
};

static struct bytes key_of(const struct net_addr *client)
{
	return bytes_of(&client->storage, client->len);
}

static void association_end(struct association *a)
{
	struct net_datagram_forwarder *f = a->forwarder;

	net_timer_stop(&a->quiet);
	net_datagram_close(a->target);
	map_remove(f->by_client, key_of(&a->client));
	list_remove(&f->associations, &a->node);
	net_limit_leave(f->limit, &a->client);
	f->counts.finished++;
	net_loop_free_later(f->loop, a);
}

static void on_quiet(void *owner)
{
	struct association *a = owner;
	int64_t left = a->forwarder->settings.forward.idle_ms - (net_loop_now_ms(a->forwarder->loop) - a->moved_ms);

	if (left > 0)
		net_timer_start(&a->quiet, a->forwarder->loop, left, on_quiet, a);
	else
		association_end(a);
}

/* The client gets its answer from the address it had asked. */
static void on_answer(void *owner, const struct net_datagram_received *answer)
{
	struct association *a = owner;
	struct net_datagram_forwarder *f = a->forwarder;

	a->moved_ms = net_loop_now_ms(f->loop);
	if (net_datagram_send(f->clients, &a->client, &a->reply_from, answer->octets, NULL))
		f->counts.octets[1] += answer->octets.len;
}

static void on_unreachable(void *owner, const struct net_addr *to, const struct error *why)
{
	struct association *a = owner;

	(void)to;
	a->forwarder->counts.unreachable += why->sys_errno == ECONNREFUSED;
}

static bool is_allowed(const struct net_datagram_forwarder *f, const struct net_addr *client)
{
	for (size_t i = 0; i < f->settings.n_allowed; i++)
		if (net_cidr_contains(&f->settings.allowed[i], client))
			return true;
	return f->settings.n_allowed == 0;
}

/* NULL: no descriptor is left, say. */
static struct net_datagram *connect_to_target(struct association *a)
{
	static const struct net_datagram_events events = { on_answer, NULL, on_unreachable };
	struct error why = { 0 };
	int fd = net_socket_connect_datagram(&a->forwarder->settings.target.addr, &why);
	struct net_datagram *target = fd < 0 ? NULL : net_datagram_create(a->forwarder->loop, fd, &events, a, &why);

	if (target == NULL)
		log_warning("forward", "unreachable", "why=%s", why.text);
	return target;
}

/* NULL: refused. */
static struct association *association_begin(struct net_datagram_forwarder *f, const struct net_addr *client)
{
	if (!is_allowed(f, client) || net_limit_enter(f->limit, client) != NET_LIMIT_OK) {
		f->counts.refused++;
		return NULL;
	}
	struct association *a = xcalloc(1, sizeof *a);
	a->forwarder = f;
	a->client = *client;
	a->target = connect_to_target(a);
	if (a->target == NULL) {
		net_limit_leave(f->limit, client);
		f->counts.refused++;
		free(a);
		return NULL;
	}
	f->counts.accepted++;
	list_append(&f->associations, &a->node);
	map_put(f->by_client, key_of(client), a);
	net_timer_start(&a->quiet, f->loop, f->settings.forward.idle_ms, on_quiet, a);
	return a;
}

static void on_question(void *owner, const struct net_datagram_received *question)
{
	struct net_datagram_forwarder *f = owner;
	struct association *a = map_get(f->by_client, key_of(&question->peer));

	if (a == NULL && (a = association_begin(f, &question->peer)) == NULL)
		return;
	a->reply_from = question->reply_from;
	a->moved_ms = net_loop_now_ms(f->loop);
	if (net_datagram_send(a->target, NULL, NULL, question->octets, NULL))
		f->counts.octets[0] += question->octets.len;
}

struct net_datagram_forwarder *net_datagram_forwarder_create(struct net_loop *loop, int fd, const struct net_forwarder_settings *settings, struct error *err)
{
	static const struct net_datagram_events events = { on_question, NULL, NULL };
	struct net_datagram_forwarder *f = xcalloc(1, sizeof *f);

	f->loop = loop;
	f->settings = *settings;
	f->clients = net_datagram_create(loop, fd, &events, f, err);
	if (f->clients == NULL) {
		free(f);
		return NULL;
	}
	f->limit = net_limit_create(settings->total_max, settings->per_address_max, NULL, 0);
	f->by_client = map_create();
	return f;
}

void net_datagram_forwarder_destroy(struct net_datagram_forwarder *f)
{
	if (f == NULL)
		return;
	while (!list_is_empty(&f->associations))
		association_end(LIST_OWNER(f->associations.first, struct association, node));
	net_datagram_close(f->clients);
	map_destroy(f->by_client);
	net_limit_destroy(f->limit);
	net_loop_free_later(f->loop, f);
}

struct net_forwarder_counts net_datagram_forwarder_counts(const struct net_datagram_forwarder *f)
{
	struct net_forwarder_counts counts = f->counts;

	counts.open = f->associations.n;
	return counts;
}
