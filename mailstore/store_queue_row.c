#include "mailstore/store_queue_row.h"

#include <stdlib.h>

#include "base/memory.h"
#include "database/database_statement.h"
#include "mailstore/store_body.h"
#include "mailstore/store_insert.h"
#include "mailstore/store_lease.h"
#include "mailstore/store_open.h"

struct store_queue_items *store_queue_row_items(size_t room)
{
	struct store_queue_items *items = xcalloc(1, sizeof *items);

	items->at = arena_alloc(&items->arena, (room > 0 ? room : 1) * sizeof *items->at);
	return items;
}

void store_queue_items_destroy(struct store_queue_items *items)
{
	if (items == NULL)
		return;
	arena_reset(&items->arena);
	free(items);
}

void store_queue_row_write_lease(struct store_context *context)
{
	const struct store_lease *lease = &context->store->lease;

	if (lease->is_written || context->wrote_lease)
		return;
	store_lease_write(lease, context->db, context->now_s);
	context->wrote_lease = true;
}

struct store_queue_items *store_queue_row_insert(struct store_context *context, const struct store_delivery *given, int64_t message_id, size_t n)
{
	struct database_statement *s = database_statement_begin(context->db,
		"INSERT INTO qmsg(queue_id, message_id, skip, sender, arrived, expires, is_8bit, envelope_id, returns, n_left) "
		"VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");

	database_statement_bind_int(s, 1, (int64_t)given->queue_id);
	database_statement_bind_int(s, 2, message_id);
	database_statement_bind_int(s, 3, (int64_t)given->local_prefix);
	database_statement_bind_text(s, 4, given->sender);
	database_statement_bind_int(s, 5, given->arrived_s);
	database_statement_bind_int(s, 6, given->expires_s);
	database_statement_bind_int(s, 7, given->is_8bit);
	database_statement_bind_text(s, 8, given->envelope_id);
	database_statement_bind_int(s, 9, given->returns);
	database_statement_bind_int(s, 10, (int64_t)n);
	database_statement_run(s);
	if (!given->lease)
		return NULL;
	store_queue_row_write_lease(context);
	return store_queue_row_items(n);
}

static char *keep_text(struct arena *arena, const char *text)
{
	return text != NULL ? arena_text(arena, text) : NULL;
}

static void add_item(struct store_context *context, const struct store_delivery *given, const struct store_recipient *recipient,
                     const char *refused, int64_t message_id, int64_t item_id, struct store_queue_items *items)
{
	struct arena *arena = &items->arena;

	items->at[items->n++] = (struct store_queue_item){
		.item_id = item_id, .queue_id = given->queue_id, .message_id = message_id,
		.size = store_body_size(given->body), .skip = given->local_prefix,
		.sender = arena_text(arena, given->sender), .recipient = arena_text(arena, recipient->address),
		.envelope_id = keep_text(arena, given->envelope_id), .original_recipient = keep_text(arena, recipient->original_recipient),
		.refused = keep_text(arena, refused), .returns = given->returns, .notify = recipient->notify, .is_8bit = given->is_8bit,
		.arrived_s = given->arrived_s, .expires_s = given->expires_s, .lease_until_s = context->now_s + given->lease_s,
	};
}

bool store_queue_row_is_refused(int64_t kind)
{
	return kind == STORE_QUEUE_ROW_REFUSED || kind == STORE_QUEUE_ROW_GIVEN_UP;
}

struct bytes store_queue_row_domain(struct bytes recipient)
{
	size_t at = recipient.len;

	while (at > 0 && recipient.at[at - 1] != '@')
		at--;
	return bytes_skip(recipient, at);
}

bool store_queue_row_domain_is_held(struct store_context *context, struct bytes domain)
{
	struct database_statement *s = database_statement_begin(context->db, "SELECT hold FROM destination WHERE domain = ?");

	database_statement_bind_bytes(s, 1, domain);
	return database_statement_one(s, 0) != 0;
}

/* Hardly ever is any: one look serves all rows of a transaction. */
static bool is_any_held(struct store_context *context)
{
	if (context->holds_read != context->ids.transaction) {
		context->has_holds = database_statement_one(database_statement_begin(context->db, "SELECT 1 FROM destination WHERE hold <> 0 LIMIT 1"), 0) != 0;
		context->holds_read = context->ids.transaction;
	}
	return context->has_holds;
}

bool store_queue_row_add(struct store_context *context, const struct store_delivery *given, const struct store_recipient *recipient,
                         const char *refused, int64_t message_id, struct store_queue_items *items)
{
	bool is_held = refused == NULL && is_any_held(context) &&
		store_queue_row_domain_is_held(context, store_queue_row_domain(bytes_text(recipient->address)));
	bool is_leased = items != NULL && !is_held;
	int64_t item_id = store_ids_take(&context->ids, context->db, STORE_IDS_QRCPT);
	struct database_statement *s = database_statement_begin(context->db,
		"INSERT INTO qrcpt(queue_id, recipient, original, notify, next_at, token, kind, status, hold, item_id) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");

	database_statement_bind_int(s, 1, (int64_t)given->queue_id);
	database_statement_bind_text(s, 2, recipient->address);
	database_statement_bind_text(s, 3, recipient->original_recipient);
	database_statement_bind_int(s, 4, recipient->notify);
	database_statement_bind_int(s, 5, is_leased ? context->now_s + given->lease_s : context->now_s);
	database_statement_bind_int(s, 6, is_leased ? context->store->lease.token : 0);
	database_statement_bind_int(s, 7, refused != NULL ? STORE_QUEUE_ROW_REFUSED : STORE_QUEUE_ROW_REMOTE);
	database_statement_bind_text(s, 8, refused);
	database_statement_bind_int(s, 9, is_held);
	database_statement_bind_int(s, 10, item_id);
	database_statement_run(s);
	if (is_leased)
		add_item(context, given, recipient, refused, message_id, item_id, items);
	return is_held;
}

void store_queue_row_settle(struct store_context *context, int64_t item_id, int64_t queue_id)
{
	struct database_statement *s = database_statement_begin(context->db, "DELETE FROM qrcpt WHERE item_id = ?");
	int64_t n_left = 0, message_id = 0;

	database_statement_bind_int(s, 1, item_id);
	database_statement_run(s);
	/* a RETURNING clause would cost a temporary table */
	s = database_statement_begin(context->db, "SELECT n_left, message_id FROM qmsg WHERE queue_id = ?");
	database_statement_bind_int(s, 1, queue_id);
	if (database_statement_step(s)) {
		n_left = database_statement_int(s, 0);
		message_id = database_statement_int(s, 1);
	}
	database_statement_end(s);
	s = database_statement_begin(context->db, n_left > 1 ? "UPDATE qmsg SET n_left = n_left - 1 WHERE queue_id = ?" : "DELETE FROM qmsg WHERE queue_id = ?");
	database_statement_bind_int(s, 1, queue_id);
	if (database_statement_run(s) > 0 && n_left <= 1)
		store_insert_garbage(context, message_id);
}
