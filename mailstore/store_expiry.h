/* store_expiry: messages older than their mailbox keeps them (mailbox.expire_after, counted from the save date) are expunged. */
#ifndef MAILSTORE_STORE_EXPIRY_H
#define MAILSTORE_STORE_EXPIRY_H

#include <stdbool.h>
#include <stdint.h>

#include "mailstore/store_context.h"

struct store_expiry_cursor {            /* of a round through the mailboxes */
	int64_t mailbox_id;             /* the last one that is done */
	int64_t next_round_s;
};

/*
 * Inside a transaction: a part of a round; true when it is over or the next one is not due (a round begins every ten
 * minutes).  Tombstones, counters, modseq and hints as for any expunge; at most 500 messages a part.
 */
bool store_expiry_run(struct store_context *);

#endif
