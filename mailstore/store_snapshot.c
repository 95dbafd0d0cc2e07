#include "mailstore/mailboxes.h"

#include <stdlib.h>

#include "base/memory.h"
#include "mailstore/store_mailbox.h"
#include "mailstore/store_request.h"

/*
 * A snapshot is read in bounded batches.  What changed meanwhile is put right at the end, from the same
 * modseq index that CHANGEDSINCE uses, in the transaction that reads the counters.
 */
struct snapshot_request {
	struct store_request request;
	int64_t user_id;
	struct bytes name;
	store_snapshot_fn *done;
	void *owner;
	int64_t mailbox_id;
	uint64_t since;                 /* modseq when the first batch was read */
	uint32_t next_uid;              /* 0: not begun */
	bool has_all;                   /* every UID was walked over once */
	struct store_snapshot *snapshot;
};

void store_snapshot_destroy(struct store_snapshot *snapshot)
{
	if (snapshot == NULL)
		return;
	ranges_release(&snapshot->uids);
	arena_reset(&snapshot->arena);
	free(snapshot);
}

static bool start(struct snapshot_request *self, struct store_context *context)
{
	if (self->mailbox_id == 0)
		self->mailbox_id = store_mailbox_find(context, self->user_id, self->name);
	self->snapshot = xcalloc(1, sizeof *self->snapshot);
	if (self->mailbox_id == 0 ||
	    !store_mailbox_load(context, self->mailbox_id, &self->snapshot->arena, &self->snapshot->mailbox, NULL))
		return error_set(&self->request.error, ERROR_NOT_FOUND, "no such mailbox");
	self->since = self->snapshot->mailbox.modseq;
	self->next_uid = 1;
	return true;
}

static uint32_t edge_uid(const struct snapshot_request *self, struct store_context *context, const char *statement)
{
	struct database_statement *s = database_statement_begin(context->db, statement);

	database_statement_bind_int(s, 1, store_row_id(self->mailbox_id, 1));
	database_statement_bind_int(s, 2, store_row_id(self->mailbox_id, UINT32_MAX));
	return store_row_uid(database_statement_one(s, 0));
}

/* As many messages as UIDs from the first to the last one: no need to look at each.  In the transaction that read the counters. */
static bool take_gapless(struct snapshot_request *self, struct store_context *context)
{
	uint32_t n = self->snapshot->mailbox.n_messages;

	if (n == 0)
		return false;
	uint32_t first = edge_uid(self, context, "SELECT id FROM msg WHERE id BETWEEN ? AND ? ORDER BY id LIMIT 1");
	uint32_t last = edge_uid(self, context, "SELECT id FROM msg WHERE id BETWEEN ? AND ? ORDER BY id DESC LIMIT 1");
	if (first == 0 || last - first + 1 != n)
		return false;
	ranges_add_range(&self->snapshot->uids, first, last);
	return true;
}

static bool walk_uids(struct snapshot_request *self, struct store_context *context)
{
	struct database_statement *s = database_statement_begin(context->db, "SELECT id FROM msg WHERE id BETWEEN ? AND ?");

	database_statement_bind_int(s, 1, store_row_id(self->mailbox_id, self->next_uid));
	database_statement_bind_int(s, 2, store_row_id(self->mailbox_id, UINT32_MAX));
	for (size_t n = 0; database_statement_step(s); n++) {
		uint32_t uid = store_row_uid(database_statement_int(s, 0));
		ranges_add(&self->snapshot->uids, uid);
		self->next_uid = uid + 1;
		if (store_context_is_late(context, n)) {
			database_statement_end(s);
			return false;
		}
	}
	return true;
}

/* UIDs that came and went since the walk began.  False when there are too many for one batch. */
static bool catch_up(struct snapshot_request *self, struct store_context *context)
{
	struct database_statement *s = database_statement_begin(context->db, "SELECT id FROM msg WHERE id >> 32 = ? AND modseq > ? LIMIT ?");
	size_t n = 0;

	database_statement_bind_int(s, 1, self->mailbox_id);
	database_statement_bind_int(s, 2, (int64_t)self->since);
	database_statement_bind_int(s, 3, STORE_BATCH_ROWS);
	for (; database_statement_step(s); n++)
		ranges_add(&self->snapshot->uids, store_row_uid(database_statement_int(s, 0)));
	if (n == STORE_BATCH_ROWS)
		return false;
	s = database_statement_begin(context->db, "SELECT id FROM tomb WHERE id >> 32 = ? AND modseq > ? LIMIT ?");
	database_statement_bind_int(s, 1, self->mailbox_id);
	database_statement_bind_int(s, 2, (int64_t)self->since);
	database_statement_bind_int(s, 3, STORE_BATCH_ROWS);
	for (n = 0; database_statement_step(s); n++)
		ranges_remove(&self->snapshot->uids, store_row_uid(database_statement_int(s, 0)));
	return n < STORE_BATCH_ROWS;
}

static void find_first_unseen(struct snapshot_request *self, struct store_context *context)
{
	struct database_statement *s;

	if (self->snapshot->mailbox.n_unseen == 0)
		return;
	s = database_statement_begin(context->db, "SELECT id FROM msg WHERE id BETWEEN ? AND ? AND flags & 1 = 0 ORDER BY id LIMIT 1");
	database_statement_bind_int(s, 1, store_row_id(self->mailbox_id, 1));
	database_statement_bind_int(s, 2, store_row_id(self->mailbox_id, UINT32_MAX));
	self->snapshot->first_unseen_uid = store_row_uid(database_statement_one(s, 0));
}

static bool finish(struct snapshot_request *self, struct store_context *context)
{
	struct store_snapshot *snapshot = self->snapshot;

	if (!store_mailbox_load(context, self->mailbox_id, &snapshot->arena, &snapshot->mailbox, &snapshot->first_recent_uid))
		return error_set(&self->request.error, ERROR_NOT_FOUND, "the mailbox is gone");
	store_mailbox_load_keywords(context, self->mailbox_id, &snapshot->arena, &snapshot->keywords);
	find_first_unseen(self, context);
	return true;
}

static enum store_run run_read(struct store_request *request, struct store_context *context)
{
	struct snapshot_request *self = (struct snapshot_request *)request;

	if (self->next_uid == 0) {
		if (!start(self, context))
			return STORE_RUN_FAILED;
		self->has_all = take_gapless(self, context);
	}
	if (!self->has_all)
		self->has_all = walk_uids(self, context);
	if (!self->has_all)
		return STORE_RUN_MORE;
	if (!catch_up(self, context)) {
		/* so much happened that walking again is simpler */
		store_snapshot_destroy(self->snapshot);
		self->snapshot = NULL;
		self->next_uid = 0;
		self->has_all = false;
		return STORE_RUN_MORE;
	}
	return finish(self, context) ? STORE_RUN_DONE : STORE_RUN_FAILED;
}

/*
 * The session that selects takes what is \Recent in its snapshot, unless another one took it since; what came after the snapshot
 * is for who sees it first.
 */
static enum store_run run_take_recent(struct store_request *request, struct store_context *context)
{
	struct snapshot_request *self = (struct snapshot_request *)request;
	struct store_snapshot *snapshot = self->snapshot;
	struct database_statement *s = database_statement_begin(context->db, "SELECT first_recent_uid FROM mailbox WHERE mailbox_id = ?");

	database_statement_bind_int(s, 1, self->mailbox_id);
	snapshot->first_recent_uid = (uint32_t)database_statement_one(s, 0);
	if (snapshot->first_recent_uid == 0) {
		error_set(&request->error, ERROR_NOT_FOUND, "the mailbox is gone");
		return STORE_RUN_FAILED;
	}
	if (snapshot->first_recent_uid < snapshot->mailbox.uidnext) {
		s = database_statement_begin(context->db, "UPDATE mailbox SET first_recent_uid = ? WHERE mailbox_id = ?");
		database_statement_bind_int(s, 1, snapshot->mailbox.uidnext);
		database_statement_bind_int(s, 2, self->mailbox_id);
		database_statement_run(s);
	}
	return STORE_RUN_DONE;
}

static void complete(struct store_request *request)
{
	struct snapshot_request *self = (struct snapshot_request *)request;
	bool failed = request->error.kind != ERROR_NONE;
	struct store_snapshot *snapshot = failed ? NULL : self->snapshot;

	if (!failed)
		self->snapshot = NULL;
	self->done(self->owner, failed ? &request->error : NULL, snapshot);
}

static void release(struct store_request *request)
{
	store_snapshot_destroy(((struct snapshot_request *)request)->snapshot);
}

static const struct store_request_ops read_ops = {
	.name = "mailbox-open", .thread = STORE_IN_READER, .run = run_read, .complete = complete, .release = release,
};

static const struct store_request_ops take_recent_ops = {
	.name = "mailbox-take-recent", .thread = STORE_IN_WRITER, .run = run_take_recent, .complete = complete, .release = release,
};

static enum store_run run_read_to_take(struct store_request *request, struct store_context *context)
{
	const struct snapshot_request *self = (struct snapshot_request *)request;
	enum store_run outcome = run_read(request, context);

	/* nothing is \Recent: the writer, and its turn among processes, is not needed */
	if (outcome == STORE_RUN_DONE && self->snapshot->first_recent_uid >= self->snapshot->mailbox.uidnext)
		request->ops = &read_ops;
	return outcome;
}

static const struct store_request_ops read_to_take_ops = {
	.name = "mailbox-select", .thread = STORE_IN_READER, .run = run_read_to_take, .next = &take_recent_ops,
	.complete = complete, .release = release,
};

struct store_request *store_mailbox_open(struct store_client *client, int64_t user_id, struct bytes name, bool take_recent,
                                         store_snapshot_fn *done, void *owner)
{
	struct snapshot_request *self = store_request_create(client, take_recent ? &read_to_take_ops : &read_ops, sizeof *self);

	self->user_id = user_id;
	self->name = arena_bytes(&self->request.arena, name);
	self->done = done;
	self->owner = owner;
	return store_request_submit(&self->request);
}
