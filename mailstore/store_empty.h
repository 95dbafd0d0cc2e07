/* store_empty: all messages and the queue of an ephemeral store gone at once; users, mailboxes and domains stay. */
#ifndef MAILSTORE_STORE_EMPTY_H
#define MAILSTORE_STORE_EMPTY_H

#include "mailstore/store_context.h"

/* Inside a write: expunge everything.  Tombstones and bodies stay, so that sessions are told as of any expunge. */
void store_empty_run(struct store_context *);
/* Inside a write, behind the other, when no session is there to be told: tombstones and bodies go too. */
void store_empty_forget(struct store_context *);

#endif
