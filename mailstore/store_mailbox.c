#include "mailstore/store_mailbox.h"

#include "mailstore/store_mailbox_name.h"
#include "mailstore/store_request.h"

#define COLUMNS "m.mailbox_id, m.user_id, m.name, m.special_use, s.name IS NOT NULL, m.uidvalidity, m.uidnext, m.modseq, " \
	"m.n_messages, m.n_unseen, m.n_deleted, m.n_octets, m.first_recent_uid, m.expire_after " \
	"FROM mailbox m LEFT JOIN subscription s ON s.user_id = m.user_id AND s.name = m.name "

struct mailbox_request {
	struct store_request request;
	int64_t user_id;
	struct bytes name;
	store_mailbox_fn *done;
	void *owner;
	struct store_mailbox *mailboxes;        /* in the arena */
	size_t n, capacity;
};

static uint32_t count_recent(struct store_context *context, const struct store_mailbox *mailbox, uint32_t first_recent)
{
	struct database_statement *s;

	if (first_recent >= mailbox->uidnext)
		return 0;
	if (first_recent <= 1)
		return mailbox->n_messages;
	s = database_statement_begin(context->db, "SELECT count(*) FROM msg WHERE id BETWEEN ? AND ?");
	database_statement_bind_int(s, 1, store_row_id(mailbox->mailbox_id, first_recent));
	database_statement_bind_int(s, 2, store_row_id(mailbox->mailbox_id, UINT32_MAX));
	return (uint32_t)database_statement_one(s, 0);
}

/* Fills all but n_recent, which needs another statement. */
static uint32_t read_row(struct database_statement *s, struct arena *arena, struct store_mailbox *mailbox)
{
	*mailbox = (struct store_mailbox){
		.mailbox_id = database_statement_int(s, 0), .user_id = database_statement_int(s, 1), .name = database_statement_text(s, 2, arena),
		.special_use = (unsigned)database_statement_int(s, 3), .subscribed = database_statement_int(s, 4) != 0,
		.uidvalidity = (uint32_t)database_statement_int(s, 5), .uidnext = (uint32_t)database_statement_int(s, 6), .modseq = (uint64_t)database_statement_int(s, 7),
		.n_messages = (uint32_t)database_statement_int(s, 8), .n_unseen = (uint32_t)database_statement_int(s, 9), .n_deleted = (uint32_t)database_statement_int(s, 10),
		.n_octets = (uint64_t)database_statement_int(s, 11), .expire_after_s = database_statement_int(s, 13),
	};
	return (uint32_t)database_statement_int(s, 12);
}

bool store_mailbox_load(struct store_context *context, int64_t mailbox_id, struct arena *arena, struct store_mailbox *mailbox, uint32_t *first_recent_uid)
{
	struct database_statement *s = database_statement_begin(context->db, "SELECT " COLUMNS "WHERE m.mailbox_id = ?");
	uint32_t first_recent = 0;

	database_statement_bind_int(s, 1, mailbox_id);
	bool found = database_statement_step(s);
	if (found)
		first_recent = read_row(s, arena, mailbox);
	database_statement_end(s);
	if (!found)
		return false;
	mailbox->n_recent = count_recent(context, mailbox, first_recent);
	if (first_recent_uid != NULL)
		*first_recent_uid = first_recent;
	return true;
}

int64_t store_mailbox_find(struct store_context *context, int64_t user_id, struct bytes name)
{
	struct database_statement *s = database_statement_begin(context->db, "SELECT mailbox_id FROM mailbox WHERE user_id = ? AND name = ?");
	struct arena arena = { 0 };

	database_statement_bind_int(s, 1, user_id);
	database_statement_bind_bytes(s, 2, store_mailbox_name(name, &arena));
	int64_t mailbox_id = database_statement_one(s, 0);
	arena_reset(&arena);
	return mailbox_id;
}

bool store_mailbox_is_known(struct store_context *context, int64_t mailbox_id)
{
	struct database_statement *s = database_statement_begin(context->db, "SELECT 1 FROM mailbox WHERE mailbox_id = ?");

	database_statement_bind_int(s, 1, mailbox_id);
	return database_statement_one(s, 0) != 0;
}

uint64_t store_mailbox_next_modseq(struct store_context *context, int64_t mailbox_id)
{
	/* a RETURNING clause would cost a temporary table */
	struct database_statement *s = database_statement_begin(context->db, "SELECT modseq FROM mailbox WHERE mailbox_id = ?");

	database_statement_bind_int(s, 1, mailbox_id);
	uint64_t modseq = (uint64_t)database_statement_one(s, -1) + 1;
	s = database_statement_begin(context->db, "UPDATE mailbox SET modseq = ?2 WHERE mailbox_id = ?1");
	database_statement_bind_int(s, 1, mailbox_id);
	database_statement_bind_int(s, 2, (int64_t)modseq);
	database_statement_run(s);
	store_context_touch(context, mailbox_id, modseq);
	return modseq;
}

void store_mailbox_load_keywords(struct store_context *context, int64_t mailbox_id, struct arena *arena, struct store_keywords *keywords)
{
	struct database_statement *s = database_statement_begin(context->db, "SELECT bit, name FROM keyword WHERE mailbox_id = ?");

	database_statement_bind_int(s, 1, mailbox_id);
	while (database_statement_step(s))
		keywords->names[database_statement_int(s, 0) & 63] = database_statement_text(s, 1, arena);
}

/* ---- list and get ---- */

static void complete(struct store_request *request)
{
	struct mailbox_request *self = (struct mailbox_request *)request;
	bool failed = request->error.kind != ERROR_NONE;

	self->done(self->owner, failed ? &request->error : NULL, self->mailboxes, failed ? 0 : self->n);
}

static bool is_known_user(struct store_context *context, int64_t user_id)
{
	struct database_statement *s = database_statement_begin(context->db, "SELECT 1 FROM user WHERE user_id = ?");

	database_statement_bind_int(s, 1, user_id);
	return database_statement_one(s, 0) != 0;
}

static void read_all(struct mailbox_request *self, struct store_context *context, uint32_t **first_recent)
{
	struct arena *arena = &self->request.arena;
	struct database_statement *s = database_statement_begin(context->db, "SELECT count(*) FROM mailbox WHERE user_id = ?");

	database_statement_bind_int(s, 1, self->user_id);
	size_t room = (size_t)database_statement_one(s, 0);
	self->n = 0;
	self->mailboxes = arena_alloc(arena, (room + 1) * sizeof *self->mailboxes);
	*first_recent = arena_alloc(arena, (room + 1) * sizeof **first_recent);
	s = database_statement_begin(context->db, "SELECT " COLUMNS "WHERE m.user_id = ? ORDER BY m.name <> 'INBOX', m.name");
	database_statement_bind_int(s, 1, self->user_id);
	while (self->n < room && database_statement_step(s)) {
		(*first_recent)[self->n] = read_row(s, arena, &self->mailboxes[self->n]);
		self->n++;
	}
	database_statement_end(s);
}

static enum store_run run_list(struct store_request *request, struct store_context *context)
{
	struct mailbox_request *self = (struct mailbox_request *)request;
	uint32_t *first_recent;

	read_all(self, context, &first_recent);
	for (size_t i = 0; i < self->n; i++)
		self->mailboxes[i].n_recent = count_recent(context, &self->mailboxes[i], first_recent[i]);
	if (self->n == 0 && !is_known_user(context, self->user_id)) {
		error_set(&request->error, ERROR_NOT_FOUND, "the user is gone");
		return STORE_RUN_FAILED;
	}
	return STORE_RUN_DONE;
}

static const struct store_request_ops list_ops = {
	.name = "mailbox-list", .thread = STORE_IN_READER, .run = run_list, .complete = complete,
};

struct store_request *store_mailbox_list(struct store_client *client, int64_t user_id, store_mailbox_fn *done, void *owner)
{
	struct mailbox_request *self = store_request_create(client, &list_ops, sizeof *self);

	self->user_id = user_id;
	self->done = done;
	self->owner = owner;
	return store_request_submit(&self->request);
}

static enum store_run run_get(struct store_request *request, struct store_context *context)
{
	struct mailbox_request *self = (struct mailbox_request *)request;
	int64_t mailbox_id = store_mailbox_find(context, self->user_id, self->name);

	self->mailboxes = arena_alloc(&request->arena, sizeof *self->mailboxes);
	self->n = mailbox_id != 0 && store_mailbox_load(context, mailbox_id, &request->arena, self->mailboxes, NULL);
	if (self->n == 1)
		return STORE_RUN_DONE;
	error_set(&request->error, ERROR_NOT_FOUND, "no such mailbox");
	return STORE_RUN_FAILED;
}

static const struct store_request_ops get_ops = {
	.name = "mailbox-get", .thread = STORE_IN_READER, .run = run_get, .complete = complete,
};

struct store_request *store_mailbox_get(struct store_client *client, int64_t user_id, struct bytes name, store_mailbox_fn *done, void *owner)
{
	struct mailbox_request *self = store_request_create(client, &get_ops, sizeof *self);

	self->user_id = user_id;
	self->name = arena_bytes(&self->request.arena, name);
	self->done = done;
	self->owner = owner;
	return store_request_submit(&self->request);
}
