/* imap_envelope: the ENVELOPE of a message from its packed summary.  RFC 9051 7.5.2. */
#ifndef IMAP_IMAP_ENVELOPE_H
#define IMAP_IMAP_ENVELOPE_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/bytes.h"

/* Append "(date subject from sender …)".  Sender and Reply-To default to From.  False (out as before): the packed form is damaged.  arena: scratch. */
bool imap_envelope_format(struct bytes packed, struct arena *, struct buffer *out);

#endif
