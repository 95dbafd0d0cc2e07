#include "mailstore/store_expiry.h"

#include "base/log.h"
#include "mailstore/messages.h"
#include "mailstore/store_account.h"
#include "mailstore/store_mailbox.h"
#include "mailstore/store_open.h"

#define PART_ROWS 500
#define ROUND_S 600

struct old {
	int64_t mailbox_id, user_id;
	int64_t saved_until;            /* rows saved then or before go */
	int64_t first_id, last_id;      /* of the rows that go */
	int64_t n, n_unseen, n_deleted, octets;
};

/* The next mailbox that keeps its messages for a time only. */
static bool find_mailbox(struct store_context *context, int64_t after, struct old *old)
{
	struct database_statement *s = database_statement_begin(context->db,
		"SELECT mailbox_id, user_id, expire_after FROM mailbox WHERE mailbox_id > ? AND expire_after > 0 ORDER BY mailbox_id LIMIT 1");

	database_statement_bind_int(s, 1, after);
	bool found = database_statement_step(s);
	if (found) {
		old->mailbox_id = database_statement_int(s, 0);
		old->user_id = database_statement_int(s, 1);
		old->saved_until = context->now_s - database_statement_int(s, 2);
	}
	database_statement_end(s);
	return found;
}

/* Save dates rise with the UIDs: what is old stands in front.  True: the part is full. */
static bool measure(struct store_context *context, struct old *old)
{
	struct database_statement *s = database_statement_begin(context->db,
		"SELECT id, saved, size, flags FROM msg WHERE id BETWEEN ? AND ? ORDER BY id");

	old->first_id = store_row_id(old->mailbox_id, 0);
	database_statement_bind_int(s, 1, old->first_id);
	database_statement_bind_int(s, 2, store_row_id(old->mailbox_id, UINT32_MAX));
	while (old->n < PART_ROWS && database_statement_step(s) && database_statement_int(s, 1) <= old->saved_until) {
		int64_t flags = database_statement_int(s, 3);
		old->last_id = database_statement_int(s, 0);
		old->octets += database_statement_int(s, 2);
		old->n_unseen += (flags & STORE_SEEN) == 0;
		old->n_deleted += (flags & STORE_DELETED) != 0;
		old->n++;
	}
	database_statement_end(s);
	return old->n == PART_ROWS;
}

static void run_on(struct store_context *context, const char *literal, const struct old *old, int64_t modseq)
{
	struct database_statement *s = database_statement_begin(context->db, literal);

	database_statement_bind_int(s, 1, old->first_id);
	database_statement_bind_int(s, 2, old->last_id);
	database_statement_bind_int(s, 3, context->now_s);
	database_statement_bind_int(s, 4, modseq);
	database_statement_run(s);
}

static void expunge(struct store_context *context, const struct old *old)
{
	int64_t modseq = (int64_t)store_mailbox_next_modseq(context, old->mailbox_id);
	struct database_statement *s;

	run_on(context, "INSERT OR REPLACE INTO tomb(id, modseq, message_id, size, flags, internal_date, at) "
	       "SELECT id, ?4, message_id, size, flags, internal_date, ?3 FROM msg WHERE id BETWEEN ?1 AND ?2", old, modseq);
	run_on(context, "INSERT OR REPLACE INTO gc(message_id, at) SELECT message_id, ?3 FROM msg WHERE id BETWEEN ?1 AND ?2 AND ?4 > 0", old, modseq);
	run_on(context, "DELETE FROM msg WHERE id BETWEEN ?1 AND ?2 AND ?3 > 0 AND ?4 > 0", old, modseq);
	s = database_statement_begin(context->db,
		"UPDATE mailbox SET n_messages = n_messages - ?2, n_unseen = n_unseen - ?3, n_deleted = n_deleted - ?4, n_octets = n_octets - ?5 "
		"WHERE mailbox_id = ?1");
	database_statement_bind_int(s, 1, old->mailbox_id);
	database_statement_bind_int(s, 2, old->n);
	database_statement_bind_int(s, 3, old->n_unseen);
	database_statement_bind_int(s, 4, old->n_deleted);
	database_statement_bind_int(s, 5, old->octets);
	database_statement_run(s);
	store_account_count(context, old->user_id, -old->n, -old->octets);
	log_info("store", "expired", "mailbox=%lld messages=%lld", (long long)old->mailbox_id, (long long)old->n);
}

bool store_expiry_run(struct store_context *context)
{
	struct store_expiry_cursor *cursor = &context->store->next_expiry;
	struct old old = { 0 };

	/* a clock that went back must not stop it for long */
	if (context->now_s < cursor->next_round_s && cursor->next_round_s - context->now_s <= ROUND_S)
		return true;
	if (!find_mailbox(context, cursor->mailbox_id, &old)) {
		*cursor = (struct store_expiry_cursor){ .next_round_s = context->now_s + ROUND_S };
		return true;
	}
	bool is_full = measure(context, &old);
	if (old.n > 0)
		expunge(context, &old);
	if (!is_full)
		cursor->mailbox_id = old.mailbox_id;
	return false;
}
