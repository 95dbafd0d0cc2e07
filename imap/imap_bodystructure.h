/* imap_bodystructure: BODY and BODYSTRUCTURE of a message from its packed part tree.  RFC 9051 7.5.2. */
#ifndef IMAP_IMAP_BODYSTRUCTURE_H
#define IMAP_IMAP_BODYSTRUCTURE_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/bytes.h"

/* Append the structure; is_extended: with extension data (BODYSTRUCTURE).  False (out as before): the packed form is damaged.  arena: scratch. */
bool imap_bodystructure_format(struct bytes packed, bool is_extended, struct arena *, struct buffer *out);

#endif
