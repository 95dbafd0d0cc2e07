#include "mailstore/store_empty.h"

#include "mailstore/care.h"
#include "mailstore/store_open.h"
#include "mailstore/store_request.h"

struct empty_request {
	struct store_request request;
	store_done_fn *done;
	void *owner;
};

static void run_all(struct store_context *context, const char *const *statements, size_t n)
{
	for (size_t i = 0; i < n; i++)
		database_statement_run(database_statement_begin(context->db, statements[i]));
}

/* The statements about bodies name the time. */
static void run_now(struct store_context *context, const char *literal)
{
	struct database_statement *s = database_statement_begin(context->db, literal);

	database_statement_bind_int(s, 1, context->now_s);
	database_statement_run(s);
}

void store_empty_run(struct store_context *context)
{
	static const char *const rest[] = {
		"DELETE FROM msg",
		"DELETE FROM qrcpt",
		"DELETE FROM qmsg",
		"DELETE FROM destination",
		"DELETE FROM received",
		"DELETE FROM journal",
		"DELETE FROM send_count",
		"UPDATE mailbox SET n_messages = 0, n_unseen = 0, n_deleted = 0, n_octets = 0 WHERE n_messages > 0",
		"UPDATE user SET used_octets = 0, used_messages = 0, over_quota_since = 0 WHERE used_messages > 0",
	};
	struct database_statement *s = database_statement_begin(context->db,
		"UPDATE mailbox SET modseq = modseq + 1 WHERE n_messages > 0 RETURNING mailbox_id, modseq");

	while (database_statement_step(s))
		store_context_touch(context, database_statement_int(s, 0), (uint64_t)database_statement_int(s, 1));
	store_context_touch(context, 0, 0);
	run_now(context, "INSERT OR REPLACE INTO tomb(id, modseq, message_id, size, flags, internal_date, at) "
		"SELECT g.id, m.modseq, g.message_id, g.size, g.flags, g.internal_date, ?1 FROM msg g JOIN mailbox m ON m.mailbox_id = g.id >> 32");
	run_now(context, "INSERT OR REPLACE INTO gc(message_id, at) SELECT message_id, ?1 FROM msg UNION SELECT message_id, ?1 FROM qmsg");
	run_all(context, rest, sizeof rest / sizeof *rest);
}

void store_empty_forget(struct store_context *context)
{
	static const char *const statements[] = {
		/* whoever knew an older state compares all UIDs */
		"UPDATE mailbox SET vanished_floor = modseq WHERE vanished_floor < modseq",
		"DELETE FROM tomb",
		"DELETE FROM gc",
		"DELETE FROM chunk",
		"DELETE FROM message",
		"DELETE FROM thread_id",
	};

	run_all(context, statements, sizeof statements / sizeof *statements);
}

static enum store_run run(struct store_request *request, struct store_context *context)
{
	if (!context->store->options.ephemeral) {
		error_set(&request->error, ERROR_DENIED, "%s is not ephemeral: its mail is for keeps", context->store->data_dir);
		return STORE_RUN_FAILED;
	}
	/* in one piece, however long it takes: a test that goes on finds nothing of the one before */
	store_empty_run(context);
	return STORE_RUN_DONE;
}

static void complete(struct store_request *request)
{
	struct empty_request *self = (struct empty_request *)request;

	self->done(self->owner, request->error.kind != ERROR_NONE ? &request->error : NULL);
}

static const struct store_request_ops ops = {
	.name = "empty", .thread = STORE_IN_WRITER, .run = run, .complete = complete,
};

struct store_request *store_empty(struct store_client *client, store_done_fn *done, void *owner)
{
	struct empty_request *self = store_request_create(client, &ops, sizeof *self);

	self->done = done;
	self->owner = owner;
	return store_request_submit(&self->request);
}
