/* header: the fields of a header block, in order.  RFC 5322 2.2.  Any octets are accepted; writing fields is compose.h. */
#ifndef MESSAGE_HEADER_H
#define MESSAGE_HEADER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/bytes.h"

/* Slices of the block. */
struct header_field {
	struct bytes name;              /* without white space before the colon; empty: a line that is no field (mbox "From ", rubbish) */
	struct bytes value;             /* behind the colon, folds as written, without the last line end */
	struct bytes whole;             /* all its lines with their line ends: what a header list prints unchanged */
};

/*
 * Take the field at the front of *rest.  False at the empty line that ends the header (*rest then begins with it) or
 * at the end of the octets.  Lines end with CRLF or LF; folded lines belong to the field above.
 */
bool header_next(struct bytes *rest, struct header_field *);
/* The first field of that name (ASCII case ignored); false when there is none. */
bool header_find(struct bytes header, struct bytes name, struct header_field *);
/* How many fields have that name. */
size_t header_count(struct bytes header, struct bytes name);
/*
 * Append the value on one line: line ends of folds go, their white space stays, both ends are trimmed (RFC 5322 2.2.3).
 * A CR, LF or NUL that is left becomes a space.
 */
void header_unfold(struct bytes value, struct buffer *out);
/* Octets up to and with the empty line that ends the header; all of them when there is none. */
size_t header_length(struct bytes message);
/* The message-id at the front of *rest ("<...>" with its brackets), anything else is skipped; false when there is none left.  RFC 5322 3.6.4. */
bool header_next_id(struct bytes *rest, struct bytes *id);

#endif
