/* Rows into a message_sort, batch by batch; then it sorts, in batches too, which hold no transaction. */
#include <stdlib.h>

#include "base/memory.h"
#include "mailstore/store_client.h"
#include "mailstore/store_keys.h"
#include "mailstore/store_open.h"
#include "mailstore/store_request.h"
#include "mailstore/threads.h"

#define MOVES 16384                     /* half a millisecond at most */

struct sort_request {
	struct store_request request;
	struct store_keys keys;
	bool is_read;
	struct message_sort *sort;
	struct store_sorted *sorted;
	store_sorted_fn *done;
	void *owner;
};

void store_sorted_destroy(struct store_sorted *sorted)
{
	if (sorted == NULL)
		return;
	free(sorted->uids);
	free(sorted);
}

static bool add(void *owner, const struct message_sort_row *row)
{
	struct sort_request *self = owner;

	message_sort_add(self->sort, row);
	return message_sort_text_octets(self->sort) <= STORE_SORT_TEXTS_MAX;
}

static enum store_run fail(struct sort_request *self, enum error_kind kind, const char *why)
{
	error_set(&self->request.error, kind, "%s", why);
	return STORE_RUN_FAILED;
}

static enum store_run run_sort(struct sort_request *self, struct store_context *context)
{
	for (size_t n = 63; !message_sort_step(self->sort, MOVES); n += 64)
		if (store_context_is_late(context, n))
			return STORE_RUN_MORE;
	self->sorted = xcalloc(1, sizeof *self->sorted);
	self->sorted->uids = message_sort_take_uids(self->sort, &self->sorted->n);
	return STORE_RUN_DONE;
}

static enum store_run run(struct store_request *request, struct store_context *context)
{
	struct sort_request *self = (struct sort_request *)request;

	if (self->is_read)
		return run_sort(self, context);
	enum store_keys_status status = store_keys_read(&self->keys, context, add, self);
	if (!store_keys_count(&self->keys, message_sort_octets(self->sort), &request->error))
		return STORE_RUN_FAILED;
	switch (status) {
	case STORE_KEYS_NO_MAILBOX:
		return fail(self, ERROR_NOT_FOUND, "the mailbox is gone");
	case STORE_KEYS_MORE:
		if (message_sort_text_octets(self->sort) > STORE_SORT_TEXTS_MAX)
			return fail(self, ERROR_LIMIT, "too many messages to sort by text at once");
		return STORE_RUN_MORE;
	case STORE_KEYS_END:
		self->is_read = true;
	}
	return STORE_RUN_MORE;
}

static void complete(struct store_request *request)
{
	struct sort_request *self = (struct sort_request *)request;
	bool failed = request->error.kind != ERROR_NONE;
	struct store_sorted *sorted = failed ? NULL : self->sorted;

	if (!failed)
		self->sorted = NULL;
	self->done(self->owner, failed ? &request->error : NULL, sorted);
}

static void release(struct store_request *request)
{
	struct sort_request *self = (struct sort_request *)request;

	store_keys_release(&self->keys);
	message_sort_destroy(self->sort);
	store_sorted_destroy(self->sorted);
}

static const struct store_request_ops ops = {
	.name = "message-sort", .thread = STORE_IN_READER, .run = run, .complete = complete, .release = release,
};

static enum store_keys_width width_of(const struct message_sort_rule *rules, size_t n)
{
	if (message_sort_needs_texts(rules, n))
		return STORE_KEYS_TEXTS;
	for (size_t i = 0; i < n; i++)
		if (rules[i].key == MESSAGE_SORT_SIZE)
			return STORE_KEYS_SIZE;
	return STORE_KEYS_DATES;
}

struct store_request *store_message_sort(struct store_client *client, int64_t mailbox_id, const struct ranges *uids,
                                         const struct message_sort_rule *rules, size_t n_rules, store_sorted_fn *done, void *owner)
{
	struct sort_request *self = store_request_create(client, &ops, sizeof *self);

	store_keys_init(&self->keys, client->store->options.budget, mailbox_id, uids, width_of(rules, n_rules));
	self->sort = message_sort_create(rules, n_rules);
	self->done = done;
	self->owner = owner;
	return store_request_submit(&self->request);
}
