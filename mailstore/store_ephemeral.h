/*
 * store_ephemeral: a store for test benches, marked as one by the file EPHEMERAL in its folder.  Each daemon that uses it holds a
 * shared lock on that file: who finds no other lock there, at its start or at its end, wipes the store.
 */
#ifndef MAILSTORE_STORE_EPHEMERAL_H
#define MAILSTORE_STORE_EPHEMERAL_H

#include <stdbool.h>

#include "base/error.h"
#include "mailstore/store.h"

struct store;

/* For store_create: from now on this store may be wiped. */
bool store_ephemeral_mark(const char *data_dir, struct error *err);
/*
 * For store_open, before anything but the turnstile works: DENIED without the mark, so that a wrong line in a configuration
 * wipes no mail.  A daemon takes its lock, and wipes when it is the first.
 */
bool store_ephemeral_enter(struct store *, struct error *err);
/* For store_close, after everything but the turnstile has ended: give the lock up, and wipe when no other daemon is left. */
void store_ephemeral_leave(struct store *);

#endif
