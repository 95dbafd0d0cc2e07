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
/* The mailbox of that name goes, or gets another name: how high its UIDVALIDITY was is remembered. */
void store_mailbox_leave_name(struct store_context *, int64_t user_id, int64_t mailbox_id);
/* May a client have seen that name with a higher UIDVALIDITY?  Then a mailbox that gets it by RENAME needs a new one: RFC 9051 2.3.1.1. */
bool store_mailbox_name_was_higher(struct store_context *, int64_t user_id, struct bytes name, uint32_t uidvalidity);
/* The levels above the name that are no mailboxes become some.  LIMIT, and nothing made: with n_more others there would be too many. */
bool store_mailbox_make_levels(struct store_context *, int64_t user_id, struct bytes name, size_t n_more, struct error *err);
/* A mailbox and the levels above it.  Returns its id; 0, and nothing made: EXISTS, SYNTAX, DENIED, LIMIT, NOT_FOUND (the user). */
int64_t store_mailbox_make(struct store_context *, int64_t user_id, struct bytes name, unsigned special_use, struct error *err);

#endif
