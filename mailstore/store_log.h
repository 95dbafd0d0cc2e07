/*
 * store_log: the write-ahead log stays below 64 MiB under any mix of clients.  SQLite empties it after 16 MiB when no reader is in
 * the way; from 24 MiB on a batch waits a little for the readers, so that the log begins anew; at 48 MiB it waits as long as
 * for its turn, and fails (TRY_LATER) when a reader stays.  A single transaction is the only thing that can pass the bound.
 */
#ifndef MAILSTORE_STORE_LOG_H
#define MAILSTORE_STORE_LOG_H

#include <stdbool.h>

#include "base/error.h"
#include "mailstore/store_context.h"

/* Before a batch, inside the turnstile.  False: no more may be written now. */
bool store_log_bound(struct store_context *, struct error *err);
/* When the store rests, outside the turnstile: begin the log anew, so that the next open has nothing to read. */
void store_log_rest(struct store_context *);

#endif
