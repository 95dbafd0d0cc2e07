#include "mailstore/mailboxes.h"

#include "mailstore/store_mailbox.h"
#include "mailstore/store_mailbox_create.h"
#include "mailstore/store_mailbox_empty.h"
#include "mailstore/store_mailbox_name.h"
#include "mailstore/store_request.h"

struct delete_request {
	struct store_request request;
	int64_t user_id;
	struct bytes name;
	int64_t mailbox_id;             /* once it was found: a new one of that name is not meant */
	store_deleted_fn *done;
	void *owner;
};

static bool has_mailboxes_below(const struct delete_request *self, struct store_context *context)
{
	struct database_statement *s = database_statement_begin(context->db,
		"SELECT 1 FROM mailbox WHERE user_id = ?1 AND name > ?2 || '/' AND name < ?2 || '0' LIMIT 1");

	database_statement_bind_int(s, 1, self->user_id);
	database_statement_bind_bytes(s, 2, self->name);
	return database_statement_one(s, 0) != 0;
}

static bool find(struct delete_request *self, struct store_context *context)
{
	struct error *err = &self->request.error;

	if (store_mailbox_name_is_inbox(self->name))
		return error_set(err, ERROR_SYNTAX, "INBOX cannot be deleted");
	int64_t mailbox_id = store_mailbox_find(context, self->user_id, self->name);
	if (self->mailbox_id == 0)
		self->mailbox_id = mailbox_id;
	if (mailbox_id != 0 && mailbox_id == self->mailbox_id)
		return true;
	if (mailbox_id == 0 && has_mailboxes_below(self, context))
		return error_set(err, ERROR_DENIED, "there are only mailboxes below it");
	return error_set(err, ERROR_NOT_FOUND, "no such mailbox");
}

static void remove_mailbox(const struct delete_request *self, struct store_context *context)
{
	static const char *const statements[] = {
		"DELETE FROM keyword WHERE mailbox_id = ?",
		"DELETE FROM mailbox WHERE mailbox_id = ?",
	};

	store_mailbox_leave_name(context, self->user_id, self->mailbox_id);
	for (size_t i = 0; i < sizeof statements / sizeof *statements; i++) {
		struct database_statement *s = database_statement_begin(context->db, statements[i]);
		database_statement_bind_int(s, 1, self->mailbox_id);
		database_statement_run(s);
	}
}

static enum store_run run(struct store_request *request, struct store_context *context)
{
	struct delete_request *self = (struct delete_request *)request;

	if (!find(self, context))
		return STORE_RUN_FAILED;
	if (!store_mailbox_empty_part(context, self->user_id, self->mailbox_id))
		return STORE_RUN_MORE;
	remove_mailbox(self, context);
	return STORE_RUN_DONE;
}

static void complete(struct store_request *request)
{
	struct delete_request *self = (struct delete_request *)request;

	self->done(self->owner, request->error.kind != ERROR_NONE ? &request->error : NULL, self->mailbox_id);
}

static const struct store_request_ops ops = {
	.name = "mailbox-delete", .thread = STORE_IN_WRITER, .run = run, .complete = complete,
};

struct store_request *store_mailbox_delete(struct store_client *client, int64_t user_id, struct bytes name, store_deleted_fn *done, void *owner)
{
	struct delete_request *self = store_request_create(client, &ops, sizeof *self);
	struct arena *arena = &self->request.arena;

	self->user_id = user_id;
	self->name = store_mailbox_name(arena_bytes(arena, name), arena);
	self->done = done;
	self->owner = owner;
	return store_request_submit(&self->request);
}
