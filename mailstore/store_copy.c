#include "mailstore/store_copy.h"

#include <stdlib.h>

#include "base/memory.h"
#include "database/database_transaction.h"
#include "mailstore/messages.h"
#include "mailstore/store_account.h"
#include "mailstore/store_insert.h"
#include "mailstore/store_keyword.h"
#include "mailstore/store_mailbox.h"

#define PIECE_ROWS 1000                 /* held in memory at a time */
#define GAP_UIDS 16                     /* a gap so small is walked over: cheaper than another statement */
#define PART_ROWS 5000                  /* so many are a part of a move */
#define SMALL_ROWS 10000                /* a copy of so many always finds room in the log */
#define LOG_PAGES 2500                  /* written by a copy before its commit, besides what the cache holds: 26 MiB with it, where the log may have had 24 before */
#define RUN_ROWS 4                      /* so many neighbours leave by one statement */
#define FLAG_BITS UINT64_C(0xff)

struct row {
	int64_t id, internal_date, size, sent, thread, message_id;
	uint64_t flags;
	bool is_next;                   /* no row lies between it and the one before in the piece */
};

/* What the rows come to together. */
struct sum {
	int64_t n, n_unseen, n_deleted, octets;
	uint64_t flags;                 /* those that any of them has */
};

struct copy {
	struct store_context *context;
	struct store_transfer *transfer;
	struct ranges uids;             /* of the source, below its UIDNEXT */
	size_t at;                      /* the range to read from */
	uint32_t from;                  /* the UID in it */
	struct row *rows;               /* a piece */
	size_t n_rows;
	struct sum sum;
	uint32_t next_uid;              /* of the target */
	uint64_t bits[64];              /* of the target, by keyword bit of the source */
	bool same_bits;
};

/* ---- to read the source, a piece at a time ---- */

static void rewind_source(struct copy *copy)
{
	copy->at = 0;
	copy->from = ranges_first(&copy->uids);
}

static bool is_asked_for(struct copy *copy, uint32_t uid)
{
	while (copy->uids.at[copy->at].last < uid)
		copy->at++;
	return copy->uids.at[copy->at].first <= uid;
}

/* The range at the cursor and those close behind it. */
static void read_span(struct copy *copy)
{
	const struct ranges *uids = &copy->uids;
	struct database_statement *s = database_statement_begin(copy->context->db,
		"SELECT id, flags, internal_date, size, sent, thread, message_id FROM msg WHERE id BETWEEN ? AND ?");
	size_t end = copy->at + 1;
	bool is_next = false;

	while (end < uids->n && uids->at[end].first - uids->at[end - 1].last <= GAP_UIDS)
		end++;
	database_statement_bind_int(s, 1, store_row_id(copy->transfer->from, copy->from));
	database_statement_bind_int(s, 2, store_row_id(copy->transfer->from, uids->at[end - 1].last));
	while (copy->n_rows < PIECE_ROWS && database_statement_step(s)) {
		int64_t id = database_statement_int(s, 0);
		copy->from = store_row_uid(id) + 1;
		if (!is_asked_for(copy, store_row_uid(id))) {
			is_next = false;
			continue;
		}
		copy->rows[copy->n_rows++] = (struct row){
			.id = id, .flags = (uint64_t)database_statement_int(s, 1),
			.internal_date = database_statement_int(s, 2), .size = database_statement_int(s, 3), .sent = database_statement_int(s, 4),
			.thread = database_statement_int(s, 5), .message_id = database_statement_int(s, 6), .is_next = is_next,
		};
		is_next = true;
	}
	database_statement_end(s);
	if (copy->n_rows == PIECE_ROWS && copy->from <= uids->at[end - 1].last)
		return;
	copy->at = end;
	copy->from = end < uids->n ? uids->at[end].first : 0;
}

/* False: no more rows. */
static bool read_piece(struct copy *copy)
{
	copy->n_rows = 0;
	while (copy->n_rows < PIECE_ROWS && copy->at < copy->uids.n)
		read_span(copy);
	return copy->n_rows > 0 && !database_failed(copy->context->db);
}

/* Of a move a part: the others are left for later ones. */
static void add_up(struct copy *copy)
{
	struct store_transfer *transfer = copy->transfer;
	struct sum *sum = &copy->sum;

	transfer->rest = 0;
	for (rewind_source(copy); transfer->rest == 0 && read_piece(copy);) {
		for (size_t i = 0; i < copy->n_rows; i++) {
			const struct row *row = &copy->rows[i];
			sum->n++;
			sum->n_unseen += (row->flags & STORE_SEEN) == 0;
			sum->n_deleted += (row->flags & STORE_DELETED) != 0;
			sum->octets += row->size;
			sum->flags |= row->flags;
		}
		if (transfer->is_move && sum->n >= PART_ROWS)
			transfer->rest = store_row_uid(copy->rows[copy->n_rows - 1].id) + 1;
	}
	if (transfer->rest != 0)
		ranges_remove_range(&copy->uids, transfer->rest, UINT32_MAX);
}

/* ---- to write ---- */

/* The target's bits for the keywords that are in use.  One that finds none is left behind. */
static void map_keywords(struct copy *copy)
{
	const struct store_transfer *transfer = copy->transfer;
	struct store_keywords keywords = { 0 };
	struct arena arena = { 0 };

	copy->same_bits = transfer->from == transfer->to || (copy->sum.flags & ~FLAG_BITS) == 0;
	if (copy->same_bits)
		return;
	store_mailbox_load_keywords(copy->context, transfer->from, &arena, &keywords);
	for (unsigned bit = STORE_KEYWORD_FIRST_BIT; bit < 63; bit++)
		if ((copy->sum.flags >> bit & 1) && keywords.names[bit] != NULL)
			store_keyword_bits(copy->context, transfer->to, &keywords.names[bit], 1, true, &copy->bits[bit], NULL);
	arena_reset(&arena);
}

static uint64_t translate(const struct copy *copy, uint64_t flags)
{
	uint64_t result = flags & FLAG_BITS;

	if (copy->same_bits)
		return flags;
	for (unsigned bit = STORE_KEYWORD_FIRST_BIT; flags >> bit != 0 && bit < 63; bit++)
		if (flags >> bit & 1)
			result |= copy->bits[bit];
	return result;
}

static void insert(struct copy *copy, const struct row *row)
{
	struct database_statement *s = database_statement_begin(copy->context->db,
		"INSERT INTO msg(id, modseq, flags, internal_date, saved_after, size, sent, thread_back, message_id) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)");

	database_statement_bind_int(s, 1, store_row_id(copy->transfer->to, copy->next_uid++));
	database_statement_bind_int(s, 2, (int64_t)copy->transfer->to_modseq);
	database_statement_bind_int(s, 3, (int64_t)translate(copy, row->flags));
	database_statement_bind_int(s, 4, row->internal_date);
	database_statement_bind_int(s, 5, copy->context->now_s - row->internal_date);
	database_statement_bind_int(s, 6, row->size);
	database_statement_bind_int(s, 7, row->sent);
	database_statement_bind_int(s, 8, row->message_id - row->thread);
	database_statement_bind_int(s, 9, row->message_id);
	database_statement_run(s);
}

/* Tombstones in place of the rows from first to last, which went elsewhere. */
static void bury_run(struct copy *copy, int64_t first, int64_t last)
{
	struct database_statement *s = database_statement_begin(copy->context->db,
		"INSERT INTO tomb(id, modseq, message_id, size, flags, internal_date, at) "
		"SELECT id, ?3, message_id, size, flags, internal_date, ?4 FROM msg WHERE id BETWEEN ?1 AND ?2");

	database_statement_bind_int(s, 1, first);
	database_statement_bind_int(s, 2, last);
	database_statement_bind_int(s, 3, (int64_t)copy->transfer->from_modseq);
	database_statement_bind_int(s, 4, copy->context->now_s);
	database_statement_run(s);
	s = database_statement_begin(copy->context->db, "DELETE FROM msg WHERE id BETWEEN ? AND ?");
	database_statement_bind_int(s, 1, first);
	database_statement_bind_int(s, 2, last);
	database_statement_run(s);
}

static void bury_row(struct copy *copy, const struct row *row)
{
	struct database_statement *s = database_statement_begin(copy->context->db,
		"INSERT INTO tomb(id, modseq, message_id, size, flags, internal_date, at) VALUES(?, ?, ?, ?, ?, ?, ?)");

	database_statement_bind_int(s, 1, row->id);
	database_statement_bind_int(s, 2, (int64_t)copy->transfer->from_modseq);
	database_statement_bind_int(s, 3, row->message_id);
	database_statement_bind_int(s, 4, row->size);
	database_statement_bind_int(s, 5, (int64_t)row->flags);
	database_statement_bind_int(s, 6, row->internal_date);
	database_statement_bind_int(s, 7, copy->context->now_s);
	database_statement_run(s);
	s = database_statement_begin(copy->context->db, "DELETE FROM msg WHERE id = ?");
	database_statement_bind_int(s, 1, row->id);
	database_statement_run(s);
}

static void bury_piece(struct copy *copy)
{
	for (size_t i = 0, end; i < copy->n_rows; i = end) {
		for (end = i + 1; end < copy->n_rows && copy->rows[end].is_next; end++)
			continue;
		if (end - i >= RUN_ROWS)
			bury_run(copy, copy->rows[i].id, copy->rows[end - 1].id);
		else
			for (size_t k = i; k < end; k++)
				bury_row(copy, &copy->rows[k]);
	}
}

/* Ascending UIDs stay ascending. */
static void write_piece(struct copy *copy)
{
	for (size_t i = 0; i < copy->n_rows; i++) {
		insert(copy, &copy->rows[i]);
		ranges_add(&copy->transfer->from_uids, store_row_uid(copy->rows[i].id));
	}
	if (copy->transfer->is_move)
		bury_piece(copy);
}

/* sign: 1 for the target, -1 for the source of a move. */
static void count(const struct copy *copy, int64_t mailbox_id, int sign)
{
	const struct sum *sum = &copy->sum;
	struct database_statement *s = database_statement_begin(copy->context->db,
		"UPDATE mailbox SET n_messages = n_messages + ?2, n_unseen = n_unseen + ?3, n_deleted = n_deleted + ?4, n_octets = n_octets + ?5 "
		"WHERE mailbox_id = ?1");

	database_statement_bind_int(s, 1, mailbox_id);
	database_statement_bind_int(s, 2, sign * sum->n);
	database_statement_bind_int(s, 3, sign * sum->n_unseen);
	database_statement_bind_int(s, 4, sign * sum->n_deleted);
	database_statement_bind_int(s, 5, sign * sum->octets);
	database_statement_run(s);
}

/* Also 0 for a source that went. */
static uint32_t uidnext_of(const struct copy *copy, int64_t mailbox_id)
{
	struct database_statement *s = database_statement_begin(copy->context->db, "SELECT uidnext FROM mailbox WHERE mailbox_id = ? AND user_id = ?");

	database_statement_bind_int(s, 1, mailbox_id);
	database_statement_bind_int(s, 2, copy->transfer->user_id);
	return (uint32_t)database_statement_one(s, 0);
}

static bool prepare(struct copy *copy, struct error *err)
{
	struct store_transfer *transfer = copy->transfer;
	uint32_t end = uidnext_of(copy, transfer->from);

	/* a copy into the same mailbox does not meet itself */
	if (transfer->end == 0 || end < transfer->end)
		transfer->end = end > 0 ? end : 1;
	ranges_copy(&copy->uids, transfer->uids);
	ranges_remove_range(&copy->uids, transfer->end, UINT32_MAX);
	if (transfer->first > 1)
		ranges_remove_range(&copy->uids, 1, transfer->first - 1);
	add_up(copy);
	copy->next_uid = uidnext_of(copy, transfer->to);
	if (copy->next_uid == 0)
		return error_set(err, ERROR_NOT_FOUND, "no such mailbox");
	if (!store_insert_has_uids(copy->next_uid, (size_t)copy->sum.n))
		return error_set(err, ERROR_LIMIT, STORE_INSERT_NO_UIDS);
	if (!transfer->is_move && !store_account_has_room(copy->context, transfer->user_id, (uint64_t)copy->sum.octets))
		return error_set(err, ERROR_FULL, "over quota");
	return true;
}

/* False: the log has no room for all. */
static bool write_rows(struct copy *copy)
{
	uint64_t before = database_pages_written(copy->context->db);

	for (rewind_source(copy); read_piece(copy);) {
		write_piece(copy);
		if (copy->sum.n > SMALL_ROWS && database_pages_written(copy->context->db) - before > LOG_PAGES)
			return false;
	}
	return true;
}

static bool write_all(struct copy *copy)
{
	struct store_transfer *transfer = copy->transfer;
	uint32_t first_uid = copy->next_uid;
	struct database_statement *s;

	map_keywords(copy);
	transfer->to_modseq = store_mailbox_next_modseq(copy->context, transfer->to);
	if (transfer->is_move)
		transfer->from_modseq = transfer->from == transfer->to ? transfer->to_modseq : store_mailbox_next_modseq(copy->context, transfer->from);
	if (!write_rows(copy))
		return false;
	if (copy->next_uid == first_uid)
		return true;            /* a statement failed: nothing of this will stay */
	ranges_add_range(&transfer->to_uids, first_uid, copy->next_uid - 1);
	s = database_statement_begin(copy->context->db, "UPDATE mailbox SET uidnext = ?2 WHERE mailbox_id = ?1");
	database_statement_bind_int(s, 1, transfer->to);
	database_statement_bind_int(s, 2, copy->next_uid);
	database_statement_run(s);
	count(copy, transfer->to, 1);
	if (transfer->is_move)
		count(copy, transfer->from, -1);
	else
		store_account_count(copy->context, transfer->user_id, copy->sum.n, copy->sum.octets);
	return true;
}

/* Small ones need no way back. */
static bool write_or_undo(struct copy *copy, struct error *err)
{
	bool can_undo = copy->sum.n > SMALL_ROWS;

	if (can_undo && !database_part_begin(copy->context->db))
		return true;
	bool ok = write_all(copy);
	if (!ok)
		database_part_undo(copy->context->db);
	else if (can_undo)
		database_part_keep(copy->context->db);
	return ok || error_set(err, ERROR_LIMIT, "too many messages for one copy: take fewer at a time");
}

bool store_copy_run(struct store_context *context, struct store_transfer *transfer, struct error *err)
{
	struct copy copy = { .context = context, .transfer = transfer };

	ranges_clear(&transfer->from_uids);
	ranges_clear(&transfer->to_uids);
	transfer->from_modseq = transfer->to_modseq = 0;
	copy.rows = xcalloc(PIECE_ROWS, sizeof *copy.rows);
	bool ok = prepare(&copy, err);
	if (ok && copy.sum.n > 0)
		ok = write_or_undo(&copy, err);
	ranges_release(&copy.uids);
	free(copy.rows);
	return ok;
}
