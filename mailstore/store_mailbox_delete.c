#include "mailstore/mailboxes.h"

#include "mailstore/store_account.h"
#include "mailstore/store_mailbox.h"
#include "mailstore/store_mailbox_create.h"
#include "mailstore/store_mailbox_name.h"
#include "mailstore/store_request.h"

#define PART_ROWS 5000                  /* removed in one transaction at most */

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

static struct database_statement *begin(const struct delete_request *self, struct store_context *context, const char *literal)
{
	struct database_statement *s = database_statement_begin(context->db, literal);

	database_statement_bind_int(s, 1, store_row_id(self->mailbox_id, 0));
	database_statement_bind_int(s, 2, store_row_id(self->mailbox_id, UINT32_MAX));
	return s;
}

/* The UID of the last row that still goes in this part: the last there is, or less. */
static int64_t last_of_part(const struct delete_request *self, struct store_context *context)
{
	struct database_statement *s = begin(self, context, "SELECT id FROM msg WHERE id BETWEEN ? AND ? ORDER BY id LIMIT 1 OFFSET ?");

	database_statement_bind_int(s, 3, PART_ROWS - 1);
	return database_statement_one(s, store_row_id(self->mailbox_id, UINT32_MAX));
}

/* The counters as they are without the rows up to `last`; whoever has it open compares all UIDs, for there are no tombstones. */
static void count(const struct delete_request *self, struct store_context *context, int64_t last)
{
	struct database_statement *s = begin(self, context,
		"SELECT count(*), ifnull(sum(flags & 1 = 0), 0), ifnull(sum(flags & 8 <> 0), 0), ifnull(sum(size), 0) FROM msg WHERE id BETWEEN ? AND ?");
	int64_t n[4] = { 0 };

	database_statement_bind_int(s, 2, last);
	if (database_statement_step(s))
		for (int i = 0; i < 4; i++)
			n[i] = database_statement_int(s, i);
	database_statement_end(s);
	s = database_statement_begin(context->db,
		"UPDATE mailbox SET n_messages = n_messages - ?2, n_unseen = n_unseen - ?3, n_deleted = n_deleted - ?4, n_octets = n_octets - ?5, "
		"modseq = modseq + 1, vanished_floor = modseq + 1 WHERE mailbox_id = ?1 RETURNING modseq");
	database_statement_bind_int(s, 1, self->mailbox_id);
	for (int i = 0; i < 4; i++)
		database_statement_bind_int(s, i + 2, n[i]);
	store_context_touch(context, self->mailbox_id, (uint64_t)database_statement_one(s, 0));
	store_account_count(context, self->user_id, -n[0], -n[3]);
}

/* True: no message is left. */
static bool remove_messages(const struct delete_request *self, struct store_context *context)
{
	int64_t last = last_of_part(self, context);
	struct database_statement *s;

	count(self, context, last);
	s = begin(self, context, "INSERT OR REPLACE INTO gc(message_id, at) SELECT message_id, ?3 FROM msg WHERE id BETWEEN ?1 AND ?2");
	database_statement_bind_int(s, 2, last);
	database_statement_bind_int(s, 3, context->now_s);
	database_statement_run(s);
	s = begin(self, context, "DELETE FROM msg WHERE id BETWEEN ? AND ?");
	database_statement_bind_int(s, 2, last);
	database_statement_run(s);
	return last == store_row_id(self->mailbox_id, UINT32_MAX);
}

/* True: no tombstone is left. */
static bool remove_tombstones(const struct delete_request *self, struct store_context *context)
{
	struct database_statement *s = begin(self, context,
		"DELETE FROM tomb WHERE id IN (SELECT id FROM tomb WHERE id BETWEEN ? AND ? ORDER BY id LIMIT ?)");

	database_statement_bind_int(s, 3, PART_ROWS);
	return database_statement_run(s) < PART_ROWS;
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
	if (!remove_messages(self, context) || !remove_tombstones(self, context))
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
