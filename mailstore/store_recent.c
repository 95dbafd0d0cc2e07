#include "mailstore/mailboxes.h"

#include "mailstore/store_mailbox.h"
#include "mailstore/store_request.h"

struct recent_request {
	struct store_request request;
	int64_t mailbox_id;
	uint32_t first_uid, next_uid;
	store_recent_fn *done;
	void *owner;
};

static enum store_run run(struct store_request *request, struct store_context *context)
{
	struct recent_request *self = (struct recent_request *)request;
	struct database_statement *s = database_statement_begin(context->db, "SELECT first_recent_uid, uidnext FROM mailbox WHERE mailbox_id = ?");

	database_statement_bind_int(s, 1, self->mailbox_id);
	bool found = database_statement_step(s);
	if (found) {
		self->first_uid = (uint32_t)database_statement_int(s, 0);
		self->next_uid = (uint32_t)database_statement_int(s, 1);
	}
	database_statement_end(s);
	if (!found) {
		error_set(&request->error, ERROR_NOT_FOUND, "the mailbox is gone");
		return STORE_RUN_FAILED;
	}
	if (self->first_uid < self->next_uid) {
		s = database_statement_begin(context->db, "UPDATE mailbox SET first_recent_uid = uidnext WHERE mailbox_id = ?");
		database_statement_bind_int(s, 1, self->mailbox_id);
		database_statement_run(s);
	}
	return STORE_RUN_DONE;
}

static void complete(struct store_request *request)
{
	struct recent_request *self = (struct recent_request *)request;

	self->done(self->owner, request->error.kind != ERROR_NONE ? &request->error : NULL, self->first_uid, self->next_uid);
}

static const struct store_request_ops ops = { .name = "take-recent", .thread = STORE_IN_WRITER, .run = run, .complete = complete };

struct store_request *store_mailbox_take_recent(struct store_client *client, int64_t mailbox_id, store_recent_fn *done, void *owner)
{
	struct recent_request *self = store_request_create(client, &ops, sizeof *self);

	self->mailbox_id = mailbox_id;
	self->done = done;
	self->owner = owner;
	return store_request_submit(&self->request);
}
