/* store_vacuum: pages that became free go back to the disk, a few at a time. */
#ifndef MAILSTORE_STORE_VACUUM_H
#define MAILSTORE_STORE_VACUUM_H

#include <stdbool.h>

#include "mailstore/store_context.h"

/* Inside a transaction.  Leaves 16 MiB of free pages: a busy store uses them again.  Always true: one part a call. */
bool store_vacuum_run(struct store_context *);

#endif
