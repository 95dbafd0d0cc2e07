#include "mailstore/mailboxes.h"

#include "mailstore/store_context.h"
#include "mailstore/store_mailbox_name.h"
#include "mailstore/store_request.h"

struct subscription_request {
	struct store_request request;
	int64_t user_id;
	struct bytes name;
	bool subscribed;
	store_done_fn *done;
	store_subscriptions_fn *list_done;
	void *owner;
	const char **names;             /* in the arena */
	size_t n;
};

static int64_t count(struct store_context *context, int64_t user_id)
{
	struct database_statement *s = database_statement_begin(context->db, "SELECT count(*) FROM subscription WHERE user_id = ?");

	database_statement_bind_int(s, 1, user_id);
	return database_statement_one(s, 0);
}

/* ---- to change one ---- */

static bool check(struct subscription_request *self, struct store_context *context)
{
	struct error *err = &self->request.error;
	struct database_statement *s = database_statement_begin(context->db, "SELECT 1 FROM user WHERE user_id = ?");

	database_statement_bind_int(s, 1, self->user_id);
	if (database_statement_one(s, 0) == 0)
		return error_set(err, ERROR_NOT_FOUND, "the user is gone");
	if (!self->subscribed)
		return true;            /* whatever it is called */
	if (count(context, self->user_id) >= STORE_MAILBOXES_MAX)
		return error_set(err, ERROR_LIMIT, "a user subscribes to at most %d mailboxes", STORE_MAILBOXES_MAX);
	return store_mailbox_name_check(self->name, err);
}

static enum store_run run_change(struct store_request *request, struct store_context *context)
{
	struct subscription_request *self = (struct subscription_request *)request;

	if (!check(self, context))
		return STORE_RUN_FAILED;
	struct database_statement *s = self->subscribed
		? database_statement_begin(context->db, "INSERT OR IGNORE INTO subscription(user_id, name) VALUES(?, ?)")
		: database_statement_begin(context->db, "DELETE FROM subscription WHERE user_id = ? AND name = ?");
	database_statement_bind_int(s, 1, self->user_id);
	database_statement_bind_bytes(s, 2, self->name);
	database_statement_run(s);
	return STORE_RUN_DONE;
}

static void complete_change(struct store_request *request)
{
	struct subscription_request *self = (struct subscription_request *)request;

	self->done(self->owner, request->error.kind != ERROR_NONE ? &request->error : NULL);
}

static const struct store_request_ops change_ops = {
	.name = "mailbox-subscribe", .thread = STORE_IN_WRITER, .run = run_change, .complete = complete_change,
};

struct store_request *store_mailbox_subscribe(struct store_client *client, int64_t user_id, struct bytes name, bool subscribed,
                                              store_done_fn *done, void *owner)
{
	struct subscription_request *self = store_request_create(client, &change_ops, sizeof *self);
	struct arena *arena = &self->request.arena;

	self->user_id = user_id;
	self->name = store_mailbox_name(arena_bytes(arena, name), arena);
	self->subscribed = subscribed;
	self->done = done;
	self->owner = owner;
	return store_request_submit(&self->request);
}

/* ---- all of them ---- */

static enum store_run run_list(struct store_request *request, struct store_context *context)
{
	struct subscription_request *self = (struct subscription_request *)request;
	size_t room = (size_t)count(context, self->user_id);
	struct database_statement *s = database_statement_begin(context->db, "SELECT name FROM subscription WHERE user_id = ? ORDER BY name");

	self->n = 0;
	self->names = arena_alloc(&request->arena, (room + 1) * sizeof *self->names);
	database_statement_bind_int(s, 1, self->user_id);
	while (self->n < room && database_statement_step(s))
		self->names[self->n++] = database_statement_text(s, 0, &request->arena);
	database_statement_end(s);
	return STORE_RUN_DONE;
}

static void complete_list(struct store_request *request)
{
	struct subscription_request *self = (struct subscription_request *)request;
	bool failed = request->error.kind != ERROR_NONE;

	self->list_done(self->owner, failed ? &request->error : NULL, self->names, failed ? 0 : self->n);
}

static const struct store_request_ops list_ops = {
	.name = "subscription-list", .thread = STORE_IN_READER, .run = run_list, .complete = complete_list,
};

struct store_request *store_subscription_list(struct store_client *client, int64_t user_id, store_subscriptions_fn *done, void *owner)
{
	struct subscription_request *self = store_request_create(client, &list_ops, sizeof *self);

	self->user_id = user_id;
	self->list_done = done;
	self->owner = owner;
	return store_request_submit(&self->request);
}
