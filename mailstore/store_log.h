/*
 * store_log: the write-ahead log stays below 64 MiB under any mix of clients.  After 16 MiB a writer copies it into the file when its
 * turn is over, so that other processes need not wait for that; what they wrote meanwhile it copies at the beginning of its next turn,
 * and the log begins anew.  From 32 MiB on a batch waits a little for readers that are in the way; at 48 MiB it waits as long as
 * for its turn, and fails (TRY_LATER) when a reader stays.  A single transaction is the only thing that can pass the bound.
 */
#ifndef MAILSTORE_STORE_LOG_H
#define MAILSTORE_STORE_LOG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "mailstore/store_context.h"

/* After a batch of so many requests, outside the turnstile and when its clients have their answers. */
void store_log_copy(struct store_context *, size_t n_requests);
/* Before a batch, inside the turnstile.  False: no more may be written now. */
bool store_log_bound(struct store_context *, struct error *err);
/* When the store rests, outside the turnstile: begin the log anew, so that the next open has nothing to read. */
void store_log_rest(struct store_context *);

#endif
