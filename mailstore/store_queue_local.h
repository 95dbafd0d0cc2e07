/*
 * store_queue_local: copies for our own users that found their mailbox full beside others that were stored.  They wait in the queue
 * while the grace time runs (users.h); each claim of the queue tries those that are due, so that the relay never sees them but in the end, to
 * report.
 */
#ifndef MAILSTORE_STORE_QUEUE_LOCAL_H
#define MAILSTORE_STORE_QUEUE_LOCAL_H

#include <stdbool.h>

#include "mailstore/deliver.h"
#include "mailstore/store_context.h"

/* A recipient's row of such a copy. */
void store_queue_local_add(struct store_context *, const struct store_delivery *, const struct store_recipient *, const char *why);
/* What is due and fits goes into its mailbox, what may fit later waits on, the rest becomes a row to be reported, due now. */
void store_queue_local_run(struct store_context *);

#endif
