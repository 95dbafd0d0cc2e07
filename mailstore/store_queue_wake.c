#include "mailstore/queue.h"

#include "mailstore/store_queue_row.h"
#include "mailstore/store_request.h"

struct wake_request {
	struct store_request request;
	const char *domain;
	size_t max, n;
	store_wake_fn *done;
	void *owner;
};

static enum store_run run(struct store_request *request, struct store_context *context)
{
	struct wake_request *self = (struct wake_request *)request;
	struct database_statement *s = database_statement_begin(context->db,
		"UPDATE qrcpt SET next_at = ?1 WHERE item_id IN (SELECT item_id FROM qrcpt WHERE next_at > ?1 AND token = 0 AND hold = 0 AND kind = ?2 "
		"AND (?3 IS NULL OR substr(recipient, -length(?3) - 1) = '@' || ?3 COLLATE NOCASE) ORDER BY item_id LIMIT ?4)");

	database_statement_bind_int(s, 1, context->now_s);
	database_statement_bind_int(s, 2, STORE_QUEUE_ROW_PARKED);
	database_statement_bind_text(s, 3, self->domain);
	database_statement_bind_int(s, 4, (int64_t)self->max);
	self->n = (size_t)database_statement_run(s);
	if (self->n > 0)
		store_context_touch(context, 0, 0);
	return STORE_RUN_DONE;
}

static void complete(struct store_request *request)
{
	struct wake_request *self = (struct wake_request *)request;
	bool failed = request->error.kind != ERROR_NONE;

	self->done(self->owner, failed ? &request->error : NULL, failed ? 0 : self->n, !failed && self->n < self->max);
}

static const struct store_request_ops ops = {
	.name = "queue-wake", .thread = STORE_IN_WRITER, .run = run, .complete = complete,
};

struct store_request *store_queue_wake(struct store_client *client, const char *domain, size_t max, store_wake_fn *done, void *owner)
{
	struct wake_request *self = store_request_create(client, &ops, sizeof *self);

	self->domain = domain != NULL ? arena_text(&self->request.arena, domain) : NULL;
	self->max = max;
	self->done = done;
	self->owner = owner;
	return store_request_submit(&self->request);
}
