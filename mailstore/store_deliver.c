#include "mailstore/deliver.h"

#include "mailstore/store_delivery.h"
#include "mailstore/store_request.h"

struct deliver_request {
	struct store_request request;
	struct store_delivery_copy copy;
	store_deliver_fn *done;
	void *owner;
};

static enum store_run run(struct store_request *request, struct store_context *context)
{
	struct deliver_request *self = (struct deliver_request *)request;

	return store_delivery_run(&self->copy, context, &request->error) ? STORE_RUN_DONE : STORE_RUN_FAILED;
}

/* A delivery that fails says why of each recipient, or nothing of any. */
static bool has_results(const struct deliver_request *self)
{
	return self->request.error.kind == ERROR_NONE || self->copy.results[0].kind != ERROR_NONE;
}

static void complete(struct store_request *request)
{
	struct deliver_request *self = (struct deliver_request *)request;
	bool failed = request->error.kind != ERROR_NONE;
	struct store_queue_items *items = failed ? NULL : self->copy.items;

	if (!failed)
		self->copy.items = NULL;
	self->done(self->owner, failed ? &request->error : NULL, self->copy.results, has_results(self) ? self->copy.given.n_originals : 0, items);
}

static void release(struct store_request *request)
{
	store_queue_items_destroy(((struct deliver_request *)request)->copy.items);
}

static const struct store_request_ops ops = {
	.name = "deliver", .thread = STORE_IN_WRITER, .grows = true, .run = run, .complete = complete, .release = release,
};

struct store_request *store_deliver(struct store_client *client, const struct store_delivery *delivery, store_deliver_fn *done, void *owner)
{
	struct deliver_request *self = store_request_create(client, &ops, sizeof *self);

	store_delivery_keep(&self->copy, delivery, &self->request.arena);
	self->done = done;
	self->owner = owner;
	store_request_take_body(&self->request, delivery->body);
	return store_request_submit(&self->request);
}
