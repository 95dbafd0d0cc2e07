/* Rows into items, batch by batch; then they are threaded in one go, which holds no transaction. */
#include <stdlib.h>

#include "base/memory.h"
#include "mailstore/store_client.h"
#include "mailstore/store_keys.h"
#include "mailstore/store_open.h"
#include "mailstore/store_request.h"
#include "mailstore/threads.h"

#define REFERENCES_OCTETS_MAX ((size_t)64 << 20)        /* of one request; of further messages only the nearest count */
#define REFERENCES_NEAREST 2

struct thread_request {
	struct store_request request;
	struct store_keys keys;
	enum store_threading threading;
	bool is_read, is_full;
	struct message_thread_item *items;
	size_t n, capacity;
	struct arena arena;             /* subjects and references */
	size_t n_text_octets, n_reference_octets;
	struct message_threads threads;
	store_threads_fn *done;
	void *owner;
};

static void keep_references(struct thread_request *self, const struct summary_sortkeys *keys, struct message_thread_item *item)
{
	const uint64_t *from = keys->n_references > 0 ? keys->references : &keys->in_reply_to;
	size_t n = keys->n_references > 0 ? keys->n_references : keys->in_reply_to != 0;

	if (self->n_reference_octets > REFERENCES_OCTETS_MAX && n > REFERENCES_NEAREST) {
		from += n - REFERENCES_NEAREST;
		n = REFERENCES_NEAREST;
	}
	self->n_reference_octets += n * sizeof *from;
	if (n == 0)
		return;
	item->references = (const uint64_t *)arena_bytes(&self->arena, bytes_of(from, n * sizeof *from)).at;
	item->n_references = (uint32_t)n;
}

static bool add(void *owner, const struct message_sort_row *row)
{
	struct thread_request *self = owner;
	const struct summary_sortkeys *keys = row->keys;

	self->is_full = self->n == STORE_THREAD_MESSAGES_MAX || self->n_text_octets > STORE_SORT_TEXTS_MAX;
	if (self->is_full)
		return false;
	if (self->n == self->capacity) {
		self->capacity = self->capacity > 0 ? 2 * self->capacity : 1024;
		self->items = xreallocarray(self->items, self->capacity, sizeof *self->items);
	}
	struct message_thread_item *item = &self->items[self->n++];
	*item = (struct message_thread_item){
		.uid = row->uid, .sent_s = row->sent_s, .is_reply = keys->is_reply, .message_id = keys->message_id,
		.base_subject = arena_bytes(&self->arena, keys->base_subject),
	};
	self->n_text_octets += keys->base_subject.len;
	if (self->threading == STORE_THREAD_BY_REFERENCES)
		keep_references(self, keys, item);
	return true;
}

static size_t octets_held(const struct thread_request *self)
{
	return self->capacity * sizeof *self->items + self->n_text_octets + self->n_reference_octets +
	       message_thread_octets(self->n, self->n_reference_octets / sizeof *self->items->references);
}

static enum store_run fail(struct thread_request *self, enum error_kind kind, const char *why)
{
	error_set(&self->request.error, kind, "%s", why);
	return STORE_RUN_FAILED;
}

static enum store_run run(struct store_request *request, struct store_context *context)
{
	struct thread_request *self = (struct thread_request *)request;

	if (self->is_read) {
		if (self->threading == STORE_THREAD_BY_REFERENCES)
			message_thread_by_references(self->items, self->n, &self->threads);
		else
			message_thread_by_subject(self->items, self->n, &self->threads);
		return STORE_RUN_DONE;
	}
	enum store_keys_status status = store_keys_read(&self->keys, context, add, self);
	if (!store_keys_count(&self->keys, octets_held(self), &request->error))
		return STORE_RUN_FAILED;
	switch (status) {
	case STORE_KEYS_NO_MAILBOX:
		return fail(self, ERROR_NOT_FOUND, "the mailbox is gone");
	case STORE_KEYS_MORE:
		return self->is_full ? fail(self, ERROR_LIMIT, "too many messages to thread at once") : STORE_RUN_MORE;
	case STORE_KEYS_END:
		self->is_read = true;
	}
	return STORE_RUN_MORE;
}

static void complete(struct store_request *request)
{
	struct thread_request *self = (struct thread_request *)request;
	bool failed = request->error.kind != ERROR_NONE;
	struct message_threads threads = self->threads;

	if (failed) {
		self->done(self->owner, &request->error, NULL);
		return;
	}
	self->threads = (struct message_threads){ 0 };
	self->done(self->owner, NULL, &threads);
}

static void release(struct store_request *request)
{
	struct thread_request *self = (struct thread_request *)request;

	store_keys_release(&self->keys);
	message_threads_release(&self->threads);
	arena_reset(&self->arena);
	free(self->items);
}

static const struct store_request_ops ops = {
	.name = "message-thread", .thread = STORE_IN_READER, .run = run, .complete = complete, .release = release,
};

struct store_request *store_message_thread(struct store_client *client, int64_t mailbox_id, const struct ranges *uids,
                                           enum store_threading threading, store_threads_fn *done, void *owner)
{
	struct thread_request *self = store_request_create(client, &ops, sizeof *self);

	store_keys_init(&self->keys, client->store->options.budget, mailbox_id, uids, STORE_KEYS_TEXTS);
	self->threading = threading;
	self->done = done;
	self->owner = owner;
	return store_request_submit(&self->request);
}
