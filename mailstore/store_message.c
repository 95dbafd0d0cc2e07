#include "mailstore/messages.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "mailstore/store_mailbox.h"
#include "mailstore/store_open.h"
#include "mailstore/store_request.h"

#define FIELD_OCTETS ((size_t)1 << 20)  /* of a batch */
#define FIRST_ROWS 64                   /* room for so many at first */
#define FLAGS_ROWS 4000                 /* of a batch of flags alone: about half a millisecond, so that handing it over counts for little */

struct scan_request {
	struct store_request request;
	int64_t mailbox_id;
	struct ranges uids;
	unsigned fields;
	bool with_expunged;
	store_messages_fn *done;
	void *owner;
	struct store_messages *messages;
	size_t capacity;                /* of messages->at */
	size_t n_octets;                /* of fields so far */
	bool is_full;
};

void store_messages_destroy(struct store_messages *messages)
{
	if (messages == NULL)
		return;
	arena_reset(&messages->arena);
	free(messages->at);
	free(messages);
}

/* The first columns of a row: those behind them are not even looked for. */
static const char live_flags[] = "SELECT id, modseq, flags FROM msg WHERE id BETWEEN ?1 AND ?2";

#define NARROW "g.id, g.modseq, g.flags, g.internal_date, g.saved, g.size, g.sent, g.message_id, g.thread"
#define WIDE ", m.header_len, m.envelope, m.structure, m.sortkeys"

static const char live[] = "SELECT " NARROW " FROM msg g WHERE g.id BETWEEN ?1 AND ?2";

static const char live_with_fields[] =
	"SELECT " NARROW WIDE " FROM msg g CROSS JOIN message m ON m.message_id = g.message_id WHERE g.id BETWEEN ?1 AND ?2";

/* A session that was not told yet still sees what was removed; when it was saved and its thread went with the row. */
static const char expunged[] =
	"SELECT g.id, g.modseq, g.flags, g.internal_date, g.at, g.size, m.sent, g.message_id, 0" WIDE
	" FROM tomb g CROSS JOIN message m ON m.message_id = g.message_id WHERE g.id BETWEEN ?1 AND ?2 AND g.at > ?3";

static struct bytes keep(struct scan_request *self, struct database_statement *s, int column, unsigned field)
{
	if (!(self->fields & field))
		return (struct bytes){ 0 };
	struct bytes octets = database_statement_bytes(s, column);
	self->n_octets += octets.len;
	return arena_bytes(&self->messages->arena, octets);
}

/* All of it 0. */
static struct store_message *add_message(struct scan_request *self)
{
	struct store_messages *messages = self->messages;

	if (messages->n == self->capacity) {
		self->capacity = self->capacity > 0 ? 2 * self->capacity : FIRST_ROWS;
		messages->at = xreallocarray(messages->at, self->capacity, sizeof *messages->at);
		memset(messages->at + messages->n, 0, (self->capacity - messages->n) * sizeof *messages->at);
	}
	return &messages->at[messages->n++];
}

static void read_flags(struct scan_request *self, struct database_statement *s)
{
	struct store_message *message = add_message(self);

	message->uid = store_row_uid(database_statement_int(s, 0));
	message->modseq = (uint64_t)database_statement_int(s, 1);
	message->flags = (uint64_t)database_statement_int(s, 2);
}

static void read_row(struct scan_request *self, struct database_statement *s, bool has_fields)
{
	struct store_message *message = add_message(self);

	*message = (struct store_message){
		.uid = store_row_uid(database_statement_int(s, 0)), .modseq = (uint64_t)database_statement_int(s, 1),
		.flags = (uint64_t)database_statement_int(s, 2), .internal_date_s = database_statement_int(s, 3),
		.saved_s = database_statement_int(s, 4), .size = (uint64_t)database_statement_int(s, 5),
		.sent_s = database_statement_int(s, 6), .message_id = database_statement_int(s, 7),
		.thread_id = database_statement_int(s, 8),
	};
	if (!has_fields)
		return;
	message->header_len = (uint64_t)database_statement_int(s, 9);
	message->envelope = keep(self, s, 10, STORE_FIELD_ENVELOPE);
	message->structure = keep(self, s, 11, STORE_FIELD_STRUCTURE);
	message->sortkeys = keep(self, s, 12, STORE_FIELD_SORTKEYS);
}

static struct database_statement *begin(const struct scan_request *self, struct store_context *context, const char *text, struct range range)
{
	struct database_statement *s = database_statement_begin(context->db, text);

	database_statement_bind_int(s, 1, store_row_id(self->mailbox_id, range.first));
	database_statement_bind_int(s, 2, store_row_id(self->mailbox_id, range.last));
	return s;
}

static bool is_full(const struct scan_request *self)
{
	size_t n_max = self->fields == STORE_FIELD_ONLY_FLAGS ? FLAGS_ROWS : STORE_BATCH_ROWS;

	return self->messages->n >= n_max || self->n_octets >= FIELD_OCTETS;
}

/* Returns the last UID looked at: range.last, or less when the batch is full. */
static uint32_t scan_live(struct scan_request *self, struct store_context *context, struct range range)
{
	struct store_messages *messages = self->messages;
	bool is_narrow = self->fields == STORE_FIELD_ONLY_FLAGS, has_fields = !is_narrow && self->fields != 0;
	struct database_statement *s = begin(self, context, is_narrow ? live_flags : has_fields ? live_with_fields : live, range);
	size_t n = 0;

	while (!self->is_full && database_statement_step(s)) {
		if (is_narrow)
			read_flags(self, s);
		else
			read_row(self, s, has_fields);
		self->is_full = is_full(self) || store_context_is_late(context, n++);
	}
	database_statement_end(s);
	return self->is_full ? messages->at[messages->n - 1].uid : range.last;
}

static uint32_t scan_expunged(struct scan_request *self, struct store_context *context, struct range range)
{
	struct store_messages *messages = self->messages;
	struct database_statement *s = begin(self, context, expunged, range);
	uint32_t last = range.last;

	database_statement_bind_int(s, 3, context->now_s - STORE_RETAIN_S);
	for (size_t n = 1; database_statement_step(s); n++) {
		read_row(self, s, true);
		if (n == STORE_BATCH_ROWS) {
			last = messages->at[messages->n - 1].uid;
			break;
		}
	}
	database_statement_end(s);
	return last;
}

static int compare_uids(const void *a, const void *b)
{
	const struct store_message *x = a, *y = b;

	return x->uid < y->uid ? -1 : x->uid > y->uid;
}

static void scan_range(struct scan_request *self, struct store_context *context, struct range range)
{
	struct store_messages *messages = self->messages;
	size_t before = messages->n;

	range.last = scan_live(self, context, range);
	size_t n_live = messages->n;
	if (self->with_expunged) {
		uint32_t last = scan_expunged(self, context, range);
		self->is_full = self->is_full || last < range.last;
		range.last = last;
		if (messages->n > n_live)
			qsort(messages->at + before, messages->n - before, sizeof *messages->at, compare_uids);
		while (messages->n > before && messages->at[messages->n - 1].uid > last)
			messages->n--;
		self->is_full = self->is_full || is_full(self);
	}
	messages->next_uid = range.last + 1;
}

static enum store_run run_scan(struct store_request *request, struct store_context *context)
{
	struct scan_request *self = (struct scan_request *)request;

	if (!store_mailbox_is_known(context, self->mailbox_id)) {
		error_set(&request->error, ERROR_NOT_FOUND, "the mailbox is gone");
		return STORE_RUN_FAILED;
	}
	self->messages = xcalloc(1, sizeof *self->messages);
	for (size_t i = 0; i < self->uids.n && !self->is_full; i++)
		scan_range(self, context, self->uids.at[i]);
	if (!self->is_full)
		self->messages->next_uid = 0;
	return STORE_RUN_DONE;
}

static void complete_scan(struct store_request *request)
{
	struct scan_request *self = (struct scan_request *)request;
	bool failed = request->error.kind != ERROR_NONE;
	struct store_messages *messages = failed ? NULL : self->messages;

	if (!failed)
		self->messages = NULL;
	self->done(self->owner, failed ? &request->error : NULL, messages);
}

static void release_scan(struct store_request *request)
{
	struct scan_request *self = (struct scan_request *)request;

	ranges_release(&self->uids);
	store_messages_destroy(self->messages);
}

static const struct store_request_ops scan_ops = {
	.name = "message-scan", .thread = STORE_IN_READER, .run = run_scan, .complete = complete_scan, .release = release_scan,
};

struct store_request *store_message_scan(struct store_client *client, int64_t mailbox_id, const struct ranges *uids, unsigned fields,
                                         bool include_expunged, store_messages_fn *done, void *owner)
{
	struct scan_request *self = store_request_create(client, &scan_ops, sizeof *self);

	self->mailbox_id = mailbox_id;
	ranges_copy(&self->uids, uids);
	self->fields = fields;
	self->with_expunged = include_expunged;
	self->done = done;
	self->owner = owner;
	return store_request_submit(&self->request);
}
