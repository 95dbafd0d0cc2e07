#include "smtpd/relay_pool.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/memory.h"
#include "smtpd/relay_remote.h"
#include "smtpd/relay_result.h"

#define LOOK_AHEAD 200                  /* items among which recipients of one message are found */
#define ROOM_MIN  100
#define UNOPENED_MAX 1000               /* items in memory for a destination without a connection */
#define CROWDED_MS (60 * 1000)

static struct relay_destination *find(struct relay *relay, const char *key)
{
	struct relay_destination *d = map_get(relay->destinations, bytes_text(key));

	if (!d) {
		d = xcalloc(1, sizeof *d);
		d->relay = relay;
		d->key = xstrdup(key);
		map_put(relay->destinations, bytes_text(key), d);
	}
	return d;
}

/* ---- what goes in ---- */

/*
 * As much as there is room left for: one destination takes half of it at most, two a third each, and so on, so that the mail
 * of others finds room.
 */
static size_t room(const struct relay_destination *d)
{
	size_t held = relay_item_count(), left = held < RELAY_HELD_MAX ? RELAY_HELD_MAX - held : 0;
	size_t most = d->remotes.n > d->n_opening ? RELAY_HELD_MAX : UNOPENED_MAX;

	return left < ROOM_MIN ? ROOM_MIN : left < most ? left : most;
}

static void park(struct relay_destination *d, struct relay_item *item)
{
	const char *reason = d->rest.reason[0] != '\0' ? d->rest.reason : "much mail waits for this server";

	relay_item_parked(item, "4.4.1", reason, d->host[0] != '\0' ? d->host : NULL);
	if (item->outcome == STORE_QUEUE_RETRY)
		relay_rest_park(d, item->next_at_s);
}

void relay_pool_park(struct relay_destination *d, size_t keep)
{
	struct list settled = { 0 };

	while (d->waiting.n > keep) {
		struct list_node *node = d->waiting.last;

		list_remove(&d->waiting, node);
		park(d, LIST_OWNER(node, struct relay_item, node));
		list_prepend(&settled, node);
	}
	relay_result_commit(d->relay, &settled);
}

/* Where it waits, NULL when its result is known already. */
static struct relay_destination *place(struct relay *relay, struct relay_item *item)
{
	struct relay_route route;

	if (item->row.refused) {
		relay_item_failed(item, item->row.is_given_up ? RELAY_EXPIRED : "5.2.0", item->row.refused, false, NULL);
		return NULL;
	}
	if (!relay_route_find(relay->loop->generation, item->row.recipient, &route)) {
		relay_item_failed(item, "5.4.4", "no route to domain", false, NULL);
		return NULL;
	}
	struct relay_destination *d = find(relay, route.key);
	if (item->row.is_urgent)
		relay_rest_break(d);
	if (!relay_rest_holds(d) && d->waiting.n < room(d))
		return d;
	park(d, item);
	return NULL;
}

void relay_pool_add(struct relay *relay, struct list *items)
{
	struct list settled = { 0 }, touched = { 0 };
	struct list_node *node;

	while ((node = list_take_first(items)) != NULL) {
		struct relay_destination *d = place(relay, LIST_OWNER(node, struct relay_item, node));

		if (!d) {
			list_append(&settled, node);
			continue;
		}
		list_append(&d->waiting, node);
		list_remove(&touched, &d->touched);
		list_append(&touched, &d->touched);
	}
	relay_result_commit(relay, &settled);
	while ((node = list_take_first(&touched)) != NULL)
		relay_pool_dispatch(LIST_OWNER(node, struct relay_destination, touched));
}

/* ---- what goes out ---- */

/* The first waiting item and those of the same message behind it. */
static void take_batch(struct relay_destination *d, size_t most, struct list *batch)
{
	uint64_t queue_id = LIST_OWNER(d->waiting.first, struct relay_item, node)->row.queue_id;
	struct list_node *next;
	size_t seen = 0;

	for (struct list_node *n = d->waiting.first; n != NULL && seen < LOOK_AHEAD && batch->n < most; n = next, seen++) {
		next = n->next;
		if (LIST_OWNER(n, struct relay_item, node)->row.queue_id != queue_id)
			continue;
		list_remove(&d->waiting, n);
		list_append(batch, n);
	}
}

void relay_pool_open(struct relay_destination *d)
{
	struct relay_route route = { 0 };
	struct error err = { 0 };

	/* Asked again: the settings may have changed since it came in. */
	bool ok = relay_route_find_key(d->relay->loop->generation, d->key, &route) || error_set(&err, ERROR_NOT_FOUND, "no route to domain");

	d->tls_policy = route.tls;
	snprintf(d->host, sizeof d->host, "%s", route.host);
	if (ok && relay_remote_open(d, &route, &err)) {
		if (d->remotes.n == 1)
			relay_rest_expect(d);
		return;
	}
	relay_pool_failed(d, SMTP_CLIENT_CONNECT, &err);
}

static size_t count_stuck(const struct relay_destination *d)
{
	size_t n = 0;

	for (const struct list_node *node = d->remotes.first; node != NULL; node = node->next)
		n += LIST_OWNER(node, struct relay_remote, node)->is_stuck;
	return n;
}

/* One at a time, as many as are allowed, and one more for each that is stuck; one only until it is known to take mail. */
static bool may_open(const struct relay_destination *d)
{
	struct relay_route route;
	size_t allowed = 1, stuck = d->rest.failures == 0 ? count_stuck(d) : 0;

	if (d->n_opening > 0 || relay_rest_holds(d))
		return false;
	if (d->remotes.n > 0 && net_loop_now_ms(d->relay->loop->net) < d->crowded_until_ms)
		return false;
	if (d->rest.failures == 0 && relay_route_find_key(d->relay->loop->generation, d->key, &route))
		allowed = route.connections;
	return d->remotes.n < allowed + (stuck < allowed ? stuck : allowed);
}

static void send_one(struct relay_destination *d, struct relay_remote *remote)
{
	struct list batch = { 0 };

	take_batch(d, relay_remote_recipients_max(remote), &batch);
	relay_remote_send(remote, &batch);
}

/* What was sent and cannot be noted would be sent again after a crash. */
static bool may_send(struct relay *relay)
{
	relay->is_behind |= relay->settled.n >= RELAY_UNSTORED_MAX;
	return !relay->is_behind;
}

static void use_idle(struct relay_destination *d)
{
	struct list_node *next;

	for (struct list_node *n = d->remotes.first; n != NULL && !list_is_empty(&d->waiting) && may_send(d->relay); n = next) {
		struct relay_remote *remote = LIST_OWNER(n, struct relay_remote, node);

		next = n->next;
		if (!relay_remote_is_idle(remote))
			continue;
		if (relay_remote_is_outdated(remote))
			relay_remote_stop(remote);
		else if (!relay_remote_check(remote))
			send_one(d, remote);
	}
}

/* Behind a message whose reply is awaited. */
static void use_room(struct relay_destination *d)
{
	for (struct list_node *n = d->remotes.first; n != NULL && !list_is_empty(&d->waiting); n = n->next) {
		struct relay_remote *remote = LIST_OWNER(n, struct relay_remote, node);

		while (!list_is_empty(&d->waiting) && relay_remote_has_room(remote) && may_send(d->relay))
			send_one(d, remote);
	}
}

void relay_pool_dispatch(struct relay_destination *d)
{
	use_idle(d);
	if (!list_is_empty(&d->waiting) && !d->relay->is_stopping && may_open(d))
		relay_pool_open(d);
	if (!d->relay->is_stopping)
		use_room(d);
	relay_rest_refill(d);
}

void relay_pool_resume(struct relay *relay)
{
	size_t cursor = 0;
	void *value;

	relay->is_behind = false;
	while (!relay->is_stopping && map_next(relay->destinations, &cursor, NULL, &value))
		relay_pool_dispatch(value);
}

/* ---- how it goes ---- */

void relay_pool_opened(struct relay_destination *d)
{
	d->is_in_clear = false;
	relay_rest_end(d);
}

void relay_pool_failed(struct relay_destination *d, enum smtp_client_stage where, const struct error *why)
{
	if (where == SMTP_CLIENT_TLS && !d->is_in_clear && d->tls_policy == SERVICE_PEER_OPPORTUNISTIC) {
		log_warning("relay", "tls-failed", "destination=%s next=clear error=%s", d->key, why->text);
		d->is_in_clear = true;
		relay_pool_open(d);
		return;
	}
	d->is_in_clear = false;
	if (d->remotes.n > d->n_opening) {
		log_info("relay", "crowded", "destination=%s connections=%zu error=%s", d->key, d->remotes.n, why->text);
		d->crowded_until_ms = net_loop_now_ms(d->relay->loop->net) + CROWDED_MS;
		return;
	}
	relay_rest_begin(d, where, why);
	relay_pool_park(d, 0);
}

struct net_tls_context *relay_pool_tls(struct relay_destination *d, struct service_generation *g, const struct relay_route *route, struct error *err)
{
	enum net_tls_verify verify = route->tls == SERVICE_PEER_VERIFY ? NET_TLS_VERIFY_CA : NET_TLS_VERIFY_NONE;

	if (d->tls && d->generation == g)
		return d->tls;
	net_tls_context_unref(d->tls);
	service_generation_unref(d->generation);
	d->generation = service_generation_ref(g);
	d->tls = net_tls_context_client(verify, route->ca_pem, NULL, err);
	/* Peers may know us by it: smtpd_peer. */
	if (d->tls && g->tls && strcmp(d->key, "*") != 0 && !net_tls_context_present(d->tls, g->tls, err)) {
		net_tls_context_unref(d->tls);
		d->tls = NULL;
	}
	return d->tls;
}

static void destination_destroy(struct relay_destination *d)
{
	relay_rest_release(d);
	net_tls_context_unref(d->tls);
	if (d->generation)
		service_generation_unref(d->generation);
	free(d->key);
	free(d);
}

void relay_pool_reload(struct relay *relay)
{
	void *value;
	size_t cursor = 0;

	while (map_next(relay->destinations, &cursor, NULL, &value))
		relay_rest_break(value);
}

void relay_pool_stop(struct relay *relay)
{
	struct list_node *node, *next;
	struct bytes key;
	void *value;
	size_t cursor = 0;

	while (map_next(relay->destinations, &cursor, &key, &value)) {
		struct relay_destination *d = value;

		relay_rest_release(d);
		while ((node = list_take_first(&d->waiting)) != NULL)
			relay_item_destroy(LIST_OWNER(node, struct relay_item, node));
		for (node = d->remotes.first; node != NULL; node = next) {
			next = node->next;
			relay_remote_stop(LIST_OWNER(node, struct relay_remote, node));
		}
		if (list_is_empty(&d->remotes)) {
			map_remove(relay->destinations, key);
			destination_destroy(d);
		}
	}
}

void relay_pool_release(struct relay *relay)
{
	void *value;
	size_t cursor = 0;

	while (map_next(relay->destinations, &cursor, NULL, &value))
		destination_destroy(value);
	map_destroy(relay->destinations);
}
