/*
 * mime_part: the part tree of a message as octet offsets, in memory and packed for the store.
 * Offsets count from the first octet of the message as stored (CRLF line ends).  RFC 2045, 2046; RFC 9051 7.5.2.
 */
#ifndef MESSAGE_MIME_PART_H
#define MESSAGE_MIME_PART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/bytes.h"

#define MIME_PARTS_MAX 10000            /* later parts stay inside their parent's body */
#define MIME_DEPTH_MAX 64

struct mime_parameter {
	struct bytes name, value;       /* as written but unquoted; RFC 2231 pieces are kept as they are */
};

struct mime_part {
	/* header of this part: [header_at, header_at + header_len), with the empty line that ends it */
	uint64_t header_at, header_len;
	/* body: the CRLF before an enclosing delimiter is not part of it (RFC 2046 5.1.1) */
	uint64_t body_at, body_len;
	uint64_t lines;                 /* line ends in the body */
	struct bytes type, subtype;     /* as written; "text" "plain" when absent or not parsable */
	const struct mime_parameter *parameters;
	size_t n_parameters;
	struct bytes id, description, encoding;         /* empty = not given; encoding "7bit" then */
	struct bytes md5, language, location;           /* language: the comma-separated list as written */
	struct bytes disposition;
	const struct mime_parameter *disposition_parameters;
	size_t n_disposition_parameters;
	bool is_multipart;              /* and it has at least one child */
	bool is_message;                /* message/rfc822: its one child is the root of the enclosed message */
	struct bytes envelope;          /* is_message: packed envelope of the enclosed message (summary.h) */
	uint32_t parent, first_child, next_sibling;     /* index in the tree's array; MIME_PART_NONE */
};

#define MIME_PART_NONE UINT32_MAX

struct mime_tree {
	struct mime_part *parts;        /* parts[0] is the root: the message itself */
	size_t n;
};

/* The packed form (begins with a version octet). */
void mime_tree_pack(const struct mime_tree *, struct buffer *out);
/* Slices borrow from packed; arrays live in the arena.  False when the blob is damaged. */
bool mime_tree_unpack(struct bytes packed, struct arena *, struct mime_tree *);

/*
 * The part an IMAP section number names ("1.2"): path[0..n) counted from 1; n 0 is the root.  RFC 9051 6.4.5.1: part 1 of a
 * non-multipart is itself; inside a message/rfc822 the numbers go on in its enclosed message.  NULL when there is none.
 */
const struct mime_part *mime_tree_find(const struct mime_tree *, const uint32_t *path, size_t n);

#endif
