/* mua_parts: the parts of a fetched message, as a person names them: by IMAP section ("1.2") and file name. */
#ifndef MUA_MUA_PARTS_H
#define MUA_MUA_PARTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/bytes.h"
#include "message/mime_scan.h"

struct mua_part {
	const struct mime_part *part;
	const char *section;            /* "2.1" */
	const char *name;               /* file name, decoded but not made safe; "" = none */
	bool is_attachment;             /* says so, or has a file name */
};

struct mua_parts {
	struct bytes message;           /* borrowed */
	struct mime_scan *scan;
	const struct mime_tree *tree;
	struct arena arena;
	struct mua_part *at;            /* all but multiparts, in order; an enclosed message is one part */
	size_t n;
};

void mua_parts_open(struct mua_parts *, struct bytes message);
void mua_parts_close(struct mua_parts *);

/* The part of that section, enclosed messages' parts too; false when there is none. */
bool mua_parts_find(struct mua_parts *, const char *section, struct mua_part *);
/* Its octets as in the message. */
struct bytes mua_parts_body(const struct mua_parts *, const struct mua_part *);
/* Append them with the transfer encoding undone. */
void mua_parts_decode(const struct mua_parts *, const struct mua_part *, struct buffer *out);

#endif
