#include "smtpd/relay_remote.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/memory.h"
#include "mailstore/bodies.h"
#include "smtpd/relay_result.h"

#define IDLE_MS   (60 * 1000)
#define CHECK_MS  (30 * 1000)           /* idle connections may be gone without a word */
#define STUCK_MS  (30 * 1000)           /* the end of a message is answered sooner, or not soon: the RFC's ten minutes go on */
#define WHOLE_MAX (64 * 1024)           /* octets of a message that is read before it is sent */
#define BATCH_MAX 100                   /* recipients in one transaction: what every server must take (RFC 5321 4.5.3.1.8) */

static struct relay *relay_of(const struct relay_remote *r)
{
	return r->destination->relay;
}

static void job_release(struct relay_job *job)
{
	store_request_forget(job->read);
	buffer_release(&job->first);
	free(job->recipients);
	*job = (struct relay_job){ 0 };
}

/* The i-th of those under way. */
static struct relay_job *job_at(struct relay_remote *r, unsigned i)
{
	return &r->jobs[(r->first + i) % RELAY_JOBS_MAX];
}

/* Back to the front, in their order. */
static void put_back(struct relay_destination *d, struct list *items)
{
	struct list_node *node;

	while ((node = items->last) != NULL) {
		list_remove(items, node);
		list_prepend(&d->waiting, node);
	}
}

/* All but the first n wait again. */
static void keep_jobs(struct relay_remote *r, unsigned n)
{
	while (r->n_jobs > n) {
		struct relay_job *job = job_at(r, --r->n_jobs);

		put_back(r->destination, &job->items);
		job_release(job);
	}
	if (r->n_given > n)
		r->n_given = n;
}

static void destroy(struct relay_remote *r)
{
	struct relay *relay = relay_of(r);

	net_timer_stop(&r->idle);
	net_timer_stop(&r->patience);
	list_remove(&r->destination->remotes, &r->node);
	if (!r->is_open || r->is_checking)
		r->destination->n_opening--;
	smtp_client_close(r->client);
	keep_jobs(r, r->n_given);
	for (unsigned i = 0; i < r->n_jobs; i++)
		job_release(job_at(r, i));
	service_generation_unref(r->generation);
	service_unhold(relay->loop->service);
	free(r);
}

/* ---- one message ---- */

bool relay_remote_is_idle(const struct relay_remote *r)
{
	return r->is_open && !r->is_spent && r->n_jobs == 0 && smtp_client_is_ready(r->client);
}

/* One that proved itself with a message, so that what makes a peer break down costs one message a session. */
static bool takes_many(const struct relay_remote *r)
{
	const struct relay_job *last = &r->jobs[(r->first + r->n_jobs + RELAY_JOBS_MAX - 1) % RELAY_JOBS_MAX];

	return r->has_answered && r->n_jobs < RELAY_JOBS_MAX && smtp_client_takes_whole(r->client) && (last->is_whole || r->n_given == r->n_jobs);
}

bool relay_remote_has_room(const struct relay_remote *r)
{
	if (r->n_jobs == 0 || r->is_spent || r->is_stuck || relay_remote_is_outdated(r))
		return false;
	return takes_many(r) || (r->n_jobs == 1 && smtp_client_has_room(r->client));
}

bool relay_remote_is_outdated(const struct relay_remote *r)
{
	return r->generation != relay_of(r)->loop->generation;
}

size_t relay_remote_recipients_max(const struct relay_remote *r)
{
	uint32_t said = smtp_client_extensions(r->client)->recipient_max;

	return said > 0 && said < BATCH_MAX ? said : BATCH_MAX;
}

bool relay_remote_check(struct relay_remote *r)
{
	if (net_loop_now_ms(relay_of(r)->loop->net) - r->idle_since_ms < CHECK_MS)
		return false;
	r->is_checking = true;
	r->destination->n_opening++;
	net_timer_stop(&r->idle);
	smtp_client_keep_alive(r->client);
	return true;
}

static const struct store_queue_item *row_of(const struct relay_job *job)
{
	return &LIST_OWNER(job->items.first, struct relay_item, node)->row;
}

static void give(struct relay_remote *);

static void on_read(void *owner, const struct error *err, struct bytes octets)
{
	struct relay_job *job = owner;
	struct smtp_client *client = job->remote->client;
	struct error cut = { 0 };
	bool is_wanted = job->is_wanted;

	job->read = NULL;
	job->is_wanted = false;
	if (job->is_whole) {
		/* Short or not to be read: told by the read that is made when the octets are wanted. */
		job->is_whole = !err && octets.len == row_of(job)->size - row_of(job)->skip;
		if (!err)
			buffer_add_bytes(&job->first, octets);
		give(job->remote);
		return;
	}
	/* Read ahead: a failure is told by the read that is made when the octets are wanted. */
	if (!is_wanted) {
		if (!err)
			buffer_add_bytes(&job->first, octets);
	} else if (err) {
		smtp_client_body_failed(client, err);
	} else if (octets.len == 0) {
		error_set(&cut, ERROR_CORRUPT, "the stored message is shorter than its size");
		smtp_client_body_failed(client, &cut);
	} else {
		smtp_client_body(client, octets);
	}
}

static void read_at(struct relay_job *job, uint64_t offset)
{
	const struct store_queue_item *row = row_of(job);
	uint64_t left = row->size - row->skip - offset;

	job->read = store_read(relay_of(job->remote)->loop->store, row->message_id, row->skip + offset, left < STORE_READ_MAX ? (size_t)left : STORE_READ_MAX, on_read, job);
}

/* What was sent behind goes another way, and another connection may stand in for this one. */
static void lose_patience(void *owner)
{
	struct relay_remote *r = owner;

	r->is_stuck = true;
	keep_jobs(r, r->n_given > 1 && smtp_client_recall(r->client) ? 1 : r->n_given);
	relay_pool_dispatch(r->destination);
}

static void expect_dot(struct relay_remote *r)
{
	net_timer_start(&r->patience, relay_of(r)->loop->net, STUCK_MS, lose_patience, r);
}

static void on_next(void *owner, uint64_t offset)
{
	struct relay_remote *r = owner;
	struct relay_job *job = job_at(r, 0);
	const struct store_queue_item *row = row_of(job);

	if (offset == row->size - row->skip) {
		expect_dot(r);
		smtp_client_body(r->client, (struct bytes){ 0 });
	} else if (job->first.len > 0) {
		struct buffer octets = job->first;
		job->first = (struct buffer){ 0 };
		smtp_client_body(r->client, buffer_bytes(&octets));
		buffer_release(&octets);
	} else {
		job->is_wanted = true;
		if (!job->read)
			read_at(job, offset);
	}
}

void relay_remote_send(struct relay_remote *r, struct list *items)
{
	struct relay_job *job = job_at(r, r->n_jobs);
	size_t n = 0;

	net_timer_stop(&r->idle);
	r->n_jobs++;
	job->remote = r;
	job->items = *items;
	*items = (struct list){ 0 };
	job->recipients = xcalloc(job->items.n, sizeof *job->recipients);
	for (struct list_node *node = job->items.first; node != NULL; node = node->next) {
		const struct store_queue_item *to = &LIST_OWNER(node, struct relay_item, node)->row;
		job->recipients[n++] = (struct smtp_client_recipient){ to->recipient, to->notify, to->original_recipient };
	}
	const struct store_queue_item *row = row_of(job);
	codec_id_encode(row->queue_id, job->transaction);
	job->message = (struct smtp_client_message){
		.sender = row->sender, .recipients = job->recipients, .n_recipients = n, .size = row->size - row->skip, .is_8bit = row->is_8bit,
		.returns = (enum envelope_return)row->returns, .envelope_id = row->envelope_id, .transaction = job->transaction,
	};
	job->is_whole = r->has_answered && row->size > row->skip && row->size - row->skip <= WHOLE_MAX && smtp_client_takes_whole(r->client);
	if (row->size > row->skip)
		read_at(job, 0);
	give(r);
}

/* What may be sent now goes to the client, in the order it came. */
static void give(struct relay_remote *r)
{
	while (r->n_given < r->n_jobs) {
		struct relay_job *job = job_at(r, r->n_given);

		if (job->is_whole ? job->read != NULL || !smtp_client_takes_whole(r->client) : !smtp_client_is_ready(r->client) && !smtp_client_has_room(r->client))
			return;
		if (job->is_whole)
			job->message.whole = buffer_bytes(&job->first);
		if (r->n_given++ > 0 || job->is_whole)
			expect_dot(r);
		smtp_client_send(r->client, &job->message);
		job->message.whole = (struct bytes){ 0 };
		if (job->is_whole)
			buffer_release(&job->first);
	}
}

/* It comes back soon: should the destination rest then, it is to be probed. */
static void lose(struct relay_remote *r, struct relay_item *item, const struct smtp_client_result *result)
{
	relay_item_lost(item, result->enhanced, result->text, result->code != 0, r->address);
	if (item->outcome == STORE_QUEUE_RETRY)
		relay_rest_park(r->destination, item->next_at_s);
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
		lose(r, item, result);
}

static void on_sent(void *owner, const struct smtp_client_result *results, size_t n)
{
	struct relay_remote *r = owner;
	struct relay_job *job = job_at(r, 0);
	struct list settled = { 0 }, untried = { 0 };
	struct list_node *node;
	bool has_answered = false;

	net_timer_stop(&r->patience);
	r->is_stuck = false;
	for (size_t i = 0; i < n; i++) {
		node = list_take_first(&job->items);
		struct relay_item *item = LIST_OWNER(node, struct relay_item, node);
		if (results[i].verdict == SMTP_CLIENT_UNTRIED) {
			list_append(&untried, node);
			continue;
		}
		has_answered |= results[i].code != 0 && results[i].code != 421;
		settle(r, item, &results[i]);
		list_append(&settled, node);
	}
	job_release(job);
	r->first = (r->first + 1) % RELAY_JOBS_MAX;
	r->n_jobs--;
	r->n_given--;
	if (r->n_given > 0 && job_at(r, 0)->is_whole)
		expect_dot(r);
	/* Nothing taken at all, or as much as it said it would: this session has served its share. */
	r->is_spent |= list_is_empty(&settled) || smtp_client_is_spent(r->client);
	put_back(r->destination, &untried);
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

	if (!r->is_open || r->is_checking)
		d->n_opening--;
	if (!r->is_open) {
		r->is_open = true;
		relay_pool_opened(d);
	}
	r->is_checking = false;
	r->idle_since_ms = net_loop_now_ms(relay_of(r)->loop->net);
	if (r->is_spent) {
		smtp_client_quit(r->client);
	} else {
		give(r);
		if (r->n_jobs == 0)
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

static void on_room(void *owner)
{
	struct relay_remote *r = owner;

	give(r);
	relay_pool_dispatch(r->destination);
}

static const struct smtp_client_events events = { on_ready, on_next, on_sent, on_closed, on_trace, on_room };

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
