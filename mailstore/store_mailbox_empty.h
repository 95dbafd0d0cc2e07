/* store_mailbox_empty: the messages of a mailbox that goes, a part of them in each transaction. */
#ifndef MAILSTORE_STORE_MAILBOX_EMPTY_H
#define MAILSTORE_STORE_MAILBOX_EMPTY_H

#include <stdbool.h>
#include <stdint.h>

#include "mailstore/store_context.h"

/*
 * Remove the next messages and tombstones, counted, bodies to the reaper; no tombstones are made.  True: nothing is left in it.
 * The modseq rises even when there was nothing to remove.
 */
bool store_mailbox_empty_part(struct store_context *, int64_t user_id, int64_t mailbox_id);

#endif
