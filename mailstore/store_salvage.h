/*
 * store_salvage: what can be kept of damaged mail, inside a repair's transaction.  What belongs to nobody any more goes to the account
 * recovered@FIRST-DOMAIN, made when it is needed and disabled until it is given a password.
 */
#ifndef MAILSTORE_STORE_SALVAGE_H
#define MAILSTORE_STORE_SALVAGE_H

#include "base/buffer.h"
#include "mailstore/store_faults.h"

/* A mailbox whose user is gone: to that account, as "Recovered USER/NAME". */
store_fault_fn store_salvage_mailbox;
/* Messages whose mailbox (key) is gone: it is made again there. */
store_fault_fn store_salvage_messages;
/* Chunks whose message (key) has no row: the row is made again by reading them. */
store_fault_fn store_salvage_chunks;
/* A message of which nothing is there: its rows in mailboxes are expunged, in the queue removed. */
store_fault_fn store_salvage_lost;
/* A message some of whose chunks are gone or damaged: lines that say so stand in for them; in the queue it is held. */
store_fault_fn store_salvage_body;
/* A message in no mailbox and no queue: to the INBOX of that account. */
store_fault_fn store_salvage_orphan;

#define STORE_SALVAGE_MARK "mended "    /* of keys in meta: a message's id follows; the value says how often */
/* The row or octets of a message came or changed after later ones: the next backup looks at it. */
void store_salvage_mark(struct store_context *, int64_t message_id);

/* Exactly len octets of lines that say that something was here. */
void store_salvage_filler(struct buffer *out, size_t len);
/* Nobody sends on a message that is not what its sender wrote: what waits of it is held. */
void store_salvage_hold(struct store_context *, int64_t message_id);

#endif
