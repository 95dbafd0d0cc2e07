/* store_mailbox: rows of mailboxes inside a run. */
#ifndef MAILSTORE_STORE_MAILBOX_H
#define MAILSTORE_STORE_MAILBOX_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "mailstore/mailboxes.h"
#include "mailstore/store_context.h"

/* msg.id and tomb.id: the mailbox above, the UID below. */
static inline int64_t store_row_id(int64_t mailbox_id, uint32_t uid)
{
	return mailbox_id << 32 | uid;
}

static inline uint32_t store_row_uid(int64_t id)
{
	return (uint32_t)(id & 0xffffffff);
}

/* False when there is none (or a statement failed).  Strings go to the arena. */
bool store_mailbox_load(struct store_context *, int64_t mailbox_id, struct arena *, struct store_mailbox *, uint32_t *first_recent_uid);
/* 0 = none. */
int64_t store_mailbox_find(struct store_context *, int64_t user_id, struct bytes name);
bool store_mailbox_is_known(struct store_context *, int64_t mailbox_id);
/* The modseq of a new change to it (one a request), hinted. */
uint64_t store_mailbox_next_modseq(struct store_context *, int64_t mailbox_id);
void store_mailbox_load_keywords(struct store_context *, int64_t mailbox_id, struct arena *, struct store_keywords *);

#endif
