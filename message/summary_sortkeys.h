/* summary_sortkeys: makes the keys of summary.h from the fields of a header.  RFC 5256, RFC 5957. */
#ifndef MESSAGE_SUMMARY_SORTKEYS_H
#define MESSAGE_SUMMARY_SORTKEYS_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/bytes.h"
#include "message/summary_envelope.h"

/* Append what summary_sortkeys_unpack reads. */
void summary_sortkeys_pack(const struct summary_fields *, struct buffer *out);
/* The base subject of decoded, unfolded text (RFC 5256 2.1), not yet case-folded; true when it named a reply or forward. */
bool summary_base_subject(struct bytes utf8, struct buffer *out);

#endif
