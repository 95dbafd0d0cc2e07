/* Any references, subjects and dates give a forest in which every message stands exactly once, well nested. */
#include <stdlib.h>

#include "base/memory.h"
#include "message/message_thread.h"

#define ITEMS_MAX 400

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look(const struct message_threads *threads, size_t n)
{
	bool seen[ITEMS_MAX + 1] = { false };
	size_t n_seen = 0;

	for (size_t i = 0; i < threads->n; i++) {
		const struct message_thread_node *node = &threads->at[i];
		if (node->uid > n || (node->uid != 0 && seen[node->uid]))
			abort();
		if (node->depth > (i == 0 ? 0 : threads->at[i - 1].depth + 1) || (node->depth == 0 && !node->is_branch))
			abort();
		/* one that is not here stands only above two at least */
		if (node->uid == 0 && (node->depth != 0 || i + 1 == threads->n || !threads->at[i + 1].is_branch || threads->at[i + 1].depth != 1))
			abort();
		seen[node->uid] = true;
		n_seen += node->uid != 0;
	}
	if (n_seen != n)
		abort();
}

/* A message: octets id, date, subject and reply bit, number of references, references. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char letters[] = "abcdefgh";
	struct message_thread_item items[ITEMS_MAX];
	uint64_t *references = xmalloc((size + 1) * sizeof *references);
	struct message_threads threads;
	size_t n = 0, n_references = 0, at = 0;

	while (n < ITEMS_MAX && at + 4 <= size) {
		struct message_thread_item *item = &items[n];
		*item = (struct message_thread_item){ .uid = (uint32_t)++n, .message_id = data[at], .sent_s = (int8_t)data[at + 1] };
		item->base_subject = bytes_of(letters + (data[at + 2] & 7), data[at + 2] >> 3 & 1);
		item->is_reply = data[at + 2] & 16;
		item->references = references + n_references;
		size_t count = data[at + 3] % 101;
		for (at += 4; item->n_references < count && at < size; at++)
			references[n_references++] = data[at], item->n_references++;
	}
	message_thread_by_references(items, n, &threads);
	look(&threads, n);
	message_threads_release(&threads);
	message_thread_by_subject(items, n, &threads);
	look(&threads, n);
	message_threads_release(&threads);
	free(references);
	return 0;
}
