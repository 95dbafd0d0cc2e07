#include "mailstore/store_journal_row.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "mailstore/store_open.h"

#define PRUNE_ROWS 500
#define ID_BITS 22                      /* of an id below its milliseconds, see random_time_id */
#define QUEUE_ID_END ((UINT64_C(1) << 63) - (UINT64_C(1) << 40))       /* room above for entries that have their own ids */

/* False: there is an entry of this id. */
static bool insert(struct store_context *context, int64_t entry_id, const struct store_journal_entry *entry, const char *detail, bool is_named)
{
	struct database_statement *s = database_statement_begin(context->db,
		"INSERT OR IGNORE INTO journal(entry_id, queue_id, after_ms, id_hash, stage, recipient, remote, detail) VALUES(?, ?, ?, ?, ?, ?, ?, ?)");

	database_statement_bind_int(s, 1, entry_id);
	if (!is_named)
		database_statement_bind_int(s, 2, (int64_t)entry->queue_id);
	database_statement_bind_int(s, 3, clock_now_ms() - (entry_id >> ID_BITS));
	database_statement_bind_int(s, 4, (int64_t)entry->id_hash >> STORE_JOURNAL_HASH_SHIFT);
	database_statement_bind_int(s, 5, entry->stage);
	database_statement_bind_text(s, 6, entry->recipient);
	database_statement_bind_text(s, 7, entry->remote);
	database_statement_bind_text(s, 8, detail);
	return database_statement_run(s) > 0;
}

/* Behind all there are, and not before its time. */
static int64_t next_id(struct store_context *context)
{
	int64_t above = 1 + database_statement_one(database_statement_begin(context->db, "SELECT entry_id FROM journal ORDER BY entry_id DESC LIMIT 1"), 0);
	int64_t now = (int64_t)((uint64_t)clock_now_ms() << ID_BITS & INT64_MAX);

	return above > now ? above : now;
}

void store_journal_row_add(struct store_context *context, const struct store_journal_entry *entry)
{
	bool is_arrival = entry->stage == STORE_JOURNAL_ACCEPTED || entry->stage == STORE_JOURNAL_REPEATED;
	char *detail = NULL;

	/* the table has no column for it: a deferral's detail begins with its next try */
	if (entry->stage == STORE_JOURNAL_DEFERRED)
		detail = xprintf("%lld %s", (long long)entry->next_at_s, entry->detail != NULL ? entry->detail : "");
	const char *text = detail != NULL ? detail : entry->detail;
	/* an arrival needs no second name, and no index to be found by it */
	if (!is_arrival || entry->queue_id == 0 || entry->queue_id >= QUEUE_ID_END || !insert(context, (int64_t)entry->queue_id, entry, text, true))
		insert(context, next_id(context), entry, text, false);
	free(detail);
}

void store_journal_row_list(struct buffer *list, enum store_journal_stage stage, const char *recipient)
{
	if (list->len > 0)
		buffer_add_octet(list, '\n');
	buffer_add_octet(list, stage == STORE_JOURNAL_STORED ? 's' : 'q');
	buffer_add_text(list, recipient != NULL ? recipient : "");
}

bool store_journal_row_next(struct bytes *list, enum store_journal_stage *stage, struct bytes *recipient)
{
	struct bytes line;

	if (list->len == 0)
		return false;
	bytes_cut(list, '\n', &line);
	*stage = line.len > 0 && line.at[0] == 's' ? STORE_JOURNAL_STORED : STORE_JOURNAL_QUEUED;
	*recipient = bytes_skip(line, 1);
	return true;
}

bool store_journal_row_prune(struct store_context *context)
{
	int64_t before_ms = (context->now_s - context->store->options.journal_keep_s) * 1000;
	struct database_statement *s = database_statement_begin(context->db, "SELECT " STORE_JOURNAL_AT_MS " FROM journal ORDER BY entry_id LIMIT 1");

	/* entries stand about in the order of their times: the first one tells */
	if (database_statement_one(s, INT64_MAX) >= before_ms)
		return true;
	s = database_statement_begin(context->db,
		"DELETE FROM journal WHERE " STORE_JOURNAL_AT_MS " < ?1 AND entry_id IN (SELECT entry_id FROM journal ORDER BY entry_id LIMIT ?2)");
	database_statement_bind_int(s, 1, before_ms);
	database_statement_bind_int(s, 2, PRUNE_ROWS);
	return database_statement_run(s) < PRUNE_ROWS;
}
