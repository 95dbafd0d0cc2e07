/*
 * threads: messages of a mailbox in order and in threads, from what was kept at delivery; no message is parsed.  RFC 5256, RFC 5957.
 * What a request holds meanwhile is counted in the store's budget: LIMIT when there is no more.  The rows are read in batches of about
 * 10 ms, each a read transaction of its own; what is expunged meanwhile may be missing.
 */
#ifndef MAILSTORE_THREADS_H
#define MAILSTORE_THREADS_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/ranges.h"
#include "mailstore/store.h"
#include "message/message_sort.h"
#include "message/message_thread.h"

#define STORE_THREAD_MESSAGES_MAX 2000000
#define STORE_SORT_TEXTS_MAX ((size_t)256 << 20)        /* octets of the keys of one request */

struct store_sorted {                   /* owned by whom it is given to: store_sorted_destroy */
	uint32_t *uids;
	size_t n;
};
void store_sorted_destroy(struct store_sorted *);

/* err NOT_FOUND: no such mailbox; LIMIT: more than is done at once. */
typedef void store_sorted_fn(void *owner, const struct error *err, struct store_sorted *);
/* 1 <= n_rules <= MESSAGE_SORT_RULES_MAX.  UIDs that are not there are passed over. */
struct store_request *store_message_sort(struct store_client *, int64_t mailbox_id, const struct ranges *uids,
                                         const struct message_sort_rule *, size_t n_rules, store_sorted_fn *, void *owner);

enum store_threading { STORE_THREAD_BY_REFERENCES, STORE_THREAD_BY_SUBJECT };

/* threads: its content is the receiver's (message_threads_release); NULL with an error. */
typedef void store_threads_fn(void *owner, const struct error *err, struct message_threads *threads);
struct store_request *store_message_thread(struct store_client *, int64_t mailbox_id, const struct ranges *uids, enum store_threading,
                                           store_threads_fn *, void *owner);

#endif
