/* imap_fetch_items: what FETCH asks for.  RFC 9051 6.4.5, RFC 3501 6.4.5 (RFC822 forms, macros). */
#ifndef IMAP_IMAP_FETCH_ITEMS_H
#define IMAP_IMAP_FETCH_ITEMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/bytes.h"

#define IMAP_FETCH_ITEMS_MAX 256
#define IMAP_SECTION_DEPTH_MAX 128

enum imap_fetch_kind {
	IMAP_FETCH_FLAGS,
	IMAP_FETCH_UID,
	IMAP_FETCH_INTERNALDATE,
	IMAP_FETCH_SIZE,                /* RFC822.SIZE */
	IMAP_FETCH_ENVELOPE,
	IMAP_FETCH_BODY,                /* BODYSTRUCTURE without extension data */
	IMAP_FETCH_BODYSTRUCTURE,
	IMAP_FETCH_EMAIL_ID,            /* RFC 8474 */
	IMAP_FETCH_THREAD_ID,
	IMAP_FETCH_SECTION,             /* BODY[…], RFC822, RFC822.HEADER, RFC822.TEXT */
};

enum imap_section_text {
	IMAP_SECTION_ALL,               /* the message, or the body of the part */
	IMAP_SECTION_HEADER,
	IMAP_SECTION_FIELDS,            /* HEADER.FIELDS */
	IMAP_SECTION_FIELDS_NOT,
	IMAP_SECTION_TEXT,
	IMAP_SECTION_MIME,
};

struct imap_section {
	const uint32_t *path;           /* part numbers; n_path 0: the message itself */
	size_t n_path;
	enum imap_section_text text;
	const struct bytes *fields;     /* of FIELDS and FIELDS_NOT */
	size_t n_fields;
	bool is_peek;                   /* \Seen stays as it is */
	bool is_partial;                /* octets [offset, offset + count) only */
	uint64_t offset, count;         /* count >= 1 */
};

struct imap_fetch_item {
	enum imap_fetch_kind kind;
	struct imap_section section;
	struct bytes label;             /* how the response names it: "BODY[1.MIME]<0>" */
};

struct imap_fetch_items {
	struct imap_fetch_item *at;     /* in the arena */
	size_t n;
};

/* One item, a list in parentheses, or a macro (ALL, FAST, FULL), alone.  False: grammar; *rest untouched. */
bool imap_fetch_items_parse(struct bytes *rest, struct arena *, struct imap_fetch_items *);
bool imap_fetch_items_have(const struct imap_fetch_items *, enum imap_fetch_kind);

#endif
