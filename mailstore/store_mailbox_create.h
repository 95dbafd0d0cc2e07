/* store_mailbox_create: new mailboxes inside a run. */
#ifndef MAILSTORE_STORE_MAILBOX_CREATE_H
#define MAILSTORE_STORE_MAILBOX_CREATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"
#include "mailstore/store_context.h"

/* A UIDVALIDITY the user never had. */
uint32_t store_mailbox_take_uidvalidity(struct store_context *, int64_t user_id);
/* The levels above the name that are no mailboxes become some.  LIMIT, and nothing made: with n_more others there would be too many. */
bool store_mailbox_make_levels(struct store_context *, int64_t user_id, struct bytes name, size_t n_more, struct error *err);
/* A mailbox and the levels above it.  Returns its id; 0, and nothing made: EXISTS, SYNTAX, DENIED, LIMIT, NOT_FOUND (the user). */
int64_t store_mailbox_make(struct store_context *, int64_t user_id, struct bytes name, unsigned special_use, struct error *err);

#endif
