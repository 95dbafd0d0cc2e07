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

/*
 * The same for text that comes in pieces.  Zero-initialise; start, feed, finish, and it can be started again.  Where charset_to_utf8 guesses
 * by the whole text, each line is guessed by itself (by its first 4 KiB and what follows, when it is longer).
 */
struct charset_decoder {
	int kind;
	void *converter;
	bool keeps_ascii;
	struct buffer held;             /* the front of a character, or of a line */
};
void charset_decoder_start(struct charset_decoder *, struct bytes charset);
/* Append whole characters. */
void charset_decoder_feed(struct charset_decoder *, struct bytes text, struct buffer *out);
/* The rest; frees what it holds.  Legal without a start. */
void charset_decoder_finish(struct charset_decoder *, struct buffer *out);
/* Would ASCII octets come out as they are if they were fed now? */
bool charset_decoder_passes_ascii(const struct charset_decoder *);

#endif
