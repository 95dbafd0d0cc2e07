#include "mailstore/queue_admin.h"

#include "base/codec.h"
#include "mailstore/store_context.h"
#include "mailstore/store_journal_row.h"
#include "mailstore/store_lease.h"
#include "mailstore/store_open.h"
#include "mailstore/store_queue_row.h"
#include "mailstore/store_request.h"

#define PART_ROWS 500                   /* looked at in one go: the turnstile is not for us alone */

struct admin_request {
	struct store_request request;
	enum store_queue_op op;
	uint64_t queue_id;
	const char *domain;
	store_queue_admin_fn *done;
	void *owner;
	struct store_queue_counts total, part;
	int64_t from, part_end;         /* item ids: of this part, of the next */
};

struct row {
	int64_t item_id, queue_id, kind;
	const char *recipient;
	bool is_held, is_in_transit;
};

static void set_hold_of_domain(const struct admin_request *self, struct store_context *context)
{
	struct database_statement *s = database_statement_begin(context->db,
		"INSERT INTO destination(domain, hold) VALUES(?1, ?2) ON CONFLICT(domain) DO UPDATE SET hold = ?2");

	database_statement_bind_text(s, 1, self->domain);
	database_statement_bind_int(s, 2, self->op == STORE_QUEUE_OP_HOLD);
	database_statement_run(s);
	context->holds_read = 0;
}

static struct database_statement *ask(const struct admin_request *self, struct store_context *context)
{
	struct database_statement *s;

	if (self->queue_id == 0) {
		s = database_statement_begin(context->db,
			"SELECT item_id, queue_id, recipient, token, hold, kind FROM qrcpt WHERE item_id >= ?1 ORDER BY item_id LIMIT ?2");
	} else {
		s = database_statement_begin(context->db,
			"SELECT item_id, queue_id, recipient, token, hold, kind FROM qrcpt WHERE item_id >= ?1 AND queue_id = ?3 ORDER BY item_id LIMIT ?2");
		database_statement_bind_int(s, 3, (int64_t)self->queue_id);
	}
	database_statement_bind_int(s, 1, self->from);
	database_statement_bind_int(s, 2, PART_ROWS);
	return s;
}

/* The rows of this part that match.  Sets part_end, 0 when there is nothing behind it. */
static size_t read_part(struct admin_request *self, struct store_context *context, struct arena *arena, struct row rows[PART_ROWS])
{
	struct database_statement *s = ask(self, context);
	size_t n_seen = 0, n = 0;

	self->part_end = 0;
	while (database_statement_step(s)) {
		struct bytes recipient = database_statement_bytes(s, 2);
		int64_t token = database_statement_int(s, 3);
		if (++n_seen == PART_ROWS)
			self->part_end = database_statement_int(s, 0) + 1;
		if (self->domain != NULL && !bytes_equal_nocase(store_queue_row_domain(recipient), bytes_text(self->domain)))
			continue;
		rows[n++] = (struct row){
			.item_id = database_statement_int(s, 0), .queue_id = database_statement_int(s, 1), .kind = database_statement_int(s, 5),
			.recipient = arena_bytes(arena, recipient).at, .is_held = database_statement_int(s, 4) != 0,
			.is_in_transit = token != 0 && store_lease_is_held(&context->store->lease, token),
		};
	}
	return n;
}

static void run_for(struct store_context *context, const char *literal, const struct row *row, int64_t value)
{
	struct database_statement *s = database_statement_begin(context->db, literal);

	database_statement_bind_int(s, 1, row->item_id);
	database_statement_bind_int(s, 2, value);
	database_statement_run(s);
}

static void give_up(struct store_context *context, const struct row *row)
{
	run_for(context, "UPDATE qrcpt SET token = 0, hold = 0, next_at = ?2 WHERE item_id = ?1", row, context->now_s);
	/* a local copy that could not be stored has its reason already */
	if (!store_queue_row_is_refused(row->kind))
		run_for(context, "UPDATE qrcpt SET kind = ?2, status = 'given up by the administrator' || coalesce('; before: ' || status, '') WHERE item_id = ?1",
		        row, STORE_QUEUE_ROW_GIVEN_UP);
}

/* What was done, for the journal; NULL when there was nothing to do. */
static const char *change(struct admin_request *self, struct store_context *context, const struct row *row)
{
	switch (self->op) {
	case STORE_QUEUE_OP_HOLD:
		if (row->is_held)
			return NULL;
		run_for(context, "UPDATE qrcpt SET hold = ?2 WHERE item_id = ?1", row, 1);
		return "held";
	case STORE_QUEUE_OP_RELEASE:
		if (!row->is_held)
			return NULL;
		run_for(context, row->is_in_transit ? "UPDATE qrcpt SET hold = 0 WHERE item_id = ?1 AND ?2 > 0" :
		        "UPDATE qrcpt SET hold = 0, token = 0, next_at = ?2 WHERE item_id = ?1", row, context->now_s);
		return "released";
	case STORE_QUEUE_OP_RETRY:
		run_for(context, "UPDATE qrcpt SET token = 0, next_at = ?2 WHERE item_id = ?1", row, STORE_QUEUE_ROW_URGENT_S);
		return "to be tried at once";
	case STORE_QUEUE_OP_EXPIRE:
		give_up(context, row);
		return "given up";
	case STORE_QUEUE_OP_DELETE:
		store_queue_row_settle(context, row->item_id, row->queue_id);
		return "deleted";
	}
	return NULL;
}

static void apply(struct admin_request *self, struct store_context *context, const struct row *row)
{
	struct store_queue_counts *part = &self->part;
	bool can_touch_leased = self->op == STORE_QUEUE_OP_HOLD || self->op == STORE_QUEUE_OP_RELEASE;
	const char *what;

	part->n_matched++;
	part->n_in_transit += row->is_in_transit;
	part->n_held += row->is_held;
	if ((row->is_in_transit && !can_touch_leased) || (row->is_held && self->op == STORE_QUEUE_OP_RETRY))
		return;
	what = change(self, context, row);
	if (what == NULL)
		return;
	part->n_changed++;
	store_journal_row_add(context, &(struct store_journal_entry){
		.queue_id = (uint64_t)row->queue_id, .stage = STORE_JOURNAL_ADMINISTERED, .recipient = row->recipient, .detail = what,
	});
}

static enum store_run run(struct store_request *request, struct store_context *context)
{
	struct admin_request *self = (struct admin_request *)request;
	struct row rows[PART_ROWS];
	struct arena arena = { 0 };
	char text[CODEC_ID_LEN + 1];

	self->part = (struct store_queue_counts){ 0 };
	if (self->from == 0 && self->domain != NULL && (self->op == STORE_QUEUE_OP_HOLD || self->op == STORE_QUEUE_OP_RELEASE))
		set_hold_of_domain(self, context);
	size_t n = read_part(self, context, &arena, rows);
	for (size_t i = 0; i < n; i++)
		apply(self, context, &rows[i]);
	arena_reset(&arena);
	if (self->part.n_changed > 0)
		store_context_touch(context, 0, 0);
	if (self->part_end != 0)
		return STORE_RUN_MORE;
	if (self->queue_id == 0 || self->total.n_matched + n > 0)
		return STORE_RUN_DONE;
	codec_id_encode(self->queue_id, text);
	error_set(&request->error, ERROR_NOT_FOUND, "no message %s waits in the queue", text);
	return STORE_RUN_FAILED;
}

static void committed(struct store_request *request, struct store_context *context)
{
	struct admin_request *self = (struct admin_request *)request;

	(void)context;
	self->from = self->part_end;
	self->total.n_matched += self->part.n_matched;
	self->total.n_changed += self->part.n_changed;
	self->total.n_in_transit += self->part.n_in_transit;
	self->total.n_held += self->part.n_held;
}

static void complete(struct store_request *request)
{
	struct admin_request *self = (struct admin_request *)request;

	self->done(self->owner, request->error.kind != ERROR_NONE ? &request->error : NULL, &self->total);
}

static const struct store_request_ops ops = {
	.name = "queue-admin", .thread = STORE_IN_WRITER, .run = run, .committed = committed, .complete = complete,
};

struct store_request *store_queue_admin(struct store_client *client, enum store_queue_op op, const struct store_queue_filter *filter,
                                        store_queue_admin_fn *done, void *owner)
{
	struct admin_request *self = store_request_create(client, &ops, sizeof *self);

	self->op = op;
	self->queue_id = filter->queue_id;
	self->domain = filter->domain != NULL ? arena_text(&self->request.arena, filter->domain) : NULL;
	self->done = done;
	self->owner = owner;
	return store_request_submit(&self->request);
}
