#include "smtpd/relay_pool.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "smtpd/relay_remote.h"
#include "smtpd/relay_result.h"

#define BATCH_MAX 100                   /* recipients in one transaction: what every server must take (RFC 5321 4.5.3.1.8) */

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

void relay_pool_add(struct relay *relay, struct list *items)
{
	struct list settled = { 0 }, touched = { 0 };
	struct list_node *node;

	while ((node = list_take_first(items)) != NULL) {
		struct relay_item *item = LIST_OWNER(node, struct relay_item, node);
		struct relay_route route;

		if (item->row.refused) {
			relay_item_failed(item, "5.2.0", item->row.refused, false, NULL);
			list_append(&settled, node);
			continue;
		}
		if (!relay_route_find(relay->loop->generation, item->row.recipient, &route)) {
			relay_item_failed(item, "5.4.4", "no route to domain", false, NULL);
			list_append(&settled, node);
			continue;
		}
		struct relay_destination *d = find(relay, route.key);
		if (clock_now_s() < d->retry_at_s) {
			relay_item_deferred(item, "4.4.1", d->last_failure, false, route.host, d->retry_at_s);
			list_append(&settled, node);
		} else {
			list_append(&d->waiting, node);
			list_remove(&touched, &d->touched);
			list_append(&touched, &d->touched);
		}
	}
	relay_result_commit(relay, &settled);
	while ((node = list_take_first(&touched)) != NULL)
		relay_pool_dispatch(LIST_OWNER(node, struct relay_destination, touched));
}

/* ---- what goes out ---- */

/* The first waiting item and those of the same message behind it. */
static void take_batch(struct relay_destination *d, struct list *batch)
{
	uint64_t queue_id = LIST_OWNER(d->waiting.first, struct relay_item, node)->row.queue_id;
	struct list_node *next;
	size_t seen = 0;

	for (struct list_node *n = d->waiting.first; n != NULL && seen < 2 * BATCH_MAX && batch->n < BATCH_MAX; n = next, seen++) {
		next = n->next;
		if (LIST_OWNER(n, struct relay_item, node)->row.queue_id != queue_id)
			continue;
		list_remove(&d->waiting, n);
		list_append(batch, n);
	}
}

static void open_one(struct relay_destination *d)
{
	const struct relay_item *first = LIST_OWNER(d->waiting.first, struct relay_item, node);
	struct relay_route route = { 0 };
	struct error err = { 0 };

	/* Asked again: the settings may have changed since it came in. */
	if (!relay_route_find(d->relay->loop->generation, first->row.recipient, &route))
		error_set(&err, ERROR_NOT_FOUND, "no route to domain");
	size_t allowed = d->failures > 0 ? 1 : route.connections;
	if (err.kind == ERROR_NONE && (d->n_opening > 0 || d->remotes.n >= allowed))
		return;
	d->tls_policy = route.tls;
	snprintf(d->host, sizeof d->host, "%s", route.host);
	if (err.kind != ERROR_NONE || !relay_remote_open(d, &route, &err))
		relay_pool_failed(d, SMTP_CLIENT_CONNECT, &err);
}

void relay_pool_dispatch(struct relay_destination *d)
{
	struct list_node *next;

	for (struct list_node *n = d->remotes.first; n != NULL && !list_is_empty(&d->waiting); n = next) {
		struct relay_remote *remote = LIST_OWNER(n, struct relay_remote, node);
		struct list batch = { 0 };

		next = n->next;
		if (!relay_remote_is_idle(remote))
			continue;
		if (relay_remote_is_outdated(remote)) {
			relay_remote_stop(remote);
			continue;
		}
		take_batch(d, &batch);
		relay_remote_send(remote, &batch);
	}
	if (!list_is_empty(&d->waiting) && !d->relay->is_stopping)
		open_one(d);
}

/* ---- how it goes ---- */

void relay_pool_opened(struct relay_destination *d)
{
	if (d->failures > 0)
		log_info("relay", "reachable", "destination=%s failures=%u", d->key, d->failures);
	d->failures = 0;
	d->retry_at_s = 0;
	d->is_in_clear = false;
}

void relay_pool_failed(struct relay_destination *d, enum smtp_client_stage where, const struct error *why)
{
	struct list settled = d->waiting;

	if (where == SMTP_CLIENT_TLS && !d->is_in_clear && d->tls_policy == SERVICE_PEER_OPPORTUNISTIC) {
		log_warning("relay", "tls-failed", "destination=%s next=clear error=%s", d->key, why->text);
		d->is_in_clear = true;
		relay_pool_dispatch(d);
		return;
	}
	d->waiting = (struct list){ 0 };
	d->is_in_clear = false;
	d->retry_at_s = clock_now_s() + relay_item_delay_s(d->failures++);
	snprintf(d->last_failure, sizeof d->last_failure, "%s", why->text);
	log_warning("relay", "unreachable", "destination=%s failures=%u retry_s=%lld waiting=%zu error=%s", d->key, d->failures,
	            (long long)(d->retry_at_s - clock_now_s()), settled.n, why->text);
	for (struct list_node *n = settled.first; n != NULL; n = n->next) {
		struct relay_item *item = LIST_OWNER(n, struct relay_item, node);
		relay_item_deferred(item, "4.4.1", d->last_failure, false, d->host, d->retry_at_s);
	}
	relay_result_commit(d->relay, &settled);
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
	return d->tls;
}

static void destination_destroy(struct relay_destination *d)
{
	net_tls_context_unref(d->tls);
	if (d->generation)
		service_generation_unref(d->generation);
	free(d->key);
	free(d);
}

void relay_pool_stop(struct relay *relay)
{
	struct list_node *node, *next;
	struct bytes key;
	void *value;
	size_t cursor = 0;

	while (map_next(relay->destinations, &cursor, &key, &value)) {
		struct relay_destination *d = value;

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
