/* preview: the text a person reads first, and the decoded text of one part. */
#ifndef MESSAGE_PREVIEW_H
#define MESSAGE_PREVIEW_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/bytes.h"
#include "message/mime_part.h"

/*
 * Append the text of a part as UTF-8 with LF line ends: body holds the part's body octets (as fetched, or cut from the message with
 * body_at and body_len).  At most max octets of text are appended (never half a character).  Control characters stay: the output escapes them.
 * False when the transfer encoding or charset was unknown or damaged (the text is then as good as it gets).
 */
bool preview_part_text(const struct mime_part *, struct bytes body, size_t max, struct buffer *out);
/*
 * Scan a whole message in memory and append the text of the part to show: the first text/plain that is no attachment, else the first
 * text/html (the caller strips it), else another text part.  False when the message has no text.  is_html may be NULL.
 */
bool preview_message_text(struct bytes message, size_t max, struct buffer *out, bool *is_html);

#endif
