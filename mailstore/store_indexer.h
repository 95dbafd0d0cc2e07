/*
 * store_indexer: the thread that brings text indexes up to date, beside everything else: it works a third of the time at most, and only for users
 * who search.  Of all processes one at a time builds a user's index (a lock octet of `index/lock`).  Ephemeral stores have no index.
 */
#ifndef MAILSTORE_STORE_INDEXER_H
#define MAILSTORE_STORE_INDEXER_H

#include <stdbool.h>
#include <stdint.h>

#include "mailstore/store.h"

struct store_indexer;

struct store_indexer *store_indexer_create(struct store *);
/* Ends the thread soon; what is not written yet is built another time.  NULL accepted. */
void store_indexer_destroy(struct store_indexer *);
/*
 * From any thread: a search of this user read so many messages that are not in the index.  From STORE_INDEX_BEHIND on the index is brought up to
 * date; is_damaged: it is made anew.  The first call that asks for work starts the thread.
 */
#define STORE_INDEX_BEHIND 1000
void store_indexer_note(struct store_indexer *, int64_t user_id, uint64_t n_unindexed, bool is_damaged);

#endif
