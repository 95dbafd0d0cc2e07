#include "mailstore/journal.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "mailstore/store_context.h"
#include "mailstore/store_journal_row.h"
#include "mailstore/store_request.h"

#define FIND_ROWS 20000                 /* a few ms */
#define QUEUE_IDS_MAX 65536

struct journal_request {
	struct store_request request;
	uint64_t id_hash;               /* 0 = the queue id is known */
	int64_t seen;                   /* the last entry that was looked at for it */
	struct buffer queue_ids;        /* JSON */
	size_t n_queue_ids;
	int64_t from;
	store_journal_fn *done;
	void *owner;
	struct store_journal *journal;
	size_t capacity;                /* of its entries */
};

void store_journal_destroy(struct store_journal *journal)
{
	if (journal == NULL)
		return;
	arena_reset(&journal->arena);
	free(journal);
}

/* "1763714000 451 4.3.0 later" in parts. */
static void cut_next_try(struct store_journal_entry *entry)
{
	struct bytes rest = bytes_text(entry->detail), front;
	uint64_t next_at_s;

	if (!bytes_cut(&rest, ' ', &front) || !bytes_to_u64(front, INT64_MAX, &next_at_s))
		return;
	entry->next_at_s = (int64_t)next_at_s;
	entry->detail = rest.len > 0 ? rest.at : NULL;
}

static void read_entry(struct database_statement *s, struct arena *arena, struct store_journal_entry *entry)
{
	*entry = (struct store_journal_entry){
		.entry_id = database_statement_int(s, 0), .at_ms = database_statement_int(s, 1), .queue_id = (uint64_t)database_statement_int(s, 2),
		.id_hash = (uint64_t)database_statement_int(s, 3) << STORE_JOURNAL_HASH_SHIFT, .stage = (enum store_journal_stage)database_statement_int(s, 4),
		.recipient = database_statement_text(s, 5, arena), .remote = database_statement_text(s, 6, arena),
		.detail = database_statement_text(s, 7, arena),
	};
	if (entry->stage == STORE_JOURNAL_DEFERRED)
		cut_next_try(entry);
}

static void add_queue_id(struct journal_request *self, int64_t queue_id)
{
	char text[24];

	snprintf(text, sizeof text, "%s%lld", self->n_queue_ids++ > 0 ? "," : "[", (long long)queue_id);
	buffer_add_text(&self->queue_ids, text);
}

/* Read on through the arrivals for those of this Message-ID; true: all were seen. */
static bool find_queue_ids(struct journal_request *self, struct store_context *context)
{
	struct database_statement *s = database_statement_begin(context->db,
		"SELECT entry_id, id_hash, queue_id FROM journal WHERE entry_id > ?1 ORDER BY entry_id LIMIT ?2");
	int64_t n = 0, wanted = (int64_t)self->id_hash >> STORE_JOURNAL_HASH_SHIFT;

	database_statement_bind_int(s, 1, self->seen);
	database_statement_bind_int(s, 2, FIND_ROWS);
	for (; self->n_queue_ids < QUEUE_IDS_MAX && database_statement_step(s); n++) {
		int64_t queue_id = database_statement_int(s, 2);
		self->seen = database_statement_int(s, 0);
		if (database_statement_int(s, 1) == wanted)
			add_queue_id(self, queue_id != 0 ? queue_id : self->seen);
	}
	database_statement_end(s);
	return n < FIND_ROWS;
}

#define COLUMNS "SELECT entry_id, " STORE_JOURNAL_AT_MS ", ifnull(queue_id, entry_id), id_hash, stage, recipient, remote, detail FROM journal "

static struct database_statement *ask(const struct journal_request *self, struct store_context *context)
{
	struct database_statement *s = database_statement_begin(context->db,
		COLUMNS "WHERE entry_id IN (SELECT value FROM json_each(?1)) AND queue_id IS NULL AND entry_id >= ?2 UNION ALL "
		COLUMNS "WHERE queue_id IN (SELECT value FROM json_each(?1)) AND entry_id >= ?2 ORDER BY 1 LIMIT ?3");

	database_statement_bind_text(s, 1, self->queue_ids.at);
	database_statement_bind_int(s, 2, self->from);
	database_statement_bind_int(s, 3, STORE_BATCH_ROWS);
	return s;
}

static struct store_journal_entry *add(struct journal_request *self)
{
	struct store_journal *journal = self->journal;

	if (journal->n == self->capacity) {
		struct store_journal_entry *larger = arena_alloc(&journal->arena, 2 * self->capacity * sizeof *larger);
		memcpy(larger, journal->at, journal->n * sizeof *larger);
		journal->at = larger;
		self->capacity *= 2;
	}
	return &journal->at[journal->n++];
}

/* The copies that were made with an acceptance become entries behind it. */
static void add_copies(struct journal_request *self, struct store_journal_entry accepted)
{
	struct bytes list = bytes_text(accepted.recipient), recipient;
	enum store_journal_stage stage;

	while (store_journal_row_next(&list, &stage, &recipient))
		*add(self) = (struct store_journal_entry){
			.entry_id = accepted.entry_id, .at_ms = accepted.at_ms, .queue_id = accepted.queue_id, .stage = stage,
			.recipient = arena_bytes(&self->journal->arena, recipient).at,
		};
}

static enum store_run run(struct store_request *request, struct store_context *context)
{
	struct journal_request *self = (struct journal_request *)request;
	int64_t n_rows = 0, last = 0;

	if (self->id_hash != 0 && !find_queue_ids(self, context))
		return STORE_RUN_MORE;
	buffer_add_text(&self->queue_ids, self->n_queue_ids > 0 ? "]" : "[]");
	struct database_statement *s = ask(self, context);
	struct store_journal *journal = self->journal = xcalloc(1, sizeof *journal);

	self->capacity = 64;
	journal->at = arena_alloc(&journal->arena, self->capacity * sizeof *journal->at);
	for (; database_statement_step(s); n_rows++) {
		struct store_journal_entry entry;
		read_entry(s, &journal->arena, &entry);
		last = entry.entry_id;
		struct store_journal_entry shown = entry;
		if (entry.stage == STORE_JOURNAL_ACCEPTED)
			shown.recipient = NULL;
		*add(self) = shown;
		if (entry.stage == STORE_JOURNAL_ACCEPTED && entry.recipient != NULL)
			add_copies(self, entry);
	}
	if (n_rows == STORE_BATCH_ROWS)
		journal->next_entry_id = last + 1;
	return STORE_RUN_DONE;
}

static void complete(struct store_request *request)
{
	struct journal_request *self = (struct journal_request *)request;
	bool failed = request->error.kind != ERROR_NONE;
	struct store_journal *journal = failed ? NULL : self->journal;

	if (!failed)
		self->journal = NULL;
	self->done(self->owner, failed ? &request->error : NULL, journal);
}

static void release(struct store_request *request)
{
	struct journal_request *self = (struct journal_request *)request;

	store_journal_destroy(self->journal);
	buffer_release(&self->queue_ids);
}

static const struct store_request_ops ops = {
	.name = "journal-read", .thread = STORE_IN_READER, .is_long = true, .run = run, .complete = complete, .release = release,
};

struct store_request *store_journal_read(struct store_client *client, uint64_t queue_id, uint64_t id_hash, int64_t from_entry_id,
                                         store_journal_fn *done, void *owner)
{
	struct journal_request *self = store_request_create(client, &ops, sizeof *self);

	if (queue_id != 0)
		add_queue_id(self, (int64_t)queue_id);
	else
		self->id_hash = id_hash;
	self->seen = INT64_MIN;
	self->from = from_entry_id;
	self->done = done;
	self->owner = owner;
	return store_request_submit(&self->request);
}
