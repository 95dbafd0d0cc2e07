/* imapd_section: which octets of a stored message a BODY[…] section names, and the filtered header of HEADER.FIELDS.  RFC 9051 6.4.5.1. */
#ifndef IMAPD_IMAPD_SECTION_H
#define IMAPD_IMAPD_SECTION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "imap/imap_fetch_items.h"
#include "mailstore/messages.h"

#define IMAPD_HEADER_MAX (1024u * 1024) /* of a header, for HEADER.FIELDS: what is behind it is not looked at */

struct imapd_extent {
	uint64_t at, len;
};

/* store_message_scan fields that imapd_section_locate reads. */
unsigned imapd_section_fields(const struct imap_section *);
/* The section before its partial; for FIELDS the whole header.  False: the message has no such part.  arena: scratch. */
bool imapd_section_locate(const struct imap_section *, const struct store_message *, struct arena *, struct imapd_extent *);
/* Cut an extent to the section's partial. */
struct imapd_extent imapd_section_partial(const struct imap_section *, struct imapd_extent);
/* Append the fields that FIELDS or FIELDS_NOT keeps, in the message's order, and the empty line. */
void imapd_section_filter(const struct imap_section *, struct bytes header, struct buffer *out);

#endif
