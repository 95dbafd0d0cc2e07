#include "mailstore/store_journal_row.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "mailstore/store_open.h"

#define PRUNE_ROWS 500

void store_journal_row_add(struct store_context *context, const struct store_journal_entry *entry)
{
	struct database_statement *s = database_statement_begin(context->db,
		"INSERT INTO journal(at_ms, queue_id, id_hash, stage, recipient, remote, detail) VALUES(?, ?, ?, ?, ?, ?, ?)");
	char *detail = NULL;

	/* the table has no column for it: a deferral's detail begins with its next try */
	if (entry->stage == STORE_JOURNAL_DEFERRED)
		detail = xprintf("%lld %s", (long long)entry->next_at_s, entry->detail != NULL ? entry->detail : "");
	database_statement_bind_int(s, 1, clock_now_ms());
	database_statement_bind_int(s, 2, (int64_t)entry->queue_id);
	database_statement_bind_int(s, 3, (int64_t)entry->id_hash);
	database_statement_bind_int(s, 4, entry->stage);
	database_statement_bind_text(s, 5, entry->recipient);
	database_statement_bind_text(s, 6, entry->remote);
	database_statement_bind_text(s, 7, detail != NULL ? detail : entry->detail);
	database_statement_run(s);
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
	struct database_statement *s = database_statement_begin(context->db, "SELECT at_ms FROM journal ORDER BY entry_id LIMIT 1");

	/* entries stand in the order of their times: the first one tells */
	if (database_statement_one(s, INT64_MAX) >= before_ms)
		return true;
	s = database_statement_begin(context->db,
		"DELETE FROM journal WHERE at_ms < ?1 AND entry_id IN (SELECT entry_id FROM journal ORDER BY entry_id LIMIT ?2)");
	database_statement_bind_int(s, 1, before_ms);
	database_statement_bind_int(s, 2, PRUNE_ROWS);
	return database_statement_run(s) < PRUNE_ROWS;
}
