#include "mailstore/store_mailbox_create.h"

#include "mailstore/mailboxes.h"
#include "mailstore/store_mailbox.h"
#include "mailstore/store_mailbox_name.h"
#include "mailstore/store_request.h"

uint32_t store_mailbox_take_uidvalidity(struct store_context *context, int64_t user_id)
{
	struct database_statement *s = database_statement_begin(context->db,
		"UPDATE user SET next_uidvalidity = next_uidvalidity + 1 WHERE user_id = ? RETURNING next_uidvalidity - 1");

	database_statement_bind_int(s, 1, user_id);
	return (uint32_t)database_statement_one(s, 0);
}

void store_mailbox_leave_name(struct store_context *context, int64_t user_id, int64_t mailbox_id)
{
	struct database_statement *s = database_statement_begin(context->db,
		"INSERT INTO past_name(user_id, name, uidvalidity) "
		"SELECT user_id, iif((SELECT count(*) FROM past_name WHERE user_id = ?1) < ?3, name, ''), uidvalidity FROM mailbox WHERE mailbox_id = ?2 "
		"ON CONFLICT DO UPDATE SET uidvalidity = max(uidvalidity, excluded.uidvalidity)");

	database_statement_bind_int(s, 1, user_id);
	database_statement_bind_int(s, 2, mailbox_id);
	database_statement_bind_int(s, 3, STORE_MAILBOXES_MAX);
	database_statement_run(s);
}

bool store_mailbox_name_was_higher(struct store_context *context, int64_t user_id, struct bytes name, uint32_t uidvalidity)
{
	struct database_statement *s = database_statement_begin(context->db,
		"SELECT 1 FROM past_name WHERE user_id = ? AND name IN (?, '') AND uidvalidity > ? LIMIT 1");

	database_statement_bind_int(s, 1, user_id);
	database_statement_bind_bytes(s, 2, name);
	database_statement_bind_int(s, 3, uidvalidity);
	return database_statement_one(s, 0) != 0;
}

/* -1 = no such user. */
static int64_t count_mailboxes(struct store_context *context, int64_t user_id)
{
	struct database_statement *s = database_statement_begin(context->db,
		"SELECT (SELECT count(*) FROM mailbox WHERE user_id = ?1) FROM user WHERE user_id = ?1");

	database_statement_bind_int(s, 1, user_id);
	return database_statement_one(s, -1);
}

static int64_t insert(struct store_context *context, int64_t user_id, struct bytes name, unsigned special_use)
{
	uint32_t uidvalidity = store_mailbox_take_uidvalidity(context, user_id);
	struct database_statement *s = database_statement_begin(context->db,
		"INSERT INTO mailbox(user_id, name, special_use, uidvalidity, created) VALUES(?, ?, ?, ?, ?)");

	database_statement_bind_int(s, 1, user_id);
	database_statement_bind_bytes(s, 2, name);
	database_statement_bind_int(s, 3, special_use);
	database_statement_bind_int(s, 4, uidvalidity);
	database_statement_bind_int(s, 5, context->now_s);
	database_statement_run(s);
	return database_last_id(context->db);
}

bool store_mailbox_make_levels(struct store_context *context, int64_t user_id, struct bytes name, size_t n_more, struct error *err)
{
	int64_t n = count_mailboxes(context, user_id);
	struct bytes level;

	if (n < 0)
		return error_set(err, ERROR_NOT_FOUND, "the user is gone");
	for (size_t at = 0; store_mailbox_name_next_level(name, &at, &level);)
		n += store_mailbox_find(context, user_id, level) == 0;
	if (n + (int64_t)n_more > STORE_MAILBOXES_MAX)
		return error_set(err, ERROR_LIMIT, "a user has at most %d mailboxes", STORE_MAILBOXES_MAX);
	for (size_t at = 0; store_mailbox_name_next_level(name, &at, &level);)
		if (store_mailbox_find(context, user_id, level) == 0)
			insert(context, user_id, level, 0);
	return true;
}

static bool is_use_taken(struct store_context *context, int64_t user_id, unsigned special_use)
{
	struct database_statement *s = database_statement_begin(context->db,
		"SELECT 1 FROM mailbox WHERE user_id = ? AND special_use & ? <> 0 LIMIT 1");

	database_statement_bind_int(s, 1, user_id);
	database_statement_bind_int(s, 2, special_use);
	return database_statement_one(s, 0) != 0;
}

int64_t store_mailbox_make(struct store_context *context, int64_t user_id, struct bytes name, unsigned special_use, struct error *err)
{
	if (!store_mailbox_name_check(name, err))
		return 0;
	if (store_mailbox_find(context, user_id, name) != 0) {
		error_set(err, ERROR_EXISTS, "the mailbox exists");
		return 0;
	}
	if (special_use != 0 && is_use_taken(context, user_id, special_use)) {
		error_set(err, ERROR_DENIED, "another mailbox has that special use");
		return 0;
	}
	if (!store_mailbox_make_levels(context, user_id, name, 1, err))
		return 0;
	return insert(context, user_id, name, special_use);
}

/* ---- the request ---- */

struct create_request {
	struct store_request request;
	int64_t user_id;
	struct bytes name;
	unsigned special_use;
	struct store_mailbox mailbox;
	store_mailbox_fn *done;
	void *owner;
};

static enum store_run run(struct store_request *request, struct store_context *context)
{
	struct create_request *self = (struct create_request *)request;
	int64_t mailbox_id = store_mailbox_make(context, self->user_id, self->name, self->special_use, &request->error);

	if (mailbox_id == 0)
		return STORE_RUN_FAILED;
	store_mailbox_load(context, mailbox_id, &request->arena, &self->mailbox, NULL);
	return STORE_RUN_DONE;
}

static void complete(struct store_request *request)
{
	struct create_request *self = (struct create_request *)request;
	bool failed = request->error.kind != ERROR_NONE;

	self->done(self->owner, failed ? &request->error : NULL, &self->mailbox, failed ? 0 : 1);
}

static const struct store_request_ops ops = {
	.name = "mailbox-create", .thread = STORE_IN_WRITER, .grows = true, .run = run, .complete = complete,
};

struct store_request *store_mailbox_create(struct store_client *client, int64_t user_id, struct bytes name, unsigned special_use,
                                           store_mailbox_fn *done, void *owner)
{
	struct create_request *self = store_request_create(client, &ops, sizeof *self);
	struct arena *arena = &self->request.arena;

	self->user_id = user_id;
	self->name = store_mailbox_name(arena_bytes(arena, name), arena);
	self->special_use = special_use;
	self->done = done;
	self->owner = owner;
	return store_request_submit(&self->request);
}
