#include "mailstore/store_mailbox_empty.h"

#include "mailstore/store_account.h"
#include "mailstore/store_mailbox.h"

#define PART_ROWS 5000                  /* removed in one transaction at most */

static struct database_statement *begin(struct store_context *context, int64_t mailbox_id, const char *literal)
{
	struct database_statement *s = database_statement_begin(context->db, literal);

	database_statement_bind_int(s, 1, store_row_id(mailbox_id, 0));
	database_statement_bind_int(s, 2, store_row_id(mailbox_id, UINT32_MAX));
	return s;
}

/* The UID of the last row that still goes in this part: the last there is, or less. */
static int64_t last_of_part(struct store_context *context, int64_t mailbox_id)
{
	struct database_statement *s = begin(context, mailbox_id, "SELECT id FROM msg WHERE id BETWEEN ? AND ? ORDER BY id LIMIT 1 OFFSET ?");

	database_statement_bind_int(s, 3, PART_ROWS - 1);
	return database_statement_one(s, store_row_id(mailbox_id, UINT32_MAX));
}

/* The counters as they are without the rows up to `last`; whoever has it open compares all UIDs, for there are no tombstones. */
static void count(struct store_context *context, int64_t user_id, int64_t mailbox_id, int64_t last)
{
	struct database_statement *s = begin(context, mailbox_id,
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
	database_statement_bind_int(s, 1, mailbox_id);
	for (int i = 0; i < 4; i++)
		database_statement_bind_int(s, i + 2, n[i]);
	store_context_touch(context, mailbox_id, (uint64_t)database_statement_one(s, 0));
	store_account_count(context, user_id, -n[0], -n[3]);
}

/* True: no message is left. */
static bool remove_messages(struct store_context *context, int64_t user_id, int64_t mailbox_id)
{
	int64_t last = last_of_part(context, mailbox_id);
	struct database_statement *s;

	count(context, user_id, mailbox_id, last);
	s = begin(context, mailbox_id, "INSERT OR REPLACE INTO gc(message_id, at) SELECT message_id, ?3 FROM msg WHERE id BETWEEN ?1 AND ?2");
	database_statement_bind_int(s, 2, last);
	database_statement_bind_int(s, 3, context->now_s);
	database_statement_run(s);
	s = begin(context, mailbox_id, "DELETE FROM msg WHERE id BETWEEN ? AND ?");
	database_statement_bind_int(s, 2, last);
	database_statement_run(s);
	return last == store_row_id(mailbox_id, UINT32_MAX);
}

/* True: no tombstone is left. */
static bool remove_tombstones(struct store_context *context, int64_t mailbox_id)
{
	struct database_statement *s = begin(context, mailbox_id,
		"DELETE FROM tomb WHERE id IN (SELECT id FROM tomb WHERE id BETWEEN ? AND ? ORDER BY id LIMIT ?)");

	database_statement_bind_int(s, 3, PART_ROWS);
	return database_statement_run(s) < PART_ROWS;
}

bool store_mailbox_empty_part(struct store_context *context, int64_t user_id, int64_t mailbox_id)
{
	return remove_messages(context, user_id, mailbox_id) && remove_tombstones(context, mailbox_id);
}
