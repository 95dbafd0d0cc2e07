/* imap_mailbox_name: modified UTF-7 (RFC 3501 5.1.3) to UTF-8 and back, and LIST's wildcards.  Levels are separated by '/'. */
#ifndef IMAP_IMAP_MAILBOX_NAME_H
#define IMAP_IMAP_MAILBOX_NAME_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/bytes.h"

#define IMAP_DELIMITER '/'
#define IMAP_PATTERN_MAX 1000           /* octets of a LIST pattern */

/* Append the name as UTF-8.  False, out as before: 8-bit octets, bad base64, lone surrogates, printable ASCII in base64, needless shifts. */
bool imap_mailbox_name_decode(struct bytes utf7, struct buffer *out);
/* Append UTF-8 as modified UTF-7; an octet that is not UTF-8 becomes U+FFFD. */
void imap_mailbox_name_encode(struct bytes utf8, struct buffer *out);

/* "*" any octets, "%" any but the delimiter; INBOX at the front (whole, or a level) compares without case.  Both UTF-8. */
bool imap_mailbox_name_match(struct bytes pattern, struct bytes name);

#endif
