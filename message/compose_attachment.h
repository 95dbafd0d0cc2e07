/* compose_attachment: files as parts of a letter.  RFC 2045, 2046, 2183, 2231. */
#ifndef MESSAGE_COMPOSE_ATTACHMENT_H
#define MESSAGE_COMPOSE_ATTACHMENT_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/error.h"

struct compose_attachment {
	const char *name;               /* the file's name without folders; UTF-8 */
	struct bytes content;
};

/*
 * Append the part: Content-Type by the name's extension (application/octet-stream when it is not known), Content-Disposition with the name,
 * base64.  A name that is long or not ASCII is written by RFC 2231.  SYNTAX, and nothing appended: the name is empty or holds a control.
 */
bool compose_attachment_write(const struct compose_attachment *, struct buffer *out, struct error *err);

#endif
