/* summary_match: does an envelope fit a short query, `from:alice subject:"two words"`? */
#ifndef MESSAGE_SUMMARY_MATCH_H
#define MESSAGE_SUMMARY_MATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/bytes.h"
#include "base/error.h"
#include "message/summary.h"

#define SUMMARY_MATCH_TERMS 16

struct summary_match {                  /* zero-initialise: fits everything */
	struct arena arena;
	struct summary_match_term {
		int field;
		struct bytes wanted;    /* case folded */
	} terms[SUMMARY_MATCH_TERMS];
	size_t n;
};

/*
 * query = *( SP field ":" ( word / DQUOTE text DQUOTE ) ), field = from / to / cc / subject / message-id; in quotes \ takes the next octet
 * as it is.  SYNTAX: what is wrong.  Release in any case.
 */
bool summary_match_parse(struct summary_match *, struct bytes query, struct error *err);
void summary_match_release(struct summary_match *);
/* All terms: part of the field, RFC 2047 words decoded, without case.  An address is `name <local@domain>`. */
bool summary_match_fits(const struct summary_match *, const struct summary_envelope *);

/* The two tests behind it; wanted is case folded (text_fold), empty fits any field that is there. */
bool summary_match_text(struct bytes raw, struct bytes wanted);
bool summary_match_address(struct summary_addresses, struct bytes wanted);
/* What they look into: decoded and folded; `name <local@domain>`, which is then raw text. */
void summary_match_fold(struct bytes raw, struct buffer *out);
void summary_match_write_address(const struct summary_address *, struct buffer *out);

#endif
