#include "mailstore/store_read.h"

#include <assert.h>
#include <unistd.h>

#include "mailstore/store_body.h"
#include "mailstore/store_file.h"
#include "mailstore/store_open.h"
#include "mailstore/store_request.h"

/* Where octets are read from, and where they go. */
struct reading {
	struct store_context *context;
	int64_t message_id;
	uint64_t at, end;
	struct buffer *octets;
	struct error *err;
};

static bool fail_short(struct reading *self)
{
	return error_set(self->err, ERROR_CORRUPT, "message %lld: octets are missing", (long long)self->message_id);
}

static bool read_chunks(struct reading *self)
{
	struct database_statement *s = database_statement_begin(self->context->db, "SELECT id, data FROM chunk WHERE id BETWEEN ? AND ?");
	uint64_t at = self->at;

	database_statement_bind_int(s, 1, self->message_id << 12 | (int64_t)(at / STORE_CHUNK_SIZE));
	database_statement_bind_int(s, 2, self->message_id << 12 | (int64_t)((self->end - 1) / STORE_CHUNK_SIZE));
	while (database_statement_step(s)) {
		uint64_t start = (uint64_t)(database_statement_int(s, 0) & 0xfff) * STORE_CHUNK_SIZE;
		struct bytes data = database_statement_bytes(s, 1);
		if (start > at)
			break;
		struct bytes wanted = bytes_slice(data, (size_t)(at - start), (size_t)(self->end - start));
		buffer_add_bytes(self->octets, wanted);
		at += wanted.len;
	}
	database_statement_end(s);
	return at == self->end || fail_short(self);
}

static bool read_file(struct reading *self, const char *name)
{
	struct store_file file = { .fd = store_file_open(self->context->store->dir_fd, name, self->err) };
	size_t len = (size_t)(self->end - self->at);

	if (file.fd < 0)
		return false;
	bool ok = store_file_read(&file, self->at, buffer_reserve(self->octets, len), len, self->err);
	if (ok)
		buffer_added(self->octets, len);
	close(file.fd);
	return ok;
}

static bool read_packed(struct reading *self, uint64_t size, enum store_codec codec, const char *name)
{
	struct store_context *context = self->context;
	struct store_stored *stored = &context->stored;
	struct bytes chunk;
	bool ok = store_stored_open(stored, context->store->dir_fd, self->message_id, size, codec, name, self->err);

	for (uint64_t at = self->at; ok && at < self->end;) {
		uint64_t start = at - at % STORE_CHUNK_SIZE;
		ok = store_stored_chunk(stored, context->db, at / STORE_CHUNK_SIZE, &chunk, self->err);
		if (ok) {
			struct bytes wanted = bytes_slice(chunk, (size_t)(at - start), (size_t)(self->end - start));
			buffer_add_bytes(self->octets, wanted);
			at += wanted.len;
		}
	}
	store_stored_close(stored);
	return ok;
}

bool store_read_octets(struct store_context *context, int64_t message_id, uint64_t offset, size_t len, struct buffer *octets, struct error *err)
{
	struct database_statement *s = database_statement_begin(context->db, "SELECT size, file, codec FROM message WHERE message_id = ?");
	struct reading self = { context, message_id, offset, offset + len, octets, err };
	struct arena arena = { 0 };
	const char *file = NULL;
	uint64_t size = 0;
	enum store_codec codec = STORE_PLAIN;
	bool ok = true;

	database_statement_bind_int(s, 1, message_id);
	bool found = database_statement_step(s);
	if (found) {
		size = (uint64_t)database_statement_int(s, 0);
		file = database_statement_text(s, 1, &arena);
		codec = (enum store_codec)database_statement_int(s, 2);
	}
	database_statement_end(s);
	if (!found)
		return error_set(err, ERROR_NOT_FOUND, "the message is gone");
	if (self.end > size)
		self.end = size;
	if (self.at < self.end) {
		if (codec != STORE_PLAIN)
			ok = read_packed(&self, size, codec, file);
		else
			ok = file != NULL ? read_file(&self, file) : read_chunks(&self);
	}
	arena_reset(&arena);
	return ok;
}

struct read_request {
	struct store_request request;
	int64_t message_id;
	uint64_t offset;
	size_t len;
	store_read_fn *done;
	void *owner;
	struct buffer octets;
};

static enum store_run run(struct store_request *request, struct store_context *context)
{
	struct read_request *self = (struct read_request *)request;
	bool ok = store_read_octets(context, self->message_id, self->offset, self->len, &self->octets, &request->error);

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
