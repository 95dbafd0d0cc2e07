/*
 * Rows of the mailbox in order of their UIDs, each message's text until every needle is found or the text is over.  All of it is kept in the
 * request, so that a slice may end anywhere, within a large message too.
 */
#include "mailstore/search.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "mailstore/store_body.h"
#include "mailstore/store_client.h"
#include "mailstore/store_index.h"
#include "mailstore/store_indexer.h"
#include "mailstore/store_mailbox.h"
#include "mailstore/store_needle.h"
#include "mailstore/store_open.h"
#include "mailstore/store_request.h"
#include "mailstore/store_stored.h"
#include "message/mime_part.h"
#include "message/text_walk.h"

#define ROWS 2000
#define GAP 64                          /* UIDs not asked for that are read over rather than asked around */

struct row {
	uint32_t uid;
	int64_t message_id;
};

struct search_request {
	struct store_request request;
	int64_t mailbox_id;
	struct ranges uids;
	struct store_finder finders[STORE_NEEDLES_MAX];
	size_t n;
	struct ranges found[STORE_NEEDLES_MAX];
	store_search_fn *done;
	void *owner;
	int64_t user_id;                /* 0: not prepared */
	struct store_index_filter *filter;      /* NULL: no index */
	uint64_t n_unindexed;           /* messages read though no index was asked */
	bool is_filled;                 /* the filter, if there is one */
	bool is_damaged;                /* the index */
	bool is_among_expunged;         /* of the rows; the living ones are done */
	/* the message under way: row n_done - 1 */
	bool is_open;
	struct store_stored stored;
	uint64_t open_needles;          /* not found in it yet */
	struct arena arena;
	struct mime_tree tree;
	struct text_walk *walk;
	/* rows */
	uint64_t next_uid;
	size_t n_rows, n_done;
	struct row rows[ROWS];
};

/* ---- needles of one message ---- */

static void found_one(struct search_request *self, size_t i)
{
	ranges_add(&self->found[i], self->rows[self->n_done - 1].uid);
	self->open_needles &= ~(UINT64_C(1) << i);
}

static bool read_piece(void *owner, unsigned kind, struct bytes text, bool is_first)
{
	struct search_request *self = owner;

	for (size_t i = 0; i < self->n; i++)
		if ((self->open_needles >> i & 1) && store_finder_piece(&self->finders[i], kind, text, is_first))
			found_one(self, i);
	return self->open_needles != 0;
}

/* What needs no text: envelopes, and needles that are everywhere.  Returns the kinds of text to be read for the rest. */
static unsigned look_at_envelope(struct search_request *self, struct bytes packed)
{
	struct summary_envelope envelope;
	bool is_read = false, is_good = false;
	unsigned kinds = 0;

	for (size_t i = 0; i < self->n; i++) {
		struct store_finder *f = &self->finders[i];
		if (!(self->open_needles >> i & 1))
			continue;
		buffer_clear(&f->tail);
		kinds |= f->kinds;
		if (f->kinds != 0)
			continue;
		if (f->in_envelope && !is_read) {
			is_good = summary_envelope_unpack(packed, &self->arena, &envelope);
			is_read = true;
		}
		if (!f->in_envelope || (is_good && store_finder_in_envelope(f, &envelope)))
			found_one(self, i);
		else
			self->open_needles &= ~(UINT64_C(1) << i);
	}
	return kinds;
}

/* ---- octets of one message ---- */

static void close_message(struct search_request *self)
{
	store_stored_close(&self->stored);
	self->is_open = false;
	arena_reset(&self->arena);
}

static void open_message(struct search_request *self, struct store_context *context, int64_t message_id)
{
	struct database_statement *s = database_statement_begin(context->db, "SELECT size, file, envelope, structure, codec FROM message WHERE message_id = ?");
	const char *file = NULL;
	enum store_codec codec = STORE_PLAIN;
	uint64_t size = 0;
	unsigned kinds = 0;

	database_statement_bind_int(s, 1, message_id);
	if (database_statement_step(s)) {
		size = (uint64_t)database_statement_int(s, 0);
		codec = (enum store_codec)database_statement_int(s, 4);
		kinds = look_at_envelope(self, database_statement_bytes(s, 2));
		if (kinds != 0) {
			file = database_statement_text(s, 1, &self->arena);
			struct bytes packed = arena_bytes(&self->arena, database_statement_bytes(s, 3));
			if (!mime_tree_unpack(packed, &self->arena, &self->tree))
				kinds = 0;
		}
	}
	database_statement_end(s);
	self->is_open = kinds != 0 && store_stored_open(&self->stored, context->store->dir_fd, message_id, size, codec, file, NULL);
	if (self->is_open)
		text_walk_start(self->walk, &self->tree, kinds);
	else
		close_message(self);
}

/* A chunk.  Octets that are not there end the message: store_check tells of them, a search finds what is left. */
static void read_on(struct search_request *self, struct store_context *context)
{
	struct bytes chunk;
	uint64_t at, len;
	bool ok = text_walk_wants(self->walk, &at, &len) && at < self->stored.size &&
	          store_stored_chunk(&self->stored, context->db, at / STORE_CHUNK_SIZE, &chunk, NULL);

	if (ok)
		text_walk_feed(self->walk, at - at % STORE_CHUNK_SIZE, chunk);
	else
		close_message(self);
}

/* ---- rows ---- */

/* The next UIDs asked for, as one stretch; false: none. */
static bool next_stretch(const struct search_request *self, struct range *stretch)
{
	size_t low = 0, high = self->uids.n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (self->uids.at[middle].last < self->next_uid)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == self->uids.n || self->next_uid > UINT32_MAX)
		return false;
	*stretch = self->uids.at[low];
	if (stretch->first < self->next_uid)
		stretch->first = (uint32_t)self->next_uid;
	for (low++; low < self->uids.n && self->uids.at[low].first - stretch->last <= GAP; low++)
		stretch->last = self->uids.at[low].last;
	return true;
}

/* False: all rows were seen. */
static bool fetch_rows(struct search_request *self, struct store_context *context)
{
	struct range stretch;

	self->n_rows = self->n_done = 0;
	if (!next_stretch(self, &stretch)) {
		if (self->is_among_expunged)
			return false;
		self->is_among_expunged = true;
		self->next_uid = 1;
		return true;
	}
	struct database_statement *s = self->is_among_expunged
		? database_statement_begin(context->db, "SELECT id, message_id FROM tomb WHERE id BETWEEN ? AND ? AND at > ? LIMIT ?")
		: database_statement_begin(context->db, "SELECT id, message_id FROM msg WHERE id BETWEEN ? AND ? AND ? < 1 LIMIT ?");
	database_statement_bind_int(s, 1, store_row_id(self->mailbox_id, stretch.first));
	database_statement_bind_int(s, 2, store_row_id(self->mailbox_id, stretch.last));
	database_statement_bind_int(s, 3, self->is_among_expunged ? context->now_s - STORE_RETAIN_S : 0);
	database_statement_bind_int(s, 4, ROWS);
	size_t n = 0;
	uint32_t uid = stretch.last;
	for (; database_statement_step(s); n++) {
		uid = store_row_uid(database_statement_int(s, 0));
		if (ranges_contains(&self->uids, uid))
			self->rows[self->n_rows++] = (struct row){ uid, database_statement_int(s, 1) };
	}
	self->next_uid = (uint64_t)(n == ROWS ? uid : stretch.last) + 1;
	return true;
}

static void next_message(struct search_request *self, struct store_context *context)
{
	const struct row *row = &self->rows[self->n_done++];
	uint64_t all = self->n == 64 ? UINT64_MAX : (UINT64_C(1) << self->n) - 1;
	bool is_indexed = false;

	self->open_needles = all;
	if (self->filter != NULL)
		self->open_needles &= store_index_filter_ask(self->filter, row->message_id, &is_indexed);
	self->n_unindexed += !is_indexed;
	if (self->open_needles != 0)
		open_message(self, context, row->message_id);
}

/* ---- slices ---- */

static bool prepare(struct search_request *self, struct store_context *context)
{
	struct database_statement *s = database_statement_begin(context->db, "SELECT user_id FROM mailbox WHERE mailbox_id = ?");

	database_statement_bind_int(s, 1, self->mailbox_id);
	self->user_id = database_statement_one(s, 0);
	if (self->user_id == 0)
		return error_set(&self->request.error, ERROR_NOT_FOUND, "the mailbox is gone");
	self->filter = store_index_filter_create(context->store, self->user_id, self->finders, self->n, &self->is_damaged);
	self->walk = text_walk_create(read_piece, self);
	self->next_uid = 1;
	return true;
}

/* False: more of the index is to be read. */
static bool fill_filter(struct search_request *self, const struct store_context *context)
{
	if (self->filter != NULL && !store_index_filter_fill(self->filter, context->deadline_ms, &self->is_damaged))
		return false;
	if (self->is_damaged) {
		store_index_filter_destroy(self->filter);
		self->filter = NULL;
	}
	self->is_filled = true;
	return true;
}

static enum store_run run(struct store_request *request, struct store_context *context)
{
	struct search_request *self = (struct search_request *)request;

	if (self->user_id == 0 && !prepare(self, context))
		return STORE_RUN_FAILED;
	if (!self->is_filled && !fill_filter(self, context))
		return STORE_RUN_MORE;
	for (unsigned n = 0; !database_failed(context->db); n++) {
		/* the clock costs little beside a message, and much beside a row that the filter passes over */
		if ((self->is_open || n % 16 == 15) && clock_monotonic_ms() >= context->deadline_ms)
			return STORE_RUN_MORE;
		if (self->is_open)
			read_on(self, context);
		else if (self->n_done < self->n_rows)
			next_message(self, context);
		else if (!fetch_rows(self, context))
			break;
	}
	store_indexer_note(context->store->indexer, self->user_id, self->n_unindexed, self->is_damaged);
	return STORE_RUN_DONE;
}

static void complete(struct store_request *request)
{
	struct search_request *self = (struct search_request *)request;
	bool failed = request->error.kind != ERROR_NONE;

	self->done(self->owner, failed ? &request->error : NULL, self->found, failed ? 0 : self->n);
}

static void release(struct store_request *request)
{
	struct search_request *self = (struct search_request *)request;

	close_message(self);
	store_stored_release(&self->stored);
	for (size_t i = 0; i < self->n; i++) {
		buffer_release(&self->finders[i].tail);
		ranges_release(&self->found[i]);
	}
	if (self->walk != NULL)
		text_walk_destroy(self->walk);
	store_index_filter_destroy(self->filter);
	arena_reset(&self->arena);
	ranges_release(&self->uids);
}

static const struct store_request_ops ops = {
	.name = "search", .thread = STORE_IN_READER, .is_long = true, .run = run, .complete = complete, .release = release,
};

struct store_request *store_search(struct store_client *client, int64_t mailbox_id, const struct ranges *uids, const struct store_needle *needles, size_t n,
                                   store_search_fn *done, void *owner)
{
	struct search_request *self = store_request_create(client, &ops, sizeof *self);

	self->mailbox_id = mailbox_id;
	self->stored.fd = -1;
	self->stored.packer.dictionaries = client->store->dictionaries;
	self->done = done;
	self->owner = owner;
	ranges_copy(&self->uids, uids);
	if (n > STORE_NEEDLES_MAX)
		error_set(&self->request.error, ERROR_LIMIT, "more than %d texts at once", STORE_NEEDLES_MAX);
	else
		self->n = n;
	for (size_t i = 0; i < self->n; i++)
		store_finder_init(&self->finders[i], &needles[i], &self->request.arena);
	return store_request_submit(&self->request);
}
