#include "mailstore/mailboxes.h"

#include <assert.h>

#include "mailstore/store_context.h"
#include "mailstore/store_request.h"

struct modseqs_request {
	struct store_request request;
	struct store_hint *at;          /* in the arena */
	size_t n;
	store_modseqs_fn *done;
	void *owner;
};

static enum store_run run(struct store_request *request, struct store_context *context)
{
	struct modseqs_request *self = (struct modseqs_request *)request;

	for (size_t i = 0; i < self->n; i++) {
		struct database_statement *s = database_statement_begin(context->db, "SELECT modseq FROM mailbox WHERE mailbox_id=?");
		database_statement_bind_int(s, 1, self->at[i].mailbox_id);
		self->at[i].modseq = (uint64_t)database_statement_one(s, 0);
	}
	return STORE_RUN_DONE;
}

static void complete(struct store_request *request)
{
	struct modseqs_request *self = (struct modseqs_request *)request;
	bool failed = request->error.kind != ERROR_NONE;

	self->done(self->owner, failed ? &request->error : NULL, self->at, failed ? 0 : self->n);
}

static const struct store_request_ops ops = {
	.name = "mailbox-modseqs", .thread = STORE_IN_READER, .run = run, .complete = complete,
};

struct store_request *store_mailbox_modseqs(struct store_client *client, const int64_t *mailbox_ids, size_t n,
                                            store_modseqs_fn *done, void *owner)
{
	struct modseqs_request *self = store_request_create(client, &ops, sizeof *self);

	assert(n <= STORE_MODSEQS_MAX);
	self->at = arena_alloc(&self->request.arena, n * sizeof *self->at);
	self->n = n;
	for (size_t i = 0; i < n; i++)
		self->at[i].mailbox_id = mailbox_ids[i];
	self->done = done;
	self->owner = owner;
	return store_request_submit(&self->request);
}
