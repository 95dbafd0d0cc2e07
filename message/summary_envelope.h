/* summary_envelope: the fields of a header that an ENVELOPE, sort keys and the loop guard are made of, found in one pass. */
#ifndef MESSAGE_SUMMARY_ENVELOPE_H
#define MESSAGE_SUMMARY_ENVELOPE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/bytes.h"

enum summary_field {
	SUMMARY_DATE, SUMMARY_SUBJECT, SUMMARY_IN_REPLY_TO, SUMMARY_MESSAGE_ID,
	SUMMARY_FROM, SUMMARY_SENDER, SUMMARY_REPLY_TO, SUMMARY_TO, SUMMARY_CC, SUMMARY_BCC,
	SUMMARY_REFERENCES,
	SUMMARY_FIELDS
};

/* Raw values, borrowed from the header; at is NULL when a field is missing. */
struct summary_fields {
	struct bytes first[SUMMARY_FIELDS];     /* the first field of each name */
	bool is_repeated[SUMMARY_FIELDS];       /* To, Cc, Bcc come again: their lists are joined (RFC 5322 4.5.3) */
	size_t n_received;
	struct bytes header;
};

void summary_fields_find(struct bytes header, struct summary_fields *);
/* What summary_envelope_pack writes. */
void summary_fields_pack(const struct summary_fields *, struct buffer *out);

#endif
