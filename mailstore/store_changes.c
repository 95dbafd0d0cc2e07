#include "mailstore/messages.h"

#include <stdlib.h>

#include "base/memory.h"
#include "mailstore/store_mailbox.h"
#include "mailstore/store_request.h"

/*
 * Read in (modseq, UID) order, so that a batch ends anywhere and the next one goes on behind it: what changes
 * meanwhile moves to a higher modseq and is met again.  The batch that finds no more also reads the counters.
 */
struct walk {
	int64_t modseq, id;             /* of the last row that was read */
	bool is_over;
};

struct changes_request {
	struct store_request request;
	int64_t mailbox_id;
	uint64_t since;
	store_changes_fn *done;
	void *owner;
	struct walk changed, removed;
	size_t room;
	struct store_changes *changes;
};

void store_changes_destroy(struct store_changes *changes)
{
	if (changes == NULL)
		return;
	ranges_release(&changes->vanished);
	arena_reset(&changes->arena);
	free(changes);
}

static struct database_statement *begin(const struct changes_request *self, struct store_context *context, const char *text, const struct walk *walk, size_t room)
{
	struct database_statement *s = database_statement_begin(context->db, text);

	database_statement_bind_int(s, 1, self->mailbox_id);
	database_statement_bind_int(s, 2, walk->modseq);
	database_statement_bind_int(s, 3, walk->id);
	database_statement_bind_int(s, 4, (int64_t)room);
	return s;
}

static void add_message(struct changes_request *self, const struct store_message *message)
{
	struct store_changes *changes = self->changes;

	if (changes->n == self->room) {
		self->room = self->room > 0 ? 4 * self->room : 16;
		struct store_message *larger = arena_alloc(&changes->arena, self->room * sizeof *larger);
		if (changes->n > 0)
			memcpy(larger, changes->at, changes->n * sizeof *larger);
		changes->at = larger;
	}
	changes->at[changes->n++] = *message;
}

static size_t take_changed(struct changes_request *self, struct store_context *context, const char *text, size_t room)
{
	struct database_statement *s = begin(self, context, text, &self->changed, room);
	size_t n = 0;

	for (; database_statement_step(s); n++) {
		self->changed.id = database_statement_int(s, 0);
		self->changed.modseq = database_statement_int(s, 1);
		add_message(self, &(struct store_message){
			.uid = store_row_uid(self->changed.id), .modseq = (uint64_t)self->changed.modseq,
			.flags = (uint64_t)database_statement_int(s, 2), .internal_date_s = database_statement_int(s, 3),
			.saved_s = database_statement_int(s, 4), .size = (uint64_t)database_statement_int(s, 5),
			.sent_s = database_statement_int(s, 6), .message_id = database_statement_int(s, 7),
			.thread_id = database_statement_int(s, 8),
		});
	}
	return n;
}

static size_t take_removed(struct changes_request *self, struct store_context *context, const char *text, size_t room)
{
	struct database_statement *s = begin(self, context, text, &self->removed, room);
	size_t n = 0;

	for (; database_statement_step(s); n++) {
		self->removed.id = database_statement_int(s, 0);
		self->removed.modseq = database_statement_int(s, 1);
		ranges_add(&self->changes->vanished, store_row_uid(self->removed.id));
	}
	return n;
}

/*
 * Behind (modseq, id) are those of that modseq with a higher id, and those of a higher modseq.  In one comparison of rows SQLite would
 * walk the index from the first row of that modseq, and one STORE can give it to a million.
 */
#define COLUMNS "id, modseq, flags, internal_date, saved, size, sent, message_id, thread"
#define SAME_MODSEQ "WHERE id >> 32 = ?1 AND modseq = ?2 AND id > ?3 ORDER BY id LIMIT ?4"
#define HIGHER_MODSEQ "WHERE id >> 32 = ?1 AND modseq > ?2 AND ?3 > 0 ORDER BY modseq, id LIMIT ?4"

static void read_changed(struct changes_request *self, struct store_context *context)
{
	size_t n = take_changed(self, context, "SELECT " COLUMNS " FROM msg " SAME_MODSEQ, STORE_BATCH_ROWS);

	if (n < STORE_BATCH_ROWS)
		n += take_changed(self, context, "SELECT " COLUMNS " FROM msg " HIGHER_MODSEQ, STORE_BATCH_ROWS - n);
	self->changed.is_over = n < STORE_BATCH_ROWS;
}

static void read_removed(struct changes_request *self, struct store_context *context)
{
	size_t n = take_removed(self, context, "SELECT id, modseq FROM tomb " SAME_MODSEQ, STORE_BATCH_ROWS);

	if (n < STORE_BATCH_ROWS)
		n += take_removed(self, context, "SELECT id, modseq FROM tomb " HIGHER_MODSEQ, STORE_BATCH_ROWS - n);
	self->removed.is_over = n < STORE_BATCH_ROWS;
}

static int compare(const void *a, const void *b)
{
	const struct store_message *x = a, *y = b;

	if (x->uid != y->uid)
		return x->uid < y->uid ? -1 : 1;
	return x->modseq < y->modseq ? -1 : x->modseq > y->modseq;
}

/* By UID, the last state of each, without those that vanished after they were read. */
static void put_in_order(struct store_changes *changes)
{
	size_t n = 0;

	if (changes->n > 0)
		qsort(changes->at, changes->n, sizeof *changes->at, compare);
	for (size_t i = 0; i < changes->n; i++) {
		bool is_old = i + 1 < changes->n && changes->at[i + 1].uid == changes->at[i].uid;
		if (!is_old && !ranges_contains(&changes->vanished, changes->at[i].uid))
			changes->at[n++] = changes->at[i];
	}
	changes->n = n;
}

static void finish(struct changes_request *self, struct store_context *context)
{
	struct store_changes *changes = self->changes;
	struct database_statement *s = database_statement_begin(context->db, "SELECT vanished_floor FROM mailbox WHERE mailbox_id = ?");

	database_statement_bind_int(s, 1, self->mailbox_id);
	changes->vanished_is_incomplete = self->since < (uint64_t)database_statement_one(s, 0);
	put_in_order(changes);
	store_mailbox_load_keywords(context, self->mailbox_id, &changes->arena, &changes->keywords);
}

static enum store_run run(struct store_request *request, struct store_context *context)
{
	struct changes_request *self = (struct changes_request *)request;
	struct store_mailbox mailbox;

	if (self->changes == NULL)
		self->changes = xcalloc(1, sizeof *self->changes);
	if (!store_mailbox_load(context, self->mailbox_id, &self->changes->arena, &mailbox, NULL)) {
		error_set(&request->error, ERROR_NOT_FOUND, "the mailbox is gone");
		return STORE_RUN_FAILED;
	}
	self->changes->mailbox = mailbox;
	read_changed(self, context);
	read_removed(self, context);
	if (!self->changed.is_over || !self->removed.is_over)
		return STORE_RUN_MORE;
	finish(self, context);
	return STORE_RUN_DONE;
}

static void complete(struct store_request *request)
{
	struct changes_request *self = (struct changes_request *)request;
	bool failed = request->error.kind != ERROR_NONE;
	struct store_changes *changes = failed ? NULL : self->changes;

	if (!failed)
		self->changes = NULL;
	self->done(self->owner, failed ? &request->error : NULL, changes);
}

static void release(struct store_request *request)
{
	store_changes_destroy(((struct changes_request *)request)->changes);
}

static const struct store_request_ops ops = {
	.name = "changes", .thread = STORE_IN_READER, .run = run, .complete = complete, .release = release,
};

struct store_request *store_mailbox_changes(struct store_client *client, int64_t mailbox_id, uint64_t since_modseq, store_changes_fn *done, void *owner)
{
	struct changes_request *self = store_request_create(client, &ops, sizeof *self);

	self->mailbox_id = mailbox_id;
	self->since = since_modseq;
	self->changed.modseq = self->removed.modseq = (int64_t)since_modseq;
	self->changed.id = self->removed.id = INT64_MAX;
	self->done = done;
	self->owner = owner;
	return store_request_submit(&self->request);
}
