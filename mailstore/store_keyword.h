/* store_keyword: the flag bits 8 to 62 of a mailbox and their names, inside a run. */
#ifndef MAILSTORE_STORE_KEYWORD_H
#define MAILSTORE_STORE_KEYWORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mailstore/store_context.h"

/*
 * The bits of these names.  make: new names get the lowest free bits.  LIMIT, and nothing written, when there are not
 * enough; SYNTAX when a name is empty, too long or no atom.
 */
bool store_keyword_bits(struct store_context *, int64_t mailbox_id, const char *const *names, size_t n, bool make, uint64_t *bits, struct error *err);

#endif
