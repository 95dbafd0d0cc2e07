#include "mailstore/store_queue_local.h"

#include "mailstore/store_account.h"
#include "mailstore/store_address.h"
#include "mailstore/store_insert.h"
#include "mailstore/store_journal_row.h"
#include "mailstore/store_queue_row.h"
#include "mailstore/users.h"

#define AGAIN_S  (30 * 60)
#define RUN_MAX  100                    /* rows a claim tries */
#define LOOK_MAX 500                    /* rows that are due and looked at for them: what a claim takes makes room for those behind */

void store_queue_local_add(struct store_context *context, const struct store_delivery *given, const struct store_recipient *recipient, const char *why)
{
	struct database_statement *s = database_statement_begin(context->db,
		"INSERT INTO qrcpt(queue_id, recipient, original, notify, next_at, kind, status, item_id) VALUES(?, ?, ?, ?, ?, ?, ?, ?)");

	database_statement_bind_int(s, 1, (int64_t)given->queue_id);
	database_statement_bind_text(s, 2, recipient->address);
	database_statement_bind_text(s, 3, recipient->original_recipient);
	database_statement_bind_int(s, 4, recipient->notify);
	database_statement_bind_int(s, 5, context->now_s + AGAIN_S);
	database_statement_bind_int(s, 6, STORE_QUEUE_ROW_LOCAL);
	database_statement_bind_text(s, 7, why);
	database_statement_bind_int(s, 8, store_ids_take(&context->ids, context->db, STORE_IDS_QRCPT));
	database_statement_run(s);
	/* whoever claims learns when it is due */
	store_context_touch(context, 0, 0);
}

struct local_row {
	int64_t item_id, queue_id, expires_s;
	const char *recipient;          /* in the arena */
	struct store_copy copy;
	struct store_thread_names names;
};

static size_t read_due(struct store_context *context, struct arena *arena, struct local_row rows[RUN_MAX])
{
	struct database_statement *s = database_statement_begin(context->db,
		"SELECT r.item_id, r.queue_id, q.expires, r.recipient, q.message_id, q.arrived, m.size, m.sent, m.sortkeys "
		"FROM (SELECT * FROM qrcpt WHERE next_at <= ?1 AND hold = 0 ORDER BY next_at, item_id LIMIT ?4) r "
		"CROSS JOIN qmsg q ON q.queue_id = r.queue_id CROSS JOIN message m ON m.message_id = q.message_id "
		"WHERE r.kind = ?2 ORDER BY r.next_at, r.item_id LIMIT ?3");
	size_t n = 0;

	database_statement_bind_int(s, 1, context->now_s);
	database_statement_bind_int(s, 2, STORE_QUEUE_ROW_LOCAL);
	database_statement_bind_int(s, 3, RUN_MAX);
	database_statement_bind_int(s, 4, LOOK_MAX);
	while (n < RUN_MAX && database_statement_step(s)) {
		struct local_row *row = &rows[n++];
		*row = (struct local_row){
			.item_id = database_statement_int(s, 0), .queue_id = database_statement_int(s, 1), .expires_s = database_statement_int(s, 2),
			.recipient = database_statement_text(s, 3, arena),
			.copy = {
				.message_id = database_statement_int(s, 4), .internal_date_s = database_statement_int(s, 5),
				.size = (uint64_t)database_statement_int(s, 6), .sent_s = database_statement_int(s, 7),
			},
		};
		store_thread_id_names(database_statement_bytes(s, 8), &row->names);
	}
	database_statement_end(s);
	return n;
}

/* Its user; false: gone. */
static bool find_user(struct store_context *context, struct arena *arena, struct local_row *row)
{
	struct store_address address, plain;

	if (!store_address_parse(bytes_text(row->recipient), arena, &address))
		return false;
	row->copy.user_id = store_account_find(context, address.all, NULL);
	if (row->copy.user_id == 0 && store_address_without_tag(&address, arena, &plain))
		row->copy.user_id = store_account_find(context, plain.all, NULL);
	return row->copy.user_id != 0;
}

static enum error_kind judge(struct store_context *context, struct arena *arena, struct local_row *row)
{
	struct store_target target = { 0 };
	struct store_inbox inbox;

	if (!find_user(context, arena, row) || !store_account_read_inbox(context, row->copy.user_id, &inbox, &target))
		return ERROR_NOT_FOUND;
	row->copy.mailbox_id = inbox.mailbox_id;
	row->copy.uid = inbox.uidnext;
	row->copy.modseq = inbox.modseq + 1;
	target.user_id = row->copy.user_id;
	enum error_kind kind = store_target_judge(&target, row->copy.size, context->now_s);
	return kind == ERROR_FULL && context->now_s >= row->expires_s ? ERROR_LIMIT : kind;
}

static void store(struct store_context *context, struct local_row *row)
{
	row->copy.names = &row->names;
	store_insert_copy(context, &row->copy);
	store_journal_row_add(context, &(struct store_journal_entry){
		.queue_id = (uint64_t)row->queue_id, .stage = STORE_JOURNAL_STORED, .recipient = row->recipient,
	});
	store_queue_row_settle(context, row->item_id, row->queue_id);
}

static void put_off(struct store_context *context, const struct local_row *row)
{
	struct database_statement *s = database_statement_begin(context->db, "UPDATE qrcpt SET next_at = ?, tries = tries + 1 WHERE item_id = ?");

	store_account_start_grace(context, row->copy.user_id);
	database_statement_bind_int(s, 1, context->now_s + AGAIN_S);
	database_statement_bind_int(s, 2, row->item_id);
	database_statement_run(s);
}

static void refuse(struct store_context *context, const struct local_row *row, const char *why)
{
	struct database_statement *s = database_statement_begin(context->db,
		"UPDATE qrcpt SET kind = ?, next_at = ?, status = recipient || ': ' || ? WHERE item_id = ?");

	database_statement_bind_int(s, 1, STORE_QUEUE_ROW_REFUSED);
	database_statement_bind_int(s, 2, context->now_s);
	database_statement_bind_text(s, 3, why);
	database_statement_bind_int(s, 4, row->item_id);
	database_statement_run(s);
}

void store_queue_local_run(struct store_context *context)
{
	struct local_row rows[RUN_MAX];
	struct arena arena = { 0 };
	size_t n = read_due(context, &arena, rows);

	for (size_t i = 0; i < n; i++) {
		enum error_kind kind = judge(context, &arena, &rows[i]);
		if (kind == ERROR_NONE)
			store(context, &rows[i]);
		else if (kind == ERROR_FULL)
			put_off(context, &rows[i]);
		else
			refuse(context, &rows[i], kind == ERROR_LIMIT ? "over quota" : kind == ERROR_DENIED ? "the account is disabled" : "no such user any more");
	}
	arena_reset(&arena);
}
