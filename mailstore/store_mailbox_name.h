/* store_mailbox_name: what a mailbox may be called, and the levels of a name. */
#ifndef MAILSTORE_STORE_MAILBOX_NAME_H
#define MAILSTORE_STORE_MAILBOX_NAME_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/error.h"

#define STORE_MAILBOX_DELIMITER '/'

/* "inbox" is "INBOX", alone and as the first level; a slice of name, of the arena, or of a literal. */
struct bytes store_mailbox_name(struct bytes name, struct arena *);
bool store_mailbox_name_is_inbox(struct bytes name);
/* SYNTAX says what is wrong with it. */
bool store_mailbox_name_check(struct bytes name, struct error *err);
/* Is name a level of below, or equal to it? */
bool store_mailbox_name_holds(struct bytes name, struct bytes below);
/* Walk the levels above a name, topmost first: start with *at = 0.  False at the name itself. */
bool store_mailbox_name_next_level(struct bytes name, size_t *at, struct bytes *level);

#endif
