/* imap_flag: message flags as text and as bits.  RFC 9051 2.3.2.  Bits 0-4 are those of the store; bits 8-62 are a mailbox's keywords. */
#ifndef IMAP_IMAP_FLAG_H
#define IMAP_IMAP_FLAG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/bytes.h"

#define IMAP_FLAG_SEEN     1u
#define IMAP_FLAG_ANSWERED 2u
#define IMAP_FLAG_FLAGGED  4u
#define IMAP_FLAG_DELETED  8u
#define IMAP_FLAG_DRAFT    16u
#define IMAP_FLAG_SYSTEM   31u          /* all five */
#define IMAP_FLAG_BITS     64

#define IMAP_KEYWORDS_MAX 64            /* in one list */
#define IMAP_KEYWORD_LEN_MAX 255

struct imap_flags {
	uint64_t bits;                  /* system flags */
	const char **keywords;          /* in the arena, first spelling kept */
	size_t n_keywords;
	bool recent;                    /* \Recent was listed: it cannot be set, RFC 3501 2.3.2 */
};

/* "\Seen" -> its bit; 0 when it is none of the five. */
uint64_t imap_flag_system(struct bytes name);
const char *imap_flag_name(unsigned bit);                       /* bit 0..4: "\\Seen" */

/* "(\Seen $Forwarded)", or the same without parentheses up to the end of the text.  False: grammar, an unknown \Flag, too many or too long; *rest untouched. */
bool imap_flags_parse(struct bytes *rest, struct arena *, struct imap_flags *);
/* "(\Seen work)"; names[bit] of keyword bits, NULL entries are left out. */
void imap_flags_format(struct buffer *, uint64_t bits, const char *const names[IMAP_FLAG_BITS], bool is_recent);

#endif
