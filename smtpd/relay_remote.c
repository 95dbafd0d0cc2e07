#include "smtpd/relay_remote.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/memory.h"
#include "smtpd/relay_result.h"

#define IDLE_MS (60 * 1000)

static struct relay *relay_of(const struct relay_remote *r)
{
	return r->destination->relay;
}

static void destroy(struct relay_remote *r)
{
	struct relay *relay = relay_of(r);

	net_timer_stop(&r->idle);
	store_request_forget(r->read);
	list_remove(&r->destination->remotes, &r->node);
	if (!r->is_open)
		r->destination->n_opening--;
	smtp_client_close(r->client);
	service_generation_unref(r->generation);
	service_unhold(relay->loop->service);
	free(r->recipients);
	free(r);
}

/* ---- one message ---- */

bool relay_remote_is_idle(const struct relay_remote *r)
{
	return r->is_open && !r->is_spent && list_is_empty(&r->items) && smtp_client_is_ready(r->client);
}

bool relay_remote_is_outdated(const struct relay_remote *r)
{
	return r->generation != relay_of(r)->loop->generation;
}

void relay_remote_send(struct relay_remote *r, struct list *items)
{
	const struct store_queue_item *row = &LIST_OWNER(items->first, struct relay_item, node)->row;
	size_t n = 0;

	net_timer_stop(&r->idle);
	r->items = *items;
	*items = (struct list){ 0 };
	free(r->recipients);
	r->recipients = xcalloc(r->items.n, sizeof *r->recipients);
	for (struct list_node *node = r->items.first; node != NULL; node = node->next) {
		const struct store_queue_item *to = &LIST_OWNER(node, struct relay_item, node)->row;
		r->recipients[n++] = (struct smtp_client_recipient){ to->recipient, to->notify, to->original_recipient };
	}
	r->message = (struct smtp_client_message){
		.sender = row->sender, .recipients = r->recipients, .n_recipients = n, .size = row->size - row->skip, .is_8bit = row->is_8bit,
		.returns = (enum envelope_return)row->returns, .envelope_id = row->envelope_id,
	};
	smtp_client_send(r->client, &r->message);
}

static void on_read(void *owner, const struct error *err, struct bytes octets)
{
	struct relay_remote *r = owner;
	struct error cut = { 0 };

	r->read = NULL;
	if (err) {
		smtp_client_body_failed(r->client, err);
	} else if (octets.len == 0) {
		error_set(&cut, ERROR_CORRUPT, "the stored message is shorter than its size");
		smtp_client_body_failed(r->client, &cut);
	} else {
		smtp_client_body(r->client, octets);
	}
}

static void on_next(void *owner, uint64_t offset)
{
	struct relay_remote *r = owner;
	const struct store_queue_item *row = &LIST_OWNER(r->items.first, struct relay_item, node)->row;
	uint64_t left = row->size - row->skip - offset;

	if (left == 0)
		smtp_client_body(r->client, (struct bytes){ 0 });
	else
		r->read = store_read(relay_of(r)->loop->store, row->message_id, row->skip + offset, left < STORE_READ_MAX ? (size_t)left : STORE_READ_MAX, on_read, r);
}

static void settle(struct relay_remote *r, struct relay_item *item, const struct smtp_client_result *result)
{
	bool is_reply = result->code != 0;

	if (result->verdict == SMTP_CLIENT_ACCEPTED)
		relay_item_delivered(item, result->text, r->address);
	else if (result->verdict == SMTP_CLIENT_PERMANENT)
		relay_item_failed(item, result->enhanced, result->text, is_reply, r->address);
	else if (is_reply && result->code != 421)
		relay_item_deferred(item, result->enhanced, result->text, is_reply, r->address);
	else
		relay_item_lost(item, result->enhanced, result->text, is_reply, r->address);
}

static void on_sent(void *owner, const struct smtp_client_result *results, size_t n)
{
	struct relay_remote *r = owner;
	struct list settled = { 0 }, untried = { 0 };
	struct list_node *node;
	bool has_answered = false;

	for (size_t i = 0; i < n; i++) {
		node = list_take_first(&r->items);
		struct relay_item *item = LIST_OWNER(node, struct relay_item, node);
		if (results[i].verdict == SMTP_CLIENT_UNTRIED) {
			list_append(&untried, node);
			continue;
		}
		has_answered |= results[i].code != 0 && results[i].code != 421;
		settle(r, item, &results[i]);
		list_append(&settled, node);
	}
	/* Nothing taken at all: this session has served its share. */
	r->is_spent = list_is_empty(&settled);
	while (untried.last != NULL) {
		node = untried.last;
		list_remove(&untried, node);
		list_prepend(&r->destination->waiting, node);
	}
	relay_result_commit(relay_of(r), &settled);
	r->has_answered |= has_answered;
	r->has_failed = !has_answered && !r->is_spent;
	if (has_answered)
		relay_rest_prove(r->destination);
}

/* ---- the session ---- */

static void on_idle(void *owner)
{
	struct relay_remote *r = owner;

	r->is_spent = true;
	smtp_client_quit(r->client);
}

static void on_ready(void *owner)
{
	struct relay_remote *r = owner;
	struct relay_destination *d = r->destination;

	if (!r->is_open) {
		r->is_open = true;
		d->n_opening--;
		relay_pool_opened(d);
	}
	if (r->is_spent) {
		smtp_client_quit(r->client);
	} else {
		net_timer_start(&r->idle, relay_of(r)->loop->net, IDLE_MS, on_idle, r);
	}
	relay_pool_dispatch(d);
}

static void on_closed(void *owner, enum smtp_client_stage where, const struct error *why)
{
	struct relay_remote *r = owner;
	struct relay_destination *d = r->destination;
	struct error reason = *why;
	bool was_open = r->is_open, took_nothing = r->has_failed && !r->has_answered, is_stopping = relay_of(r)->is_stopping;

	destroy(r);
	if (is_stopping)
		relay_pool_stop(d->relay);
	else if (was_open && !took_nothing)
		relay_pool_dispatch(d);
	else
		relay_pool_failed(d, where, &reason);
}

static void on_trace(void *owner, bool from_server, struct bytes line)
{
	struct relay_remote *r = owner;

	log_debug("relay", "wire", "remote=%s way=%s line=%.*s", r->address, from_server ? "in" : "out", BYTES_PRINT(line));
}

static const struct smtp_client_events events = { on_ready, on_next, on_sent, on_closed, on_trace };

static enum smtp_client_tls tls_of(const struct relay_destination *d, const struct relay_route *route)
{
	switch (route->tls) {
	case SERVICE_PEER_NONE:
		return SMTP_CLIENT_TLS_NONE;
	case SERVICE_PEER_OPPORTUNISTIC:
		return d->is_in_clear ? SMTP_CLIENT_TLS_NONE : SMTP_CLIENT_TLS_OPPORTUNISTIC;
	default:
		return route->port == 465 ? SMTP_CLIENT_TLS_IMPLICIT : SMTP_CLIENT_TLS_REQUIRED;
	}
}

bool relay_remote_open(struct relay_destination *d, const struct relay_route *route, struct error *err)
{
	struct service_loop *loop = d->relay->loop;
	enum smtp_client_tls tls = tls_of(d, route);
	struct net_tls_context *context = NULL;

	if (tls != SMTP_CLIENT_TLS_NONE) {
		context = relay_pool_tls(d, loop->generation, route, err);
		if (!context)
			return false;
	}
	struct relay_remote *r = xcalloc(1, sizeof *r);
	r->destination = d;
	r->generation = service_generation_ref(loop->generation);
	snprintf(r->address, sizeof r->address, "%s", route->host);
	list_append(&d->remotes, &r->node);
	d->n_opening++;
	service_hold(loop->service);
	r->client = smtp_client_open(loop->net, &(struct smtp_client_options){
		.host = route->host, .port = route->port, .hello = loop->generation->settings.hostname, .tls = tls, .tls_context = context,
		.username = route->username, .password = route->password,
		.worker = service_worker(loop->service), .budget = service_budget(loop->service),
	}, &events, r);
	return true;
}

void relay_remote_stop(struct relay_remote *r)
{
	if (!r->is_open) {
		destroy(r);
		return;
	}
	r->is_spent = true;
	net_timer_stop(&r->idle);
	smtp_client_quit(r->client);
}
