#include "mailstore/queue.h"

#include "base/codec.h"
#include "base/log.h"
#include "mailstore/store_delivery.h"
#include "mailstore/store_journal_row.h"
#include "mailstore/store_open.h"
#include "mailstore/store_queue_row.h"
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

/* The queue id and, copied, the recipient; 0 when this process has lost the row, or never had it. */
static int64_t find_ours(struct store_context *context, int64_t item_id, struct arena *arena, const char **recipient)
{
	struct database_statement *s = database_statement_begin(context->db, "SELECT queue_id, recipient FROM qrcpt WHERE item_id = ? AND token = ?");
	int64_t queue_id = 0;

	database_statement_bind_int(s, 1, item_id);
	database_statement_bind_int(s, 2, context->store->lease.token);
	if (database_statement_step(s)) {
		queue_id = database_statement_int(s, 0);
		*recipient = database_statement_text(s, 1, arena);
	}
	database_statement_end(s);
	return queue_id;
}

static void note(struct store_context *context, const struct store_queue_result *result, int64_t queue_id, const char *recipient)
{
	static const enum store_journal_stage stages[] = {
		[STORE_QUEUE_DELIVERED] = STORE_JOURNAL_DELIVERED, [STORE_QUEUE_FAILED] = STORE_JOURNAL_FAILED, [STORE_QUEUE_RETRY] = STORE_JOURNAL_DEFERRED,
	};
	struct store_journal_entry entry = {
		.queue_id = (uint64_t)queue_id, .recipient = recipient, .remote = result->remote, .detail = result->status, .next_at_s = result->next_at_s,
	};

	/* not tried: nothing to tell */
	if (result->outcome == STORE_QUEUE_RELEASE)
		return;
	entry.stage = result->has_expired ? STORE_JOURNAL_EXPIRED : stages[result->outcome];
	store_journal_row_add(context, &entry);
}

/* Back to the queue: a try counts, a release does not. */
static void put_back(struct store_context *context, const struct store_queue_result *result)
{
	bool was_tried = result->outcome == STORE_QUEUE_RETRY;
	struct database_statement *s = database_statement_begin(context->db,
		"UPDATE qrcpt SET token = 0, next_at = ?2, tries = tries + ?3, delay_noticed = max(delay_noticed, ?4), "
		"kind = CASE WHEN kind IN (1, 2) OR NOT ?7 THEN kind ELSE ?8 END, status = coalesce(?5, status), remote = coalesce(?6, remote) WHERE item_id = ?1");

	database_statement_bind_int(s, 1, result->item_id);
	database_statement_bind_int(s, 2, was_tried ? result->next_at_s : context->now_s);
	database_statement_bind_int(s, 3, was_tried && !result->parked);
	database_statement_bind_int(s, 4, result->delay_noticed);
	database_statement_bind_text(s, 5, result->status);
	database_statement_bind_text(s, 6, result->remote);
	database_statement_bind_int(s, 7, was_tried);
	database_statement_bind_int(s, 8, result->parked ? STORE_QUEUE_ROW_PARKED : STORE_QUEUE_ROW_REMOTE);
	database_statement_run(s);
	/* Whoever claims learns when it is due. */
	if (was_tried && !result->parked)
		store_context_touch(context, 0, 0);
}

/* The queue id, 0 when the row is not ours any more. */
static int64_t apply(struct done_request *self, struct store_context *context, const struct store_queue_result *result)
{
	const char *recipient = NULL;
	int64_t queue_id = find_ours(context, result->item_id, &self->request.arena, &recipient);

	if (queue_id == 0) {
		if (!database_failed(context->db))
			log_warning("store", "lease-lost", "item=%lld", (long long)result->item_id);
		return 0;
	}
	note(context, result, queue_id, recipient);
	if (result->outcome == STORE_QUEUE_DELIVERED || result->outcome == STORE_QUEUE_FAILED)
		store_queue_row_settle(context, result->item_id, queue_id);
	else
		put_back(context, result);
	return queue_id;
}

static void deliver_report(struct done_request *self, struct store_context *context, int64_t about)
{
	struct error error = { 0 };
	char queue[CODEC_ID_LEN + 1];

	codec_id_encode(self->report.given.queue_id, queue);
	if (store_delivery_run(&self->report, context, &error)) {
		store_journal_row_add(context, &(struct store_journal_entry){
			.queue_id = (uint64_t)about, .stage = STORE_JOURNAL_REPORTED, .recipient = self->report.given.recipients[0].address, .detail = queue,
		});
		return;
	}
	log_warning("store", "report-lost", "queue=%s error=%s", queue, error.text);
}

static enum store_run run(struct store_request *request, struct store_context *context)
{
	struct done_request *self = (struct done_request *)request;
	int64_t about = 0, queue_id;

	for (size_t i = 0; i < self->n; i++)
		if ((queue_id = apply(self, context, &self->results[i])) != 0)
			about = queue_id;
	/* whoever took the rows over reports about them */
	if (self->has_report && about != 0)
		deliver_report(self, context, about);
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
		self->report.is_report = true;
		store_request_take_body(&self->request, report->body);
	}
	self->done = done;
	self->owner = owner;
	return store_request_submit(&self->request);
}
