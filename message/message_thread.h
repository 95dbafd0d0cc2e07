/*
 * message_thread: trees of messages that answer one another, from stored keys alone.  RFC 5256 3 (REFERENCES, ORDEREDSUBJECT).
 * Nothing recurses; loops and contradictions among References cost time in proportion to their number and change no other thread.
 */
#ifndef MESSAGE_MESSAGE_THREAD_H
#define MESSAGE_MESSAGE_THREAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

struct message_thread_item {
	uint32_t uid;
	uint32_t n_references;
	int64_t sent_s;                 /* the internal date when there is no Date */
	uint64_t message_id;            /* hashes, see summary_id_hash; 0 = none */
	const uint64_t *references;     /* first to last; In-Reply-To alone when there are no References */
	struct bytes base_subject;      /* folded */
	bool is_reply;                  /* the subject said so */
};

/* A message, with its descendants behind it, in the order of the response. */
struct message_thread_node {
	uint32_t uid;                   /* 0: a message that is not here holds a thread's parts together; only at depth 0 */
	uint32_t depth;
	bool is_branch;                 /* begins a list of its own: a root, or one of several siblings */
};
struct message_threads {                /* message_threads_release */
	struct message_thread_node *at;
	size_t n;
};
void message_threads_release(struct message_threads *);

/* About how many octets the threading of so many items takes besides them, its result included. */
size_t message_thread_octets(size_t n_items, size_t n_references);
/* items: by ascending UID.  *threads is overwritten.  More than two million references in all: only each item's last few count. */
void message_thread_by_references(const struct message_thread_item *items, size_t n, struct message_threads *threads);
void message_thread_by_subject(const struct message_thread_item *items, size_t n, struct message_threads *threads);

#endif
