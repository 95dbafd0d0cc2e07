#include "mailstore/bodies.h"

#include <assert.h>
#include <stdlib.h>

#include "base/memory.h"
#include "mailstore/store_read.h"
#include "mailstore/store_request.h"

struct pieces_request {
	struct store_request request;
	store_pieces_fn *done;
	void *owner;
	struct store_pieces *pieces;
};

void store_pieces_destroy(struct store_pieces *pieces)
{
	if (pieces == NULL)
		return;
	buffer_release(&pieces->octets);
	free(pieces->at);
	free(pieces);
}

/* What cannot be read is for its own request to explain. */
static enum store_run run(struct store_request *request, struct store_context *context)
{
	struct store_pieces *pieces = ((struct pieces_request *)request)->pieces;
	struct error ignored = { 0 };
	size_t at = 0;

	for (size_t i = 0; i < pieces->n; i++) {
		struct store_piece *piece = &pieces->at[i];
		size_t before = pieces->octets.len;
		if (!store_read_octets(context, piece->message_id, piece->offset, piece->len, &pieces->octets, &ignored))
			buffer_truncate(&pieces->octets, before);
		if (database_failed(context->db))
			return STORE_RUN_FAILED;
		piece->octets.len = pieces->octets.len - before;
	}
	for (size_t i = 0; i < pieces->n; i++) {
		pieces->at[i].octets.at = pieces->octets.at + at;
		at += pieces->at[i].octets.len;
	}
	return STORE_RUN_DONE;
}

static void complete(struct store_request *request)
{
	struct pieces_request *self = (struct pieces_request *)request;
	bool failed = request->error.kind != ERROR_NONE;
	struct store_pieces *pieces = failed ? NULL : self->pieces;

	if (!failed)
		self->pieces = NULL;
	self->done(self->owner, failed ? &request->error : NULL, pieces);
}

static void release(struct store_request *request)
{
	store_pieces_destroy(((struct pieces_request *)request)->pieces);
}

static const struct store_request_ops ops = {
	.name = "read-pieces", .thread = STORE_IN_READER, .run = run, .complete = complete, .release = release,
};

struct store_request *store_read_pieces(struct store_client *client, const struct store_piece *wanted, size_t n, store_pieces_fn *done, void *owner)
{
	struct pieces_request *self = store_request_create(client, &ops, sizeof *self);
	size_t len = 0;

	self->pieces = xcalloc(1, sizeof *self->pieces);
	self->pieces->at = xcalloc(n + 1, sizeof *self->pieces->at);
	self->pieces->n = n;
	for (size_t i = 0; i < n; i++) {
		self->pieces->at[i] = (struct store_piece){ .message_id = wanted[i].message_id, .offset = wanted[i].offset, .len = wanted[i].len };
		len += wanted[i].len;
	}
	assert(len <= STORE_READ_MAX);
	self->done = done;
	self->owner = owner;
	return store_request_submit(&self->request);
}
