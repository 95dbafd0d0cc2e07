/* transfer_encoding: base64 and quoted-printable, decoded piece by piece, and encoded.  RFC 2045 6. */
#ifndef MESSAGE_TRANSFER_ENCODING_H
#define MESSAGE_TRANSFER_ENCODING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/bytes.h"

enum transfer_encoding {
	TRANSFER_IDENTITY,              /* 7bit, 8bit, binary and no name at all */
	TRANSFER_BASE64,
	TRANSFER_QUOTED_PRINTABLE,
	TRANSFER_UNKNOWN,               /* decoded like IDENTITY; IMAP BINARY answers UNKNOWN-CTE */
};

enum transfer_encoding transfer_encoding_parse(struct bytes name);

/* Zero-initialise and set encoding. */
struct transfer_decoder {
	enum transfer_encoding encoding;
	bool is_damaged;                /* something was not as the encoding demands; decoded as well as it could be */
	uint32_t bits;                  /* base64: sextets not yet given out */
	unsigned n_bits;
	bool ended;                     /* base64: padding seen */
	uint8_t n_held;                 /* quoted-printable: octets held back from the last piece */
	char held[3];
	struct buffer spaces;           /* quoted-printable: white space that is dropped at a line's end */
};

/* Append what these octets decode to. */
void transfer_decoder_feed(struct transfer_decoder *, struct bytes, struct buffer *out);
/* The rest, and free what the decoder holds; it can be used for another body then. */
void transfer_decoder_finish(struct transfer_decoder *, struct buffer *out);
/* All at once. */
bool transfer_decode(enum transfer_encoding, struct bytes, struct buffer *out);

/* Lines of 76 characters with CRLF behind each. */
void transfer_encode_base64(struct bytes, struct buffer *out);
/* Text with CRLF (or LF) line ends, which stay line ends and are written as CRLF; lines of at most 76 characters; "From " and "." at a line's front are escaped. */
void transfer_encode_quoted_printable(struct bytes, struct buffer *out);

#endif
