#include "mailstore/mailboxes.h"

#include <stdlib.h>

#include "base/memory.h"
#include "mailstore/store_copy.h"
#include "mailstore/store_mailbox.h"
#include "mailstore/store_mailbox_create.h"
#include "mailstore/store_mailbox_name.h"
#include "mailstore/store_request.h"

struct rename_request {
	struct store_request request;
	int64_t user_id;
	struct bytes from, to;
	struct store_transfer transfer; /* of INBOX: its results are of the part that ran last */
	store_done_fn *done;
	void *owner;
};

/* A mailbox that moves. */
struct moved {
	int64_t mailbox_id;
	uint32_t uidvalidity;
	struct bytes name;              /* the new one */
};

/* ---- INBOX: its messages go, in parts, it stays ---- */

static enum store_run rename_inbox(struct rename_request *self, struct store_context *context)
{
	struct error *err = &self->request.error;
	struct store_transfer *transfer = &self->transfer;
	struct ranges all = { 0 };

	if (!self->request.committed) {
		*transfer = (struct store_transfer){ .user_id = self->user_id, .is_move = true };
		transfer->from = store_mailbox_find(context, self->user_id, self->from);
		transfer->to = store_mailbox_make(context, self->user_id, self->to, 0, err);
	}
	if (transfer->to == 0)
		return STORE_RUN_FAILED;
	ranges_add_range(&all, 1, UINT32_MAX);
	transfer->uids = &all;
	bool ok = store_copy_run(context, transfer, err);
	ranges_release(&all);
	ranges_release(&transfer->from_uids);
	ranges_release(&transfer->to_uids);
	return !ok ? STORE_RUN_FAILED : transfer->rest != 0 ? STORE_RUN_MORE : STORE_RUN_DONE;
}

static void committed(struct store_request *request, struct store_context *context)
{
	struct store_transfer *transfer = &((struct rename_request *)request)->transfer;

	(void)context;
	transfer->first = transfer->rest;
}

/* ---- all others ---- */

/* The mailbox and what is below it, short names first: upward, one goes where a shorter one was.  The caller frees *moved. */
static size_t collect(const struct rename_request *self, struct store_context *context, struct arena *arena, struct moved **moved)
{
	struct database_statement *s = database_statement_begin(context->db,
		"SELECT mailbox_id, uidvalidity, name FROM mailbox WHERE user_id = ?1 AND (name = ?2 OR (name > ?2 || '/' AND name < ?2 || '0')) ORDER BY length(name), name");
	size_t n = 0, capacity = 0;

	*moved = NULL;
	database_statement_bind_int(s, 1, self->user_id);
	database_statement_bind_bytes(s, 2, self->from);
	while (database_statement_step(s)) {
		struct bytes rest = bytes_skip(database_statement_bytes(s, 2), self->from.len);
		if (n == capacity)
			*moved = xreallocarray(*moved, capacity = capacity > 0 ? 2 * capacity : 16, sizeof **moved);
		(*moved)[n++] = (struct moved){
			.mailbox_id = database_statement_int(s, 0), .uidvalidity = (uint32_t)database_statement_int(s, 1),
			.name = bytes_text(arena_printf(arena, "%.*s%.*s", BYTES_PRINT(self->to), BYTES_PRINT(rest))),
		};
	}
	return n;
}

/* Everything that can be refused, before anything is written. */
static bool check(const struct rename_request *self, struct store_context *context, const struct moved *moved, size_t n, struct error *err)
{
	if (n == 0)
		return error_set(err, ERROR_NOT_FOUND, "no such mailbox");
	if (store_mailbox_find(context, self->user_id, self->to) != 0)
		return error_set(err, ERROR_EXISTS, "the mailbox exists");
	if (store_mailbox_name_holds(self->from, self->to))
		return error_set(err, ERROR_SYNTAX, "a mailbox cannot go below itself");
	for (size_t i = 0; i < n; i++) {
		if (!store_mailbox_name_check(moved[i].name, err))
			return false;
		if (!store_mailbox_name_holds(self->from, moved[i].name) && store_mailbox_find(context, self->user_id, moved[i].name) != 0)
			return error_set(err, ERROR_EXISTS, "a mailbox below it exists");
	}
	return true;
}

static void move(const struct rename_request *self, struct store_context *context, const struct moved *moved)
{
	uint32_t uidvalidity = moved->uidvalidity;

	store_mailbox_leave_name(context, self->user_id, moved->mailbox_id);
	if (store_mailbox_name_was_higher(context, self->user_id, moved->name, uidvalidity))
		uidvalidity = store_mailbox_take_uidvalidity(context, self->user_id);
	struct database_statement *s = database_statement_begin(context->db, "UPDATE mailbox SET name = ?2, uidvalidity = ?3 WHERE mailbox_id = ?1");
	database_statement_bind_int(s, 1, moved->mailbox_id);
	database_statement_bind_bytes(s, 2, moved->name);
	database_statement_bind_int(s, 3, uidvalidity);
	database_statement_run(s);
}

static enum store_run run(struct store_request *request, struct store_context *context)
{
	struct rename_request *self = (struct rename_request *)request;
	struct moved *moved;

	if (store_mailbox_name_is_inbox(self->from))
		return rename_inbox(self, context);
	size_t n = collect(self, context, &request->arena, &moved);
	bool ok = check(self, context, moved, n, &request->error) &&
	          store_mailbox_make_levels(context, self->user_id, self->to, 0, &request->error);
	for (size_t i = 0; ok && i < n; i++)
		move(self, context, &moved[i]);
	free(moved);
	return ok ? STORE_RUN_DONE : STORE_RUN_FAILED;
}

static void complete(struct store_request *request)
{
	struct rename_request *self = (struct rename_request *)request;

	self->done(self->owner, request->error.kind != ERROR_NONE ? &request->error : NULL);
}

static const struct store_request_ops ops = {
	.name = "mailbox-rename", .thread = STORE_IN_WRITER, .grows = true, .can_fail_halfway = true, .run = run, .committed = committed, .complete = complete,
};

struct store_request *store_mailbox_rename(struct store_client *client, int64_t user_id, struct bytes from, struct bytes to,
                                           store_done_fn *done, void *owner)
{
	struct rename_request *self = store_request_create(client, &ops, sizeof *self);
	struct arena *arena = &self->request.arena;

	self->user_id = user_id;
	self->from = store_mailbox_name(arena_bytes(arena, from), arena);
	self->to = store_mailbox_name(arena_bytes(arena, to), arena);
	self->done = done;
	self->owner = owner;
	return store_request_submit(&self->request);
}
