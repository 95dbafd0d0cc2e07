#include "mailstore/store.h"

#include "mailstore/store_context.h"
#include "mailstore/store_open.h"
#include "mailstore/store_request.h"

struct poll_request {
	struct store_request request;
	store_poll_fn *done;
	void *owner;
	bool changed;
};

/* The writer's connection asks: its own commits do not count, so only those of other processes do. */
static enum store_run run(struct store_request *request, struct store_context *context)
{
	struct poll_request *self = (struct poll_request *)request;
	int64_t before = context->store->data_version;
	int64_t now = database_statement_one(database_statement_begin(context->db, "PRAGMA data_version"), 0);

	self->changed = before != 0 && now != before;
	if (!database_failed(context->db))
		context->store->data_version = now;
	return STORE_RUN_DONE;
}

static void complete(struct store_request *request)
{
	struct poll_request *self = (struct poll_request *)request;
	bool failed = request->error.kind != ERROR_NONE;

	self->done(self->owner, failed ? &request->error : NULL, !failed && self->changed);
}

static const struct store_request_ops ops = {
	.name = "poll", .thread = STORE_BESIDE_WRITER, .run = run, .complete = complete,
};

struct store_request *store_poll(struct store_client *client, store_poll_fn *done, void *owner)
{
	struct poll_request *self = store_request_create(client, &ops, sizeof *self);

	self->done = done;
	self->owner = owner;
	return store_request_submit(&self->request);
}
