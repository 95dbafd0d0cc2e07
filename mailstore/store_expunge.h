/* store_expunge: removal inside a run. */
#ifndef MAILSTORE_STORE_EXPUNGE_H
#define MAILSTORE_STORE_EXPUNGE_H

#include <stdint.h>

#include "mailstore/store_context.h"

/* Every message of a user who goes: no tombstones, bodies to the reaper. */
void store_expunge_all(struct store_context *, int64_t user_id);

#endif
