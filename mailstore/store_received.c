#include "mailstore/store_received.h"

#include "mailstore/store_open.h"

#define WALK_ROWS 2000

static struct database_statement *begin(struct store_context *context, const struct store_delivery *given, const char *literal, size_t original)
{
	struct database_statement *s = database_statement_begin(context->db, literal);

	database_statement_bind_text(s, 1, given->peer);
	database_statement_bind_text(s, 2, given->peer_transaction);
	database_statement_bind_blob(s, 3, bytes_of(given->digests + original * STORE_DIGEST_SIZE, STORE_DIGEST_SIZE));
	return s;
}

static bool is_named(const struct store_delivery *given)
{
	return given->peer != NULL && given->peer_transaction != NULL && given->digests != NULL;
}

bool store_received_is_known(struct store_context *context, const struct store_delivery *given, size_t original)
{
	return is_named(given) &&
	       database_statement_one(begin(context, given, "SELECT 1 FROM received WHERE peer = ? AND peer_transaction = ? AND digest = ?", original), 0) != 0;
}

void store_received_add(struct store_context *context, const struct store_delivery *given, size_t original)
{
	if (!is_named(given))
		return;
	struct database_statement *s = begin(context, given, "INSERT OR IGNORE INTO received(peer, peer_transaction, digest, at) VALUES(?, ?, ?, ?)", original);
	database_statement_bind_int(s, 4, context->now_s);
	database_statement_run(s);
}

/* ---- the walk ---- */

/* The transaction that stands so many rows behind the cursor; false: fewer are left. */
static bool find_end(struct store_context *context, const struct store_received_cursor *from, struct store_received_cursor *end)
{
	struct database_statement *s = database_statement_begin(context->db,
		"SELECT peer, peer_transaction FROM received WHERE (peer, peer_transaction) > (?, ?) ORDER BY peer, peer_transaction LIMIT 1 OFFSET ?");

	database_statement_bind_text(s, 1, from->peer);
	database_statement_bind_text(s, 2, from->transaction);
	database_statement_bind_int(s, 3, WALK_ROWS);
	bool ok = database_statement_step(s) && bytes_copy_text(database_statement_bytes(s, 0), end->peer, sizeof end->peer) &&
	          bytes_copy_text(database_statement_bytes(s, 1), end->transaction, sizeof end->transaction);
	database_statement_end(s);
	return ok;
}

/* No index leads to the old ones: a piece of the table each time, so that nobody waits for the whole of it. */
void store_received_prune(struct store_context *context)
{
	struct store_received_cursor *cursor = &context->store->next_received, end = { 0 };
	bool is_last = !find_end(context, cursor, &end);
	struct database_statement *s = database_statement_begin(context->db, is_last
		? "DELETE FROM received WHERE (peer, peer_transaction) > (?1, ?2) AND at <= ?3"
		: "DELETE FROM received WHERE (peer, peer_transaction) > (?1, ?2) AND (peer, peer_transaction) <= (?4, ?5) AND at <= ?3");

	database_statement_bind_text(s, 1, cursor->peer);
	database_statement_bind_text(s, 2, cursor->transaction);
	database_statement_bind_int(s, 3, context->now_s - STORE_RECEIVED_KEEP_S);
	if (!is_last) {
		database_statement_bind_text(s, 4, end.peer);
		database_statement_bind_text(s, 5, end.transaction);
	}
	database_statement_run(s);
	*cursor = end;
}
