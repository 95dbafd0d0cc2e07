/* encoded_word: non-ASCII text in header fields.  RFC 2047. */
#ifndef MESSAGE_ENCODED_WORD_H
#define MESSAGE_ENCODED_WORD_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/bytes.h"

/*
 * Append unfolded header text as UTF-8.  White space between two encoded words goes (RFC 2047 6.2); what is not a well-formed
 * word stays as it is; raw 8-bit text is taken as UTF-8, else windows-1252.  The result may hold control characters: it is for a
 * parser or for an output that escapes.
 */
void encoded_word_decode(struct bytes text, struct buffer *out);
/* The same when the text holds nothing to decode: cheap test. */
bool encoded_word_is_needed(struct bytes text);
/*
 * Append UTF-8 text as encoded words of at most 75 octets with one space between, no character split over two words (RFC 2047 5),
 * valid also in a phrase.  Invalid UTF-8 becomes U+FFFD.
 */
void encoded_word_encode(struct bytes utf8, struct buffer *out);

#endif
