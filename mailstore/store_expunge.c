#include "mailstore/store_expunge.h"

#include <stdlib.h>

#include "base/memory.h"
#include "mailstore/messages.h"
#include "mailstore/store_account.h"
#include "mailstore/store_insert.h"
#include "mailstore/store_mailbox.h"
#include "mailstore/store_request.h"

#define PART_ROWS 5000                  /* removed in one transaction at most */

struct expunge_request {
	struct store_request request;
	int64_t mailbox_id;
	struct ranges uids;
	bool is_everything;             /* uids was NULL */
	store_expunge_fn *done;
	void *owner;
	uint32_t from, part_from;       /* the next UID to look at: committed, and of the part that runs */
	uint64_t modseq, part_modseq;
	struct ranges gone, part_gone;
};

struct doomed {
	int64_t id, modseq, message_id, size, flags, internal_date;
};

struct part {
	struct expunge_request *self;
	struct store_context *context;
	struct doomed *rows;
	size_t n, room, n_seen;
	bool is_full;
};

/* Collect rows that are \Deleted from first to last; part_from follows. */
static void collect(struct part *part, uint32_t first, uint32_t last)
{
	struct expunge_request *self = part->self;
	struct database_statement *s;

	if (first < self->part_from)
		first = self->part_from;
	if (first > last)
		return;
	s = database_statement_begin(part->context->db, "SELECT id, modseq, message_id, size, flags, internal_date FROM msg WHERE id BETWEEN ? AND ?");
	database_statement_bind_int(s, 1, store_row_id(self->mailbox_id, first));
	database_statement_bind_int(s, 2, store_row_id(self->mailbox_id, last));
	while (!part->is_full && database_statement_step(s)) {
		struct doomed row = {
			database_statement_int(s, 0), database_statement_int(s, 1), database_statement_int(s, 2),
			database_statement_int(s, 3), database_statement_int(s, 4), database_statement_int(s, 5),
		};
		self->part_from = store_row_uid(row.id) + 1;
		if (row.flags & STORE_DELETED)
			part->rows[part->n++] = row;
		part->is_full = part->n == part->room || store_context_is_late(part->context, part->n_seen++);
	}
	database_statement_end(s);
}

static void remove_row(struct store_context *context, const struct doomed *row, uint64_t modseq)
{
	struct database_statement *s = database_statement_begin(context->db,
		"INSERT OR REPLACE INTO tomb(id, modseq, message_id, size, flags, internal_date, at) VALUES(?, ?, ?, ?, ?, ?, ?)");

	database_statement_bind_int(s, 1, row->id);
	database_statement_bind_int(s, 2, (int64_t)modseq);
	database_statement_bind_int(s, 3, row->message_id);
	database_statement_bind_int(s, 4, row->size);
	database_statement_bind_int(s, 5, row->flags);
	database_statement_bind_int(s, 6, row->internal_date);
	database_statement_bind_int(s, 7, context->now_s);
	database_statement_run(s);
	s = database_statement_begin(context->db, "DELETE FROM msg WHERE id = ?");
	database_statement_bind_int(s, 1, row->id);
	database_statement_run(s);
	store_insert_garbage(context, row->message_id);
}

static void count(struct store_context *context, int64_t mailbox_id, const struct doomed *rows, size_t n)
{
	struct database_statement *s;
	int64_t octets = 0, n_unseen = 0, user_id;

	for (size_t i = 0; i < n; i++) {
		octets += rows[i].size;
		n_unseen += (rows[i].flags & STORE_SEEN) == 0;
	}
	s = database_statement_begin(context->db,
		"UPDATE mailbox SET n_messages = n_messages - ?2, n_deleted = n_deleted - ?2, n_unseen = n_unseen - ?3, n_octets = n_octets - ?4 "
		"WHERE mailbox_id = ?1 RETURNING user_id");
	database_statement_bind_int(s, 1, mailbox_id);
	database_statement_bind_int(s, 2, (int64_t)n);
	database_statement_bind_int(s, 3, n_unseen);
	database_statement_bind_int(s, 4, octets);
	user_id = database_statement_one(s, 0);
	store_account_count(context, user_id, -(int64_t)n, -octets);
}

/* -1 = no such mailbox. */
static int64_t count_deleted(struct store_context *context, int64_t mailbox_id)
{
	struct database_statement *s = database_statement_begin(context->db, "SELECT n_deleted FROM mailbox WHERE mailbox_id = ?");

	database_statement_bind_int(s, 1, mailbox_id);
	return database_statement_one(s, -1);
}

static void remove_rows(struct part *part)
{
	struct expunge_request *self = part->self;

	self->part_modseq = store_mailbox_next_modseq(part->context, self->mailbox_id);
	for (size_t i = 0; i < part->n; i++) {
		remove_row(part->context, &part->rows[i], self->part_modseq);
		ranges_add(&self->part_gone, store_row_uid(part->rows[i].id));
	}
	count(part->context, self->mailbox_id, part->rows, part->n);
}

static enum store_run run(struct store_request *request, struct store_context *context)
{
	struct expunge_request *self = (struct expunge_request *)request;
	struct part part = { .self = self, .context = context };
	int64_t n_deleted = count_deleted(context, self->mailbox_id);

	if (n_deleted < 0) {
		error_set(&request->error, ERROR_NOT_FOUND, "the mailbox is gone");
		return STORE_RUN_FAILED;
	}
	self->part_from = self->from;
	self->part_modseq = 0;
	ranges_clear(&self->part_gone);
	if (n_deleted == 0)
		return STORE_RUN_DONE;
	part.room = n_deleted < PART_ROWS ? (size_t)n_deleted : PART_ROWS;
	part.rows = xcalloc(part.room, sizeof *part.rows);
	if (self->is_everything)
		collect(&part, 1, UINT32_MAX);
	for (size_t i = 0; i < self->uids.n && !part.is_full; i++)
		collect(&part, self->uids.at[i].first, self->uids.at[i].last);
	if (part.n > 0)
		remove_rows(&part);
	free(part.rows);
	return part.is_full ? STORE_RUN_MORE : STORE_RUN_DONE;
}

static void committed(struct store_request *request, struct store_context *context)
{
	struct expunge_request *self = (struct expunge_request *)request;

	(void)context;
	self->from = self->part_from;
	if (self->part_modseq > 0)
		self->modseq = self->part_modseq;
	ranges_add_all(&self->gone, &self->part_gone);
}

static void complete(struct store_request *request)
{
	struct expunge_request *self = (struct expunge_request *)request;
	bool failed = request->error.kind != ERROR_NONE;

	self->done(self->owner, failed ? &request->error : NULL, self->modseq, &self->gone);
}

static void release(struct store_request *request)
{
	struct expunge_request *self = (struct expunge_request *)request;

	ranges_release(&self->uids);
	ranges_release(&self->gone);
	ranges_release(&self->part_gone);
}

static const struct store_request_ops ops = {
	.name = "expunge", .thread = STORE_IN_WRITER, .run = run, .committed = committed, .complete = complete, .release = release,
};

struct store_request *store_message_expunge(struct store_client *client, int64_t mailbox_id, const struct ranges *uids,
                                            store_expunge_fn *done, void *owner)
{
	struct expunge_request *self = store_request_create(client, &ops, sizeof *self);

	self->mailbox_id = mailbox_id;
	self->is_everything = uids == NULL;
	if (uids != NULL)
		ranges_copy(&self->uids, uids);
	self->from = 1;
	self->done = done;
	self->owner = owner;
	return store_request_submit(&self->request);
}

void store_expunge_all(struct store_context *context, int64_t user_id)
{
	/* each names ?2, so that one loop can bind them all */
	static const char *const statements[] = {
		"INSERT OR REPLACE INTO gc(message_id, at) SELECT g.message_id, ?2 FROM mailbox m JOIN msg g "
		"ON g.id BETWEEN m.mailbox_id << 32 AND m.mailbox_id << 32 | 4294967295 WHERE m.user_id = ?1",
		"DELETE FROM msg WHERE id IN (SELECT g.id FROM mailbox m JOIN msg g "
		"ON g.id BETWEEN m.mailbox_id << 32 AND m.mailbox_id << 32 | 4294967295 WHERE m.user_id = ?1 AND ?2 > 0)",
		"DELETE FROM tomb WHERE id IN (SELECT t.id FROM mailbox m JOIN tomb t "
		"ON t.id BETWEEN m.mailbox_id << 32 AND m.mailbox_id << 32 | 4294967295 WHERE m.user_id = ?1 AND ?2 > 0)",
		"DELETE FROM past_name WHERE user_id = ?1 AND ?2 > 0",
	};
	struct database_statement *s = database_statement_begin(context->db, "SELECT mailbox_id, modseq FROM mailbox WHERE user_id = ?");

	database_statement_bind_int(s, 1, user_id);
	while (database_statement_step(s))
		store_context_touch(context, database_statement_int(s, 0), (uint64_t)database_statement_int(s, 1) + 1);
	for (size_t i = 0; i < sizeof statements / sizeof *statements; i++) {
		s = database_statement_begin(context->db, statements[i]);
		database_statement_bind_int(s, 1, user_id);
		database_statement_bind_int(s, 2, context->now_s);
		database_statement_run(s);
	}
}
