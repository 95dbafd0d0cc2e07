/* imap_set: sequence sets, "1,3:5,9:*", as text and as ranges.  RFC 9051 9 (sequence-set). */
#ifndef IMAP_IMAP_SET_H
#define IMAP_IMAP_SET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/bytes.h"
#include "base/ranges.h"

/*
 * Take one set off the front of *rest.  star: what "*" stands for, the largest number in use; with 0 (nothing in use) "*" names
 * nothing and "n:*" names n.  "5:3" is "3:5", and "n:*" with n above star holds star.
 * The result lies in the arena: read it, copy it, never change or release it.  False: grammar, *rest untouched.
 */
bool imap_set_parse(struct bytes *rest, uint32_t star, struct arena *, struct ranges *);
/* "1:3,7"; nothing for an empty set. */
void imap_set_format(const struct ranges *, struct buffer *);

#endif
