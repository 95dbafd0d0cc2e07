/* The requests of COPY and MOVE: a copy is one run, a move as many as it has parts. */
#include "mailstore/messages.h"
#include "mailstore/store_copy.h"
#include "mailstore/store_mailbox.h"
#include "mailstore/store_request.h"

struct copy_request {
	struct store_request request;
	struct store_transfer transfer; /* its results: of the part that ran last */
	uint64_t from_modseq, to_modseq;        /* committed, as the UIDs are */
	struct ranges from_uids, to_uids;
	struct ranges uids;
	struct bytes to;
	uint32_t uidvalidity;
	store_copied_fn *done;
	void *owner;
};

static enum store_run run(struct store_request *request, struct store_context *context)
{
	struct copy_request *self = (struct copy_request *)request;
	struct database_statement *s;

	/* the parts of a move go to one mailbox, whatever has its name meanwhile */
	if (!request->committed)
		self->transfer.to = store_mailbox_find(context, self->transfer.user_id, self->to);
	if (self->transfer.to == 0) {
		error_set(&request->error, ERROR_NOT_FOUND, "no such mailbox");
		return STORE_RUN_FAILED;
	}
	if (!store_copy_run(context, &self->transfer, &request->error))
		return STORE_RUN_FAILED;
	s = database_statement_begin(context->db, "SELECT uidvalidity FROM mailbox WHERE mailbox_id = ?");
	database_statement_bind_int(s, 1, self->transfer.to);
	self->uidvalidity = (uint32_t)database_statement_one(s, 0);
	return self->transfer.rest != 0 ? STORE_RUN_MORE : STORE_RUN_DONE;
}

static void committed(struct store_request *request, struct store_context *context)
{
	struct copy_request *self = (struct copy_request *)request;
	struct store_transfer *part = &self->transfer;

	(void)context;
	part->first = part->rest;
	self->from_modseq = part->from_modseq > 0 ? part->from_modseq : self->from_modseq;
	self->to_modseq = part->to_modseq > 0 ? part->to_modseq : self->to_modseq;
	ranges_add_all(&self->from_uids, &part->from_uids);
	ranges_add_all(&self->to_uids, &part->to_uids);
}

static void complete(struct store_request *request)
{
	struct copy_request *self = (struct copy_request *)request;
	struct store_copied copied = {
		.mailbox_id = self->transfer.to, .uidvalidity = self->uidvalidity, .modseq = self->to_modseq, .from_modseq = self->from_modseq,
		.from = &self->from_uids, .to = &self->to_uids,
	};

	if (ranges_is_empty(copied.from))
		copied = (struct store_copied){ .from = copied.from, .to = copied.to };
	self->done(self->owner, request->error.kind != ERROR_NONE ? &request->error : NULL, request->error.kind != ERROR_NONE ? NULL : &copied);
}

static void release(struct store_request *request)
{
	struct copy_request *self = (struct copy_request *)request;

	ranges_release(&self->uids);
	ranges_release(&self->from_uids);
	ranges_release(&self->to_uids);
	ranges_release(&self->transfer.from_uids);
	ranges_release(&self->transfer.to_uids);
}

static const struct store_request_ops copy_ops = {
	.name = "copy", .thread = STORE_IN_WRITER, .grows = true, .run = run, .committed = committed, .complete = complete, .release = release,
};

/* A disk that is nearly full does not keep anyone from moving to Trash. */
static const struct store_request_ops move_ops = {
	.name = "move", .thread = STORE_IN_WRITER, .run = run, .committed = committed, .complete = complete, .release = release,
};

static struct store_request *submit(struct store_client *client, const struct store_request_ops *ops, const struct store_transfer *transfer,
                                    struct bytes to, store_copied_fn *done, void *owner)
{
	struct copy_request *self = store_request_create(client, ops, sizeof *self);

	self->transfer = *transfer;
	ranges_copy(&self->uids, transfer->uids);
	self->transfer.uids = &self->uids;
	self->to = arena_bytes(&self->request.arena, to);
	self->done = done;
	self->owner = owner;
	return store_request_submit(&self->request);
}

struct store_request *store_message_copy(struct store_client *client, int64_t user_id, int64_t mailbox_id, const struct ranges *uids,
                                         struct bytes to, store_copied_fn *done, void *owner)
{
	return submit(client, &copy_ops, &(struct store_transfer){ .user_id = user_id, .from = mailbox_id, .uids = uids }, to, done, owner);
}

struct store_request *store_message_move(struct store_client *client, int64_t user_id, int64_t mailbox_id, const struct ranges *uids,
                                         struct bytes to, store_copied_fn *done, void *owner)
{
	return submit(client, &move_ops, &(struct store_transfer){ .user_id = user_id, .from = mailbox_id, .uids = uids, .is_move = true }, to, done, owner);
}
