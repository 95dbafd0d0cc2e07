/* store_keys: a mailbox's rows with their sort keys, a batch a run: what SORT and THREAD read. */
#ifndef MAILSTORE_STORE_KEYS_H
#define MAILSTORE_STORE_KEYS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/budget.h"
#include "base/error.h"
#include "base/ranges.h"
#include "mailstore/store_context.h"
#include "message/message_sort.h"

enum store_keys_width { STORE_KEYS_DATES, STORE_KEYS_SIZE, STORE_KEYS_TEXTS };  /* what is read of a row: each those before it, too */

struct store_keys {                     /* store_keys_release */
	int64_t mailbox_id;
	struct ranges uids;
	enum store_keys_width width;
	size_t n_ranges_done;
	struct budget *budget;          /* NULL: not counted */
	size_t counted;                 /* octets taken from it */
};

enum store_keys_status { STORE_KEYS_MORE, STORE_KEYS_END, STORE_KEYS_NO_MAILBOX };

/* row: borrowed until it returns; what is not read is 0.  False ends the batch. */
typedef bool store_keys_fn(void *owner, const struct message_sort_row *row);

void store_keys_init(struct store_keys *, struct budget *, int64_t mailbox_id, const struct ranges *uids, enum store_keys_width);
/* Gives back what was counted. */
void store_keys_release(struct store_keys *);
/* The request holds so many octets now.  False: that is more than the process has left, and err is LIMIT. */
bool store_keys_count(struct store_keys *, size_t octets, struct error *err);
/* Give the next rows, by ascending UID, until the context is late; MORE: call again in a later batch. */
enum store_keys_status store_keys_read(struct store_keys *, struct store_context *, store_keys_fn *, void *owner);

#endif
