#include "mailstore/store_queue_row.h"

#include <stdlib.h>

#include "base/memory.h"
#include "mailstore/store_body.h"
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
	store_lease_write(&context->store->lease, context->db, context->now_s);
	return store_queue_row_items(n);
}

static char *keep_text(struct arena *arena, const char *text)
{
	return text != NULL ? arena_text(arena, text) : NULL;
}

static void add_item(struct store_context *context, const struct store_delivery *given, const struct store_recipient *recipient,
                     const char *refused, int64_t message_id, struct store_queue_items *items)
{
	struct arena *arena = &items->arena;

	items->at[items->n++] = (struct store_queue_item){
		.item_id = database_last_id(context->db), .queue_id = given->queue_id, .message_id = message_id,
		.size = store_body_size(given->body), .skip = given->local_prefix,
		.sender = arena_text(arena, given->sender), .recipient = arena_text(arena, recipient->address),
		.envelope_id = keep_text(arena, given->envelope_id), .original_recipient = keep_text(arena, recipient->original_recipient),
		.refused = keep_text(arena, refused), .returns = given->returns, .notify = recipient->notify, .is_8bit = given->is_8bit,
		.arrived_s = given->arrived_s, .expires_s = given->expires_s, .lease_until_s = context->now_s + given->lease_s,
	};
}

void store_queue_row_add(struct store_context *context, const struct store_delivery *given, const struct store_recipient *recipient,
                         const char *refused, int64_t message_id, struct store_queue_items *items)
{
	struct database_statement *s = database_statement_begin(context->db,
		"INSERT INTO qrcpt(queue_id, recipient, original, notify, next_at, token, kind, status) VALUES(?, ?, ?, ?, ?, ?, ?, ?)");

	database_statement_bind_int(s, 1, (int64_t)given->queue_id);
	database_statement_bind_text(s, 2, recipient->address);
	database_statement_bind_text(s, 3, recipient->original_recipient);
	database_statement_bind_int(s, 4, recipient->notify);
	database_statement_bind_int(s, 5, items != NULL ? context->now_s + given->lease_s : context->now_s);
	database_statement_bind_int(s, 6, items != NULL ? context->store->lease.token : 0);
	database_statement_bind_int(s, 7, refused != NULL);
	database_statement_bind_text(s, 8, refused);
	database_statement_run(s);
	if (items != NULL)
		add_item(context, given, recipient, refused, message_id, items);
}
