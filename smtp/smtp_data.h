/*
 * smtp_data: the octets between DATA and the final dot: dot-stuffing and its end, both ways.  RFC 5321 4.5.2.
 * Only CRLF . CRLF ends data, where the first CRLF may be the one that ended the DATA command.
 */
#ifndef SMTP_SMTP_DATA_H
#define SMTP_SMTP_DATA_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/bytes.h"

/* What is wrong with the octets: the message must be refused (550 5.5.2). */
#define SMTP_DATA_BARE_CR 1u
#define SMTP_DATA_BARE_LF 2u
#define SMTP_DATA_NUL     4u

struct smtp_data_decoder {              /* zero-initialise at each DATA */
	unsigned char state;
	unsigned flaws;                 /* SMTP_DATA_ bits seen so far */
};

enum smtp_data_status { SMTP_DATA_MORE, SMTP_DATA_END };

/*
 * Decode from the front of in.  *used counts the octets read, always > 0 unless in is empty, and *content is what they
 * stand for: a slice of in, or of a constant, possibly empty.  MORE: call again with the rest (content comes in
 * several slices wherever a stuffed dot was removed); with in used up, when more has arrived.  END: the final dot and
 * its CRLF were read; what follows in `in` are commands.  The CRLF before the dot is content.  After a flaw the decoder goes on in step,
 * so that the end is found; the content is then worthless.
 */
enum smtp_data_status smtp_data_decode(struct smtp_data_decoder *, struct bytes in, size_t *used, struct bytes *content);

struct smtp_data_checker {              /* zero-initialise: octets that are counted instead of dotted (BDAT) */
	bool is_after_cr;
	unsigned flaws;                 /* SMTP_DATA_ bits seen so far */
};

/* Look at the next octets; a CR at their end is judged by what follows. */
void smtp_data_check(struct smtp_data_checker *, struct bytes in);
void smtp_data_check_end(struct smtp_data_checker *);

struct smtp_data_encoder {              /* zero-initialise at each message */
	unsigned char state;
	unsigned flaws;
};

/* Append the stuffed form.  False: a bare CR, bare LF or NUL (see flaws): this message cannot be sent. */
bool smtp_data_encode(struct smtp_data_encoder *, struct bytes in, struct buffer *out);
/* Append the end: a CRLF if the last line lacks one, then ". CRLF".  False: the message ended in a bare CR. */
bool smtp_data_encode_end(struct smtp_data_encoder *, struct buffer *out);

#endif
