#include "mailstore/queue_admin.h"

#include <stdlib.h>

#include "base/memory.h"
#include "mailstore/store_context.h"
#include "mailstore/store_lease.h"
#include "mailstore/store_open.h"
#include "mailstore/store_queue_row.h"
#include "mailstore/store_request.h"

struct list_request {
	struct store_request request;
	uint64_t queue_id;
	const char *domain;
	bool is_held;
	int64_t from;
	store_queue_list_fn *done;
	void *owner;
	struct store_queue_listing *listing;
};

void store_queue_listing_destroy(struct store_queue_listing *listing)
{
	if (listing == NULL)
		return;
	arena_reset(&listing->arena);
	free(listing);
}

#define COLUMNS "SELECT r.item_id, r.queue_id, q.message_id, m.size, q.skip, q.sender, r.recipient, q.envelope_id, r.original, r.token, r.hold, " \
	"r.kind, r.tries, r.next_at, q.arrived, q.expires, r.status, r.remote " \
	"FROM qrcpt r CROSS JOIN qmsg q ON q.queue_id = r.queue_id CROSS JOIN message m ON m.message_id = q.message_id "

static struct database_statement *ask(const struct list_request *self, struct store_context *context)
{
	struct database_statement *s;

	if (self->queue_id == 0) {
		s = database_statement_begin(context->db, COLUMNS "WHERE r.item_id >= ?1 ORDER BY r.item_id");
	} else {
		s = database_statement_begin(context->db, COLUMNS "WHERE r.item_id >= ?1 AND r.queue_id = ?2 ORDER BY r.item_id");
		database_statement_bind_int(s, 2, (int64_t)self->queue_id);
	}
	database_statement_bind_int(s, 1, self->from);
	return s;
}

static enum store_queue_state state_of(struct store_context *context, struct database_statement *s)
{
	int64_t token = database_statement_int(s, 9);

	/* a dead process's rows are due */
	if (token != 0 && store_lease_is_held(&context->store->lease, token))
		return STORE_QUEUE_IN_TRANSIT;
	return database_statement_int(s, 10) != 0 ? STORE_QUEUE_HELD : STORE_QUEUE_WAITING;
}

static void add_entry(struct list_request *self, struct store_context *context, struct database_statement *s)
{
	struct store_queue_listing *listing = self->listing;
	struct arena *arena = &listing->arena;
	struct store_queue_entry *entry = &listing->at[listing->n++];

	*entry = (struct store_queue_entry){
		.item_id = database_statement_int(s, 0), .queue_id = (uint64_t)database_statement_int(s, 1), .message_id = database_statement_int(s, 2),
		.size = (uint64_t)database_statement_int(s, 3), .skip = (uint64_t)database_statement_int(s, 4),
		.sender = database_statement_text(s, 5, arena), .recipient = database_statement_text(s, 6, arena),
		.envelope_id = database_statement_text(s, 7, arena), .original_recipient = database_statement_text(s, 8, arena),
		.state = state_of(context, s), .is_refused = store_queue_row_is_refused(database_statement_int(s, 11)),
		.is_parked = database_statement_int(s, 11) == STORE_QUEUE_ROW_PARKED,
		.tries = (unsigned)database_statement_int(s, 12), .next_at_s = database_statement_int(s, 13),
		.arrived_s = database_statement_int(s, 14), .expires_s = database_statement_int(s, 15),
		.status = database_statement_text(s, 16, arena), .remote = database_statement_text(s, 17, arena),
	};
	/* what the lease of a dead process says about the next try is void */
	if (database_statement_int(s, 9) != 0 && entry->state != STORE_QUEUE_IN_TRANSIT)
		entry->next_at_s = context->now_s;
}

static bool is_wanted(const struct list_request *self, struct store_context *context, struct database_statement *s)
{
	if (self->is_held && state_of(context, s) != STORE_QUEUE_HELD)
		return false;
	return self->domain == NULL ||
	       bytes_equal_nocase(store_queue_row_domain(database_statement_bytes(s, 6)), bytes_text(self->domain));
}

static enum store_run run(struct store_request *request, struct store_context *context)
{
	struct list_request *self = (struct list_request *)request;
	struct store_queue_listing *listing = self->listing = xcalloc(1, sizeof *listing);
	struct database_statement *s = ask(self, context);
	size_t n_seen = 0;

	listing->at = arena_alloc(&listing->arena, STORE_BATCH_ROWS * sizeof *listing->at);
	while (listing->next_item_id == 0 && database_statement_step(s)) {
		if (listing->n == STORE_BATCH_ROWS || store_context_is_late(context, n_seen++))
			listing->next_item_id = database_statement_int(s, 0);
		else if (is_wanted(self, context, s))
			add_entry(self, context, s);
	}
	database_statement_end(s);
	if (self->domain != NULL)
		listing->domain_is_held = store_queue_row_domain_is_held(context, bytes_text(self->domain));
	return STORE_RUN_DONE;
}

static void complete(struct store_request *request)
{
	struct list_request *self = (struct list_request *)request;
	bool failed = request->error.kind != ERROR_NONE;
	struct store_queue_listing *listing = failed ? NULL : self->listing;

	if (!failed)
		self->listing = NULL;
	self->done(self->owner, failed ? &request->error : NULL, listing);
}

static void release(struct store_request *request)
{
	store_queue_listing_destroy(((struct list_request *)request)->listing);
}

static const struct store_request_ops ops = {
	.name = "queue-list", .thread = STORE_IN_READER, .run = run, .complete = complete, .release = release,
};

struct store_request *store_queue_list(struct store_client *client, const struct store_queue_filter *filter, int64_t from_item_id,
                                       store_queue_list_fn *done, void *owner)
{
	struct list_request *self = store_request_create(client, &ops, sizeof *self);

	self->queue_id = filter->queue_id;
	self->domain = filter->domain != NULL ? arena_text(&self->request.arena, filter->domain) : NULL;
	self->is_held = filter->is_held;
	self->from = from_item_id;
	self->done = done;
	self->owner = owner;
	return store_request_submit(&self->request);
}
