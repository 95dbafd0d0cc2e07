#include "mailstore/queue.h"

#include "mailstore/store_lease.h"
#include "mailstore/store_open.h"
#include "mailstore/store_queue_local.h"
#include "mailstore/store_queue_row.h"
#include "mailstore/store_request.h"

#define CLAIM_MAX 10000

struct claim_request {
	struct store_request request;
	size_t max;
	int64_t lease_s;
	store_queue_fn *done;
	void *owner;
	struct store_queue_items *items;
};

static void read_item(struct database_statement *s, struct arena *arena, struct store_queue_item *item)
{
	*item = (struct store_queue_item){
		.item_id = database_statement_int(s, 0), .queue_id = (uint64_t)database_statement_int(s, 1),
		.message_id = database_statement_int(s, 2), .size = (uint64_t)database_statement_int(s, 3),
		.skip = (uint64_t)database_statement_int(s, 4), .sender = database_statement_text(s, 5, arena),
		.recipient = database_statement_text(s, 6, arena), .envelope_id = database_statement_text(s, 7, arena),
		.original_recipient = database_statement_text(s, 8, arena), .returns = (int)database_statement_int(s, 9),
		.notify = (unsigned)database_statement_int(s, 10), .tries = (unsigned)database_statement_int(s, 11),
		.is_8bit = database_statement_int(s, 12) != 0, .delay_was_noticed = database_statement_int(s, 13) != 0,
		.arrived_s = database_statement_int(s, 14), .expires_s = database_statement_int(s, 15),
		.refused = database_statement_text(s, 16, arena),
		.is_given_up = database_statement_int(s, 17) == STORE_QUEUE_ROW_GIVEN_UP,
		.is_urgent = database_statement_int(s, 18) == STORE_QUEUE_ROW_URGENT_S,
	};
}

static void read_due(struct claim_request *self, struct store_context *context)
{
	struct store_queue_items *items = self->items;
	struct database_statement *s = database_statement_begin(context->db,
		"SELECT r.item_id, r.queue_id, q.message_id, m.size, q.skip, q.sender, r.recipient, q.envelope_id, r.original, q.returns, "
		"r.notify, r.tries, q.is_8bit, r.delay_noticed, q.arrived, q.expires, CASE WHEN r.kind IN (1, 2) THEN r.status END, r.kind, r.next_at "
		"FROM qrcpt r CROSS JOIN qmsg q ON q.queue_id = r.queue_id CROSS JOIN message m ON m.message_id = q.message_id "
		"WHERE r.next_at <= ?1 AND r.hold = 0 AND r.kind <> ?2 ORDER BY r.next_at, r.item_id LIMIT ?3");

	database_statement_bind_int(s, 1, context->now_s);
	database_statement_bind_int(s, 2, STORE_QUEUE_ROW_LOCAL);
	database_statement_bind_int(s, 3, (int64_t)self->max);
	while (database_statement_step(s))
		read_item(s, &items->arena, &items->at[items->n++]);
}

static void lease(struct store_context *context, struct store_queue_item *item, int64_t lease_s)
{
	struct database_statement *s = database_statement_begin(context->db, "UPDATE qrcpt SET token = ?, next_at = ? WHERE item_id = ?");

	item->lease_until_s = context->now_s + lease_s;
	database_statement_bind_int(s, 1, context->store->lease.token);
	database_statement_bind_int(s, 2, item->lease_until_s);
	database_statement_bind_int(s, 3, item->item_id);
	database_statement_run(s);
}

static enum store_run run_claim(struct store_request *request, struct store_context *context)
{
	struct claim_request *self = (struct claim_request *)request;
	struct database_statement *s;

	store_queue_items_destroy(self->items);
	self->items = store_queue_row_items(self->max);
	store_lease_release_dead(&context->store->lease, context->db, context->now_s);
	store_queue_local_run(context);
	read_due(self, context);
	if (self->items->n > 0)
		store_queue_row_write_lease(context);
	for (size_t i = 0; i < self->items->n; i++)
		lease(context, &self->items->at[i], self->lease_s);
	s = database_statement_begin(context->db, "SELECT next_at FROM qrcpt WHERE hold = 0 AND token <> ? ORDER BY next_at LIMIT 1");
	database_statement_bind_int(s, 1, context->store->lease.token);
	self->items->next_due_s = database_statement_one(s, 0);
	return STORE_RUN_DONE;
}

static void complete_claim(struct store_request *request)
{
	struct claim_request *self = (struct claim_request *)request;
	bool failed = request->error.kind != ERROR_NONE;
	struct store_queue_items *items = failed ? NULL : self->items;

	if (!failed)
		self->items = NULL;
	self->done(self->owner, failed ? &request->error : NULL, items);
}

static void release_claim(struct store_request *request)
{
	store_queue_items_destroy(((struct claim_request *)request)->items);
}

static const struct store_request_ops claim_ops = {
	.name = "queue-claim", .thread = STORE_IN_WRITER, .run = run_claim, .complete = complete_claim, .release = release_claim,
};

struct store_request *store_queue_claim(struct store_client *client, size_t max, int64_t lease_s, store_queue_fn *done, void *owner)
{
	struct claim_request *self = store_request_create(client, &claim_ops, sizeof *self);

	self->max = max < CLAIM_MAX ? max : CLAIM_MAX;
	self->lease_s = lease_s;
	self->done = done;
	self->owner = owner;
	return store_request_submit(&self->request);
}

struct renew_request {
	struct store_request request;
	int64_t *item_ids;
	size_t n;
	int64_t lease_s;
	store_done_fn *done;
	void *owner;
};

static enum store_run run_renew(struct store_request *request, struct store_context *context)
{
	struct renew_request *self = (struct renew_request *)request;
	size_t n_lost = 0;

	for (size_t i = 0; i < self->n; i++) {
		struct database_statement *s = database_statement_begin(context->db, "UPDATE qrcpt SET next_at = ? WHERE item_id = ? AND token = ?");
		database_statement_bind_int(s, 1, context->now_s + self->lease_s);
		database_statement_bind_int(s, 2, self->item_ids[i]);
		database_statement_bind_int(s, 3, context->store->lease.token);
		n_lost += database_statement_run(s) == 0;
	}
	/* the others are kept all the same */
	if (n_lost > 0)
		error_set(&request->error, ERROR_TRY_LATER, "%zu of %zu leases were lost", n_lost, self->n);
	return STORE_RUN_DONE;
}

static void complete_renew(struct store_request *request)
{
	struct renew_request *self = (struct renew_request *)request;

	self->done(self->owner, request->error.kind != ERROR_NONE ? &request->error : NULL);
}

static const struct store_request_ops renew_ops = {
	.name = "queue-renew", .thread = STORE_IN_WRITER, .run = run_renew, .complete = complete_renew,
};

struct store_request *store_queue_renew(struct store_client *client, const int64_t *item_ids, size_t n, int64_t lease_s, store_done_fn *done, void *owner)
{
	struct renew_request *self = store_request_create(client, &renew_ops, sizeof *self);

	self->item_ids = arena_alloc(&self->request.arena, (n + 1) * sizeof *item_ids);
	if (n > 0)
		memcpy(self->item_ids, item_ids, n * sizeof *item_ids);
	self->n = n;
	self->lease_s = lease_s;
	self->done = done;
	self->owner = owner;
	return store_request_submit(&self->request);
}
