#include "mailstore/messages.h"

#include "mailstore/store_account.h"
#include "mailstore/store_body.h"
#include "mailstore/store_insert.h"
#include "mailstore/store_keyword.h"
#include "mailstore/store_mailbox.h"
#include "mailstore/store_request.h"

#define FLAG_BITS (STORE_SEEN | STORE_ANSWERED | STORE_FLAGGED | STORE_DELETED | STORE_DRAFT)

struct append_item {
	struct store_kept kept;
	uint64_t flags;
	size_t first_keyword, n_keywords;       /* among the request's */
	int64_t internal_date_s;
};

struct append_request {
	struct store_request request;
	int64_t user_id;
	struct bytes mailbox;
	struct append_item *items;      /* as many as bodies */
	const char **keywords;          /* of all items */
	size_t n_keywords;
	bool spares_keywords;
	store_append_fn *done;
	void *owner;
	uint32_t uidvalidity;
	struct ranges uids;
};

static bool make_keywords(struct append_request *self, struct store_context *context, int64_t mailbox_id)
{
	struct error *err = &self->request.error;
	uint64_t bits;

	if (store_keyword_bits(context, mailbox_id, self->keywords, self->n_keywords, true, &bits, err))
		return true;
	if (!self->spares_keywords || err->kind != ERROR_LIMIT)
		return false;
	error_clear(err);
	for (size_t i = 0; i < self->n_keywords; i++)
		store_keyword_bits(context, mailbox_id, &self->keywords[i], 1, true, &bits, NULL);
	return true;
}

/* What the first of them is inserted with. */
static bool read_numbers(struct append_request *self, struct store_context *context, struct store_copy *row)
{
	struct database_statement *s = database_statement_begin(context->db, "SELECT uidvalidity, uidnext, modseq FROM mailbox WHERE mailbox_id = ?");

	row->uid = UINT32_MAX;
	database_statement_bind_int(s, 1, row->mailbox_id);
	if (database_statement_step(s)) {
		self->uidvalidity = (uint32_t)database_statement_int(s, 0);
		row->uid = (uint32_t)database_statement_int(s, 1);
		row->modseq = (uint64_t)database_statement_int(s, 2) + 1;
	}
	database_statement_end(s);
	return store_insert_has_uids(row->uid, self->request.n_bodies) || error_set(&self->request.error, ERROR_LIMIT, STORE_INSERT_NO_UIDS);
}

/* Everything that can be refused, before anything is written. */
static bool prepare(struct append_request *self, struct store_context *context, struct store_copy *row)
{
	struct store_request *request = &self->request;
	uint64_t octets = 0;

	*row = (struct store_copy){ .user_id = self->user_id, .mailbox_id = store_mailbox_find(context, self->user_id, self->mailbox) };
	if (row->mailbox_id == 0)
		return error_set(&request->error, ERROR_NOT_FOUND, "no such mailbox");
	for (size_t i = 0; i < request->n_bodies; i++)
		octets += store_body_size(request->bodies[i]);
	if (!store_account_has_room(context, self->user_id, octets))
		return error_set(&request->error, ERROR_FULL, "over quota");
	return read_numbers(self, context, row) && make_keywords(self, context, row->mailbox_id);
}

static enum store_run run(struct store_request *request, struct store_context *context)
{
	struct append_request *self = (struct append_request *)request;
	struct store_copy row;

	if (!prepare(self, context, &row))
		return STORE_RUN_FAILED;
	ranges_clear(&self->uids);
	for (size_t i = 0; i < request->n_bodies; i++) {
		const struct append_item *item = &self->items[i];
		store_keyword_bits(context, row.mailbox_id, self->keywords + item->first_keyword, item->n_keywords, false, &row.flags, NULL);
		row.flags |= item->flags;
		row.size = store_body_size(request->bodies[i]);
		row.internal_date_s = item->internal_date_s;
		row.sent_s = item->kept.sent_s;
		row.names = &item->kept.names;
		row.message_id = store_insert_message(context, request->bodies[i], &item->kept);
		store_insert_copy(context, &row);
		ranges_add(&self->uids, row.uid++);
	}
	return STORE_RUN_DONE;
}

static void complete(struct store_request *request)
{
	struct append_request *self = (struct append_request *)request;
	bool failed = request->error.kind != ERROR_NONE;

	if (failed)
		ranges_clear(&self->uids);
	self->done(self->owner, failed ? &request->error : NULL, self->uidvalidity, &self->uids);
}

static void release(struct store_request *request)
{
	ranges_release(&((struct append_request *)request)->uids);
}

static const struct store_request_ops ops = {
	.name = "append", .thread = STORE_IN_WRITER, .grows = true, .run = run, .complete = complete, .release = release,
};

static void keep_keywords(struct append_request *self, const struct store_append_item *given, struct append_item *item)
{
	item->first_keyword = self->n_keywords;
	item->n_keywords = given->n_keywords;
	for (size_t i = 0; i < given->n_keywords; i++)
		self->keywords[self->n_keywords++] = arena_text(&self->request.arena, given->keywords[i]);
}

struct store_request *store_append(struct store_client *client, int64_t user_id, struct bytes mailbox, const struct store_append_item *items,
                                   size_t n, store_append_fn *done, void *owner)
{
	struct append_request *self = store_request_create(client, &ops, sizeof *self);
	struct arena *arena = &self->request.arena;
	size_t n_keywords = 0;

	for (size_t i = 0; i < n; i++)
		n_keywords += items[i].n_keywords;
	self->user_id = user_id;
	self->spares_keywords = n > 0 && items[0].spares_keywords;
	self->mailbox = arena_bytes(arena, mailbox);
	self->items = arena_alloc(arena, (n + 1) * sizeof *self->items);
	self->keywords = arena_alloc(arena, (n_keywords + 1) * sizeof *self->keywords);
	for (size_t i = 0; i < n; i++) {
		store_insert_keep(&self->items[i].kept, items[i].summary, arena);
		self->items[i].flags = items[i].flags & FLAG_BITS;
		self->items[i].internal_date_s = items[i].internal_date_s;
		keep_keywords(self, &items[i], &self->items[i]);
		store_request_take_body(&self->request, items[i].body);
	}
	self->done = done;
	self->owner = owner;
	return store_request_submit(&self->request);
}
