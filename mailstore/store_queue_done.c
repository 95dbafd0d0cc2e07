#include "mailstore/store.h"

#include "base/codec.h"
#include "base/log.h"
#include "mailstore/store_delivery.h"
#include "mailstore/store_open.h"
#include "mailstore/store_request.h"

struct done_request {
	struct store_request request;
	struct store_queue_result *results;
	size_t n;
	bool has_report;
	struct store_delivery_copy report;
	store_done_fn *done;
	void *owner;
};

/* 0 when this process has lost the row, or never had it. */
static int64_t find_ours(struct store_context *context, int64_t item_id)
{
	struct database_statement *s = database_statement_begin(context->db, "SELECT queue_id FROM qrcpt WHERE item_id = ? AND token = ?");

	database_statement_bind_int(s, 1, item_id);
	database_statement_bind_int(s, 2, context->store->lease.token);
	return database_statement_one(s, 0);
}

/* This recipient is settled; with the last one the message leaves the queue. */
static void settle(struct store_context *context, int64_t item_id, int64_t queue_id)
{
	struct database_statement *s = database_statement_begin(context->db, "DELETE FROM qrcpt WHERE item_id = ?");
	int64_t n_left = 1, message_id = 0;

	database_statement_bind_int(s, 1, item_id);
	database_statement_run(s);
	s = database_statement_begin(context->db, "UPDATE qmsg SET n_left = n_left - 1 WHERE queue_id = ? RETURNING n_left, message_id");
	database_statement_bind_int(s, 1, queue_id);
	if (database_statement_step(s)) {
		n_left = database_statement_int(s, 0);
		message_id = database_statement_int(s, 1);
	}
	database_statement_end(s);
	if (n_left > 0)
		return;
	s = database_statement_begin(context->db, "DELETE FROM qmsg WHERE queue_id = ?");
	database_statement_bind_int(s, 1, queue_id);
	database_statement_run(s);
	store_insert_garbage(context, message_id);
}

/* Back to the queue: a try counts, a release does not. */
static void put_back(struct store_context *context, const struct store_queue_result *result)
{
	bool was_tried = result->outcome == STORE_QUEUE_RETRY;
	struct database_statement *s = database_statement_begin(context->db,
		"UPDATE qrcpt SET token = 0, next_at = ?2, tries = tries + ?3, delay_noticed = max(delay_noticed, ?4), "
		"status = coalesce(?5, status), remote = coalesce(?6, remote) WHERE item_id = ?1");

	database_statement_bind_int(s, 1, result->item_id);
	database_statement_bind_int(s, 2, was_tried ? result->next_at_s : context->now_s);
	database_statement_bind_int(s, 3, was_tried);
	database_statement_bind_int(s, 4, result->delay_noticed);
	database_statement_bind_text(s, 5, result->status);
	database_statement_bind_text(s, 6, result->remote);
	database_statement_run(s);
}

static bool apply(struct store_context *context, const struct store_queue_result *result)
{
	int64_t queue_id = find_ours(context, result->item_id);

	if (queue_id == 0) {
		if (!database_failed(context->db))
			log_warning("store", "lease-lost", "item=%lld", (long long)result->item_id);
		return false;
	}
	if (result->outcome == STORE_QUEUE_DELIVERED || result->outcome == STORE_QUEUE_FAILED)
		settle(context, result->item_id, queue_id);
	else
		put_back(context, result);
	return true;
}

static void deliver_report(struct done_request *self, struct store_context *context)
{
	struct error error = { 0 };
	char queue[CODEC_ID_LEN + 1];

	if (store_delivery_run(&self->report, context, &error))
		return;
	codec_id_encode(self->report.given.queue_id, queue);
	log_warning("store", "report-lost", "queue=%s error=%s", queue, error.text);
}

static enum store_run run(struct store_request *request, struct store_context *context)
{
	struct done_request *self = (struct done_request *)request;
	size_t n_ours = 0;

	for (size_t i = 0; i < self->n; i++)
		n_ours += apply(context, &self->results[i]);
	/* whoever took the rows over reports about them */
	if (self->has_report && n_ours > 0)
		deliver_report(self, context);
	return STORE_RUN_DONE;
}

static void complete(struct store_request *request)
{
	struct done_request *self = (struct done_request *)request;

	self->done(self->owner, request->error.kind != ERROR_NONE ? &request->error : NULL);
}

static void release(struct store_request *request)
{
	store_queue_items_destroy(((struct done_request *)request)->report.items);
}

static const struct store_request_ops ops = {
	.name = "queue-done", .thread = STORE_IN_WRITER, .run = run, .complete = complete, .release = release,
};

static const char *keep_text(struct arena *arena, const char *text)
{
	return text != NULL ? arena_text(arena, text) : NULL;
}

struct store_request *store_queue_done(struct store_client *client, const struct store_queue_result *results, size_t n,
                                       const struct store_delivery *report, store_done_fn *done, void *owner)
{
	struct done_request *self = store_request_create(client, &ops, sizeof *self);
	struct arena *arena = &self->request.arena;

	self->results = arena_alloc(arena, (n + 1) * sizeof *self->results);
	for (; self->n < n; self->n++) {
		self->results[self->n] = results[self->n];
		self->results[self->n].status = keep_text(arena, results[self->n].status);
		self->results[self->n].remote = keep_text(arena, results[self->n].remote);
	}
	self->has_report = report != NULL;
	if (report != NULL) {
		store_delivery_keep(&self->report, report, arena);
		self->report.given.lease = false;       /* this completion carries no items: the next claim finds them */
		self->report.ignores_quota = true;
		store_request_take_body(&self->request, report->body);
	}
	self->done = done;
	self->owner = owner;
	return store_request_submit(&self->request);
}
