#include "mailstore/queue_admin.h"

#include <stdlib.h>

#include "base/memory.h"
#include "mailstore/store_context.h"
#include "mailstore/store_request.h"

struct held_request {
	struct store_request request;
	store_queue_held_fn *done;
	void *owner;
	const char **domains;           /* the names are in the arena */
	size_t n;
};

/* Each was named by an administrator: they are few. */
static enum store_run run(struct store_request *request, struct store_context *context)
{
	struct held_request *self = (struct held_request *)request;
	struct database_statement *s = database_statement_begin(context->db, "SELECT domain FROM destination WHERE hold <> 0 ORDER BY domain");

	for (self->n = 0; database_statement_step(s); self->n++) {
		self->domains = xreallocarray(self->domains, self->n + 1, sizeof *self->domains);
		self->domains[self->n] = database_statement_text(s, 0, &request->arena);
	}
	return STORE_RUN_DONE;
}

static void complete(struct store_request *request)
{
	struct held_request *self = (struct held_request *)request;
	bool failed = request->error.kind != ERROR_NONE;

	self->done(self->owner, failed ? &request->error : NULL, self->domains, failed ? 0 : self->n);
}

static void release(struct store_request *request)
{
	free(((struct held_request *)request)->domains);
}

static const struct store_request_ops ops = {
	.name = "queue-held", .thread = STORE_IN_READER, .run = run, .complete = complete, .release = release,
};

struct store_request *store_queue_held(struct store_client *client, store_queue_held_fn *done, void *owner)
{
	struct held_request *self = store_request_create(client, &ops, sizeof *self);

	self->done = done;
	self->owner = owner;
	return store_request_submit(&self->request);
}
