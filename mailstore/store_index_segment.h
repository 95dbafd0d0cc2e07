/* store_index_segment: what the next segment of a text index will hold, collected message by message, in bounded memory. */
#ifndef MAILSTORE_STORE_INDEX_SEGMENT_H
#define MAILSTORE_STORE_INDEX_SEGMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "database/database.h"

struct store_index_segment;

/* About 20 MiB. */
struct store_index_segment *store_index_segment_create(void);
void store_index_segment_destroy(struct store_index_segment *);

/* A message begins; room for it must have been left (store_index_segment_is_full). */
void store_index_segment_begin(struct store_index_segment *, int64_t message_id);
/* Its text, folded or ASCII in any case; is_first: nothing goes on from the piece before.  False: it is too varied already, more is of no use. */
bool store_index_segment_text(struct store_index_segment *, struct bytes text, bool is_first);
/* Nothing is known of this message: every needle may be in it. */
void store_index_segment_unknown(struct store_index_segment *);
void store_index_segment_end(struct store_index_segment *);

bool store_index_segment_is_full(const struct store_index_segment *);
/* Write its rows, in the caller's transaction; then it is empty.  pause is called now and then. */
void store_index_segment_write(struct store_index_segment *, struct database *, void (*pause)(void *owner), void *owner);

#endif
