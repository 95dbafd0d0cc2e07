#include "mailstore/messages.h"

#include <stdlib.h>

#include "base/memory.h"
#include "mailstore/store_keyword.h"
#include "mailstore/store_mailbox.h"
#include "mailstore/store_request.h"

#define PART_ROWS 5000                  /* looked at in one transaction at most */

struct flags_request {
	struct store_request request;
	int64_t mailbox_id;
	struct ranges uids;
	enum store_flags_op op;
	uint64_t given_bits, unchanged_since;
	const char **keywords;
	size_t n_keywords;
	store_flags_fn *done;
	void *owner;
	uint32_t from, part_from;       /* the next UID to look at: committed, and of the part that runs */
	uint64_t modseq, part_modseq;
	struct ranges modified, part_modified;
};

struct change {
	int64_t id;
	uint64_t before, after;
};

struct part {
	struct flags_request *self;
	struct store_context *context;
	uint64_t bits;
	struct change *changes;
	size_t n, n_seen;
	bool is_full;
};

static uint64_t apply(enum store_flags_op op, uint64_t flags, uint64_t bits)
{
	switch (op) {
	case STORE_FLAGS_ADD:
		return flags | bits;
	case STORE_FLAGS_REMOVE:
		return flags & ~bits;
	case STORE_FLAGS_SET:
		break;
	}
	return bits;
}

static void collect(struct part *part, struct range range)
{
	struct flags_request *self = part->self;
	struct database_statement *s;

	if (range.first < self->part_from)
		range.first = self->part_from;
	if (range.first > range.last)
		return;
	s = database_statement_begin(part->context->db, "SELECT id, modseq, flags FROM msg WHERE id BETWEEN ? AND ?");
	database_statement_bind_int(s, 1, store_row_id(self->mailbox_id, range.first));
	database_statement_bind_int(s, 2, store_row_id(self->mailbox_id, range.last));
	while (!part->is_full && database_statement_step(s)) {
		int64_t id = database_statement_int(s, 0);
		uint64_t before = (uint64_t)database_statement_int(s, 2), after = apply(self->op, before, part->bits);
		if ((uint64_t)database_statement_int(s, 1) > self->unchanged_since)
			ranges_add(&self->part_modified, store_row_uid(id));
		else if (after != before)
			part->changes[part->n++] = (struct change){ id, before, after };
		self->part_from = store_row_uid(id) + 1;
		part->n_seen++;
		part->is_full = part->n_seen == PART_ROWS || store_context_is_late(part->context, part->n_seen);
	}
	database_statement_end(s);
}

static void count(struct store_context *context, int64_t mailbox_id, int64_t unseen, int64_t deleted)
{
	struct database_statement *s;

	if (unseen == 0 && deleted == 0)
		return;
	s = database_statement_begin(context->db, "UPDATE mailbox SET n_unseen = n_unseen + ?2, n_deleted = n_deleted + ?3 WHERE mailbox_id = ?1");
	database_statement_bind_int(s, 1, mailbox_id);
	database_statement_bind_int(s, 2, unseen);
	database_statement_bind_int(s, 3, deleted);
	database_statement_run(s);
}

static int64_t rise(const struct change *change, uint64_t bit)
{
	return (int64_t)((change->after & bit) != 0) - (int64_t)((change->before & bit) != 0);
}

static void write_changes(struct part *part)
{
	struct flags_request *self = part->self;
	int64_t seen = 0, deleted = 0;

	self->part_modseq = store_mailbox_next_modseq(part->context, self->mailbox_id);
	for (size_t i = 0; i < part->n; i++) {
		const struct change *change = &part->changes[i];
		struct database_statement *s = database_statement_begin(part->context->db, "UPDATE msg SET flags = ?, modseq = ? WHERE id = ?");
		database_statement_bind_int(s, 1, (int64_t)change->after);
		database_statement_bind_int(s, 2, (int64_t)self->part_modseq);
		database_statement_bind_int(s, 3, change->id);
		database_statement_run(s);
		seen += rise(change, STORE_SEEN);
		deleted += rise(change, STORE_DELETED);
	}
	count(part->context, self->mailbox_id, -seen, deleted);
}

static enum store_run run(struct store_request *request, struct store_context *context)
{
	struct flags_request *self = (struct flags_request *)request;
	struct part part = { .self = self, .context = context };

	self->part_from = self->from;
	self->part_modseq = 0;
	ranges_clear(&self->part_modified);
	if (!store_mailbox_is_known(context, self->mailbox_id)) {
		error_set(&request->error, ERROR_NOT_FOUND, "the mailbox is gone");
		return STORE_RUN_FAILED;
	}
	/* a name that is to be removed need not be made first */
	if (!store_keyword_bits(context, self->mailbox_id, self->keywords, self->n_keywords, self->op != STORE_FLAGS_REMOVE,
	                        &part.bits, &request->error))
		return STORE_RUN_FAILED;
	part.bits |= self->given_bits;
	part.changes = xcalloc(PART_ROWS, sizeof *part.changes);
	for (size_t i = 0; i < self->uids.n && !part.is_full; i++)
		collect(&part, self->uids.at[i]);
	if (part.n > 0)
		write_changes(&part);
	free(part.changes);
	return part.is_full ? STORE_RUN_MORE : STORE_RUN_DONE;
}

static void committed(struct store_request *request, struct store_context *context)
{
	struct flags_request *self = (struct flags_request *)request;

	(void)context;
	self->from = self->part_from;
	if (self->part_modseq > 0)
		self->modseq = self->part_modseq;
	ranges_add_all(&self->modified, &self->part_modified);
}

static void complete(struct store_request *request)
{
	struct flags_request *self = (struct flags_request *)request;
	bool failed = request->error.kind != ERROR_NONE;

	self->done(self->owner, failed ? &request->error : NULL, self->modseq, &self->modified);
}

static void release(struct store_request *request)
{
	struct flags_request *self = (struct flags_request *)request;

	ranges_release(&self->uids);
	ranges_release(&self->modified);
	ranges_release(&self->part_modified);
}

static const struct store_request_ops ops = {
	.name = "flags", .thread = STORE_IN_WRITER, .run = run, .committed = committed, .complete = complete, .release = release,
};

struct store_request *store_message_flags(struct store_client *client, const struct store_flags_change *change, store_flags_fn *done, void *owner)
{
	struct flags_request *self = store_request_create(client, &ops, sizeof *self);

	self->mailbox_id = change->mailbox_id;
	ranges_copy(&self->uids, change->uids);
	self->op = change->op;
	self->given_bits = change->bits & ~((UINT64_C(7) << 5) | (UINT64_C(1) << 63));
	self->unchanged_since = change->unchanged_since;
	self->keywords = arena_alloc(&self->request.arena, (change->n_keywords + 1) * sizeof *self->keywords);
	for (; self->n_keywords < change->n_keywords; self->n_keywords++)
		self->keywords[self->n_keywords] = arena_text(&self->request.arena, change->keywords[self->n_keywords]);
	self->from = 1;
	self->done = done;
	self->owner = owner;
	return store_request_submit(&self->request);
}
