#include "mailstore/mailboxes.h"

#include "mailstore/store_mailbox.h"
#include "mailstore/store_request.h"

struct settings_request {
	struct store_request request;
	int64_t user_id;
	struct bytes name;
	int64_t value;
	store_done_fn *done;
	void *owner;
};

static int64_t find(struct settings_request *self, struct store_context *context)
{
	int64_t mailbox_id = store_mailbox_find(context, self->user_id, self->name);

	if (mailbox_id == 0)
		error_set(&self->request.error, ERROR_NOT_FOUND, "no such mailbox");
	return mailbox_id;
}

static void complete(struct store_request *request)
{
	struct settings_request *self = (struct settings_request *)request;

	self->done(self->owner, request->error.kind != ERROR_NONE ? &request->error : NULL);
}

static struct store_request *submit(struct store_client *client, const struct store_request_ops *ops, int64_t user_id, struct bytes name,
                                    int64_t value, store_done_fn *done, void *owner)
{
	struct settings_request *self = store_request_create(client, ops, sizeof *self);

	self->user_id = user_id;
	self->name = arena_bytes(&self->request.arena, name);
	self->value = value;
	self->done = done;
	self->owner = owner;
	return store_request_submit(&self->request);
}

static enum store_run run_special_use(struct store_request *request, struct store_context *context)
{
	struct settings_request *self = (struct settings_request *)request;
	int64_t mailbox_id = find(self, context);

	if (mailbox_id == 0)
		return STORE_RUN_FAILED;
	struct database_statement *s = database_statement_begin(context->db,
		"UPDATE mailbox SET special_use = CASE mailbox_id WHEN ?2 THEN ?3 ELSE special_use & ~?3 END "
		"WHERE user_id = ?1 AND (mailbox_id = ?2 OR special_use & ?3 <> 0)");
	database_statement_bind_int(s, 1, self->user_id);
	database_statement_bind_int(s, 2, mailbox_id);
	database_statement_bind_int(s, 3, self->value);
	database_statement_run(s);
	return STORE_RUN_DONE;
}

static const struct store_request_ops special_use_ops = {
	.name = "mailbox-special-use", .thread = STORE_IN_WRITER, .run = run_special_use, .complete = complete,
};

struct store_request *store_mailbox_set_special_use(struct store_client *client, int64_t user_id, struct bytes name, unsigned special_use,
                                                    store_done_fn *done, void *owner)
{
	return submit(client, &special_use_ops, user_id, name, special_use, done, owner);
}

static enum store_run run_expire(struct store_request *request, struct store_context *context)
{
	struct settings_request *self = (struct settings_request *)request;
	int64_t mailbox_id = find(self, context);

	if (mailbox_id == 0)
		return STORE_RUN_FAILED;
	struct database_statement *s = database_statement_begin(context->db, "UPDATE mailbox SET expire_after = ?2 WHERE mailbox_id = ?1");
	database_statement_bind_int(s, 1, mailbox_id);
	database_statement_bind_int(s, 2, self->value);
	database_statement_run(s);
	return STORE_RUN_DONE;
}

static const struct store_request_ops expire_ops = {
	.name = "mailbox-expire", .thread = STORE_IN_WRITER, .run = run_expire, .complete = complete,
};

struct store_request *store_mailbox_set_expire(struct store_client *client, int64_t user_id, struct bytes name, int64_t expire_after_s,
                                               store_done_fn *done, void *owner)
{
	return submit(client, &expire_ops, user_id, name, expire_after_s > 0 ? expire_after_s : 0, done, owner);
}
