/* store_insert: the rows of a new message: once the shared part, then one row a mailbox. */
#ifndef MAILSTORE_STORE_INSERT_H
#define MAILSTORE_STORE_INSERT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "mailstore/bodies.h"
#include "mailstore/store_context.h"
#include "mailstore/store_thread_id.h"
#include "message/summary.h"

/* What is kept of a summary. */
struct store_kept {
	uint64_t header_len;
	int64_t sent_s;
	struct bytes envelope, structure, sortkeys;
	struct store_thread_names names;
};

void store_insert_keep(struct store_kept *, const struct summary *, struct arena *);
/* message and chunk rows; returns the message's id.  A body that cannot be read back fails the connection (database_fail). */
int64_t store_insert_message(struct store_context *, const struct store_body *, const struct store_kept *);

struct store_copy {
	int64_t mailbox_id, user_id, message_id;
	uint32_t uid;                   /* the mailbox's UIDNEXT, which rises; it must be there (store_insert_has_uids) */
	uint64_t modseq;                /* of the request's change there: one above what the mailbox had */
	uint64_t flags, size;
	int64_t internal_date_s, sent_s;
	const struct store_thread_names *names;
};
/* Has the mailbox n UIDs left, from uidnext on?  The last number is nobody's: UIDNEXT stays one. */
static inline bool store_insert_has_uids(uint32_t uidnext, size_t n)
{
	return n <= UINT32_MAX - uidnext;
}
#define STORE_INSERT_NO_UIDS "the mailbox has no UIDs left: move what is in it to a new one"
/* A msg row; counters of mailbox and user follow. */
void store_insert_copy(struct store_context *, const struct store_copy *);

/* A message nobody may point at any more: the reaper looks at it once `retain` is over. */
void store_insert_garbage(struct store_context *, int64_t message_id);

#endif
