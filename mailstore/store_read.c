
#include <assert.h>
#include <errno.h>
#include <unistd.h>

#include "mailstore/store_body.h"
#include "mailstore/store_context.h"
#include "mailstore/store_file.h"
#include "mailstore/store_open.h"
#include "mailstore/store_request.h"

struct read_request {
	struct store_request request;
	int64_t message_id;
	uint64_t offset;
	size_t len;
	store_read_fn *done;
	void *owner;
	struct buffer octets;
};

static bool fail_short(struct read_request *self)
{
	return error_set(&self->request.error, ERROR_CORRUPT, "message %lld: octets are missing", (long long)self->message_id);
}

static bool read_chunks(struct read_request *self, struct store_context *context)
{
	struct database_statement *s = database_statement_begin(context->db, "SELECT id, data FROM chunk WHERE id BETWEEN ? AND ?");
	uint64_t at = self->offset, end = self->offset + self->len;

	database_statement_bind_int(s, 1, self->message_id << 12 | (int64_t)(at / STORE_CHUNK_SIZE));
	database_statement_bind_int(s, 2, self->message_id << 12 | (int64_t)((end - 1) / STORE_CHUNK_SIZE));
	while (database_statement_step(s)) {
		uint64_t start = (uint64_t)(database_statement_int(s, 0) & 0xfff) * STORE_CHUNK_SIZE;
		struct bytes data = database_statement_bytes(s, 1);
		if (start > at)
			break;
		struct bytes wanted = bytes_slice(data, (size_t)(at - start), (size_t)(end - start));
		buffer_add_bytes(&self->octets, wanted);
		at += wanted.len;
	}
	database_statement_end(s);
	return at == end || fail_short(self);
}

static bool read_file(struct read_request *self, struct store_context *context, const char *name)
{
	struct error *err = &self->request.error;
	struct store_file file = { .fd = store_file_open(context->store->dir_fd, name, err) };

	if (file.fd < 0)
		return false;
	bool ok = store_file_read(&file, self->offset, buffer_reserve(&self->octets, self->len), self->len, err);
	if (ok)
		buffer_added(&self->octets, self->len);
	close(file.fd);
	return ok;
}

static bool read_packed(struct read_request *self, struct store_context *context, uint64_t size, enum store_codec codec, const char *name)
{
	struct store_stored *stored = &context->stored;
	uint64_t at = self->offset, end = self->offset + self->len;
	struct bytes chunk;
	bool ok = store_stored_open(stored, context->store->dir_fd, self->message_id, size, codec, name, &self->request.error);

	while (ok && at < end) {
		uint64_t start = at - at % STORE_CHUNK_SIZE;
		ok = store_stored_chunk(stored, context->db, at / STORE_CHUNK_SIZE, &chunk, &self->request.error);
		if (ok) {
			struct bytes wanted = bytes_slice(chunk, (size_t)(at - start), (size_t)(end - start));
			buffer_add_bytes(&self->octets, wanted);
			at += wanted.len;
		}
	}
	store_stored_close(stored);
	return ok;
}

static enum store_run run(struct store_request *request, struct store_context *context)
{
	struct read_request *self = (struct read_request *)request;
	struct database_statement *s = database_statement_begin(context->db, "SELECT size, file, codec FROM message WHERE message_id = ?");
	const char *file = NULL;
	uint64_t size = 0;
	enum store_codec codec = STORE_PLAIN;
	bool ok;

	database_statement_bind_int(s, 1, self->message_id);
	bool found = database_statement_step(s);
	if (found) {
		size = (uint64_t)database_statement_int(s, 0);
		file = database_statement_text(s, 1, &request->arena);
		codec = (enum store_codec)database_statement_int(s, 2);
	}
	database_statement_end(s);
	if (!found) {
		error_set(&request->error, ERROR_NOT_FOUND, "the message is gone");
		return STORE_RUN_FAILED;
	}
	if (self->offset >= size)
		self->len = 0;
	else if (self->len > size - self->offset)
		self->len = (size_t)(size - self->offset);
	if (self->len == 0)
		return STORE_RUN_DONE;
	if (codec != STORE_PLAIN)
		ok = read_packed(self, context, size, codec, file);
	else
		ok = file != NULL ? read_file(self, context, file) : read_chunks(self, context);
	return ok ? STORE_RUN_DONE : STORE_RUN_FAILED;
}

static void complete(struct store_request *request)
{
	struct read_request *self = (struct read_request *)request;
	const struct bytes nothing = { NULL, 0 };

	if (request->error.kind != ERROR_NONE)
		self->done(self->owner, &request->error, nothing);
	else
		self->done(self->owner, NULL, buffer_bytes(&self->octets));
}

static void release(struct store_request *request)
{
	buffer_release(&((struct read_request *)request)->octets);
}

static const struct store_request_ops ops = {
	.name = "read", .thread = STORE_IN_READER, .run = run, .complete = complete, .release = release,
};

struct store_request *store_read(struct store_client *client, int64_t message_id, uint64_t offset, size_t len, store_read_fn *done, void *owner)
{
	struct read_request *self = store_request_create(client, &ops, sizeof *self);

	assert(len <= STORE_READ_MAX);
	self->message_id = message_id;
	self->offset = offset;
	self->len = len;
	self->done = done;
	self->owner = owner;
	return store_request_submit(&self->request);
}
