/* store_index_build: bring one user's text index up to date. */
#ifndef MAILSTORE_STORE_INDEX_BUILD_H
#define MAILSTORE_STORE_INDEX_BUILD_H

#include <stdbool.h>
#include <stdint.h>

#include "mailstore/store.h"

struct store_index_built {
	uint64_t n_messages;            /* added */
	uint64_t text_octets;           /* of them, as searched */
	uint64_t index_octets;          /* of the whole file now */
};

/*
 * Blocking; the caller holds the user's lock.  pause is called every few milliseconds and may take its time; false ends the work: what was written
 * stays, and the next call goes on from there.  anew: what is there goes first; it does too when most of what it knows is gone.
 */
bool store_index_build(struct store *, int64_t user_id, bool anew, bool (*pause)(void *owner), void *owner, struct store_index_built *, struct error *err);
/* Remove the indexes of users who are gone. */
void store_index_sweep(struct store *);

#endif
