/* charset: text of any declared character set to UTF-8. */
#ifndef MESSAGE_CHARSET_H
#define MESSAGE_CHARSET_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/bytes.h"

/*
 * Append text as well-formed UTF-8 without NUL (it becomes U+FFFD, as does every sequence that does not decode).  charset: a MIME name;
 * empty, unknown, or us-ascii with 8-bit octets: UTF-8 when it is valid UTF-8, else windows-1252.  True when the declared name was
 * known and nothing had to be replaced.
 */
bool charset_to_utf8(struct bytes charset, struct bytes text, struct buffer *out);
/* As if no charset were declared. */
void charset_guess_to_utf8(struct bytes text, struct buffer *out);
/*
 * Load the converters that mail uses, once per process, before a sandbox closes the file system; they stay loaded.
 * Without it a charset whose converter cannot be loaded any more counts as unknown.
 */
void charset_prepare(void);

#endif
