/* imap_search_keys: what SEARCH asks for, as a tree.  RFC 9051 6.4.4, RFC 3501 6.4.4 (NEW, OLD, RECENT), RFC 5032 (OLDER, YOUNGER). */
#ifndef IMAP_IMAP_SEARCH_KEYS_H
#define IMAP_IMAP_SEARCH_KEYS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/ranges.h"

#define IMAP_SEARCH_DEPTH_MAX 500       /* NOT, OR and parentheses inside one another */

enum imap_search_kind {
	IMAP_SEARCH_AND,                /* children, all of them; none = ALL */
	IMAP_SEARCH_OR,                 /* two children */
	IMAP_SEARCH_NOT,                /* one child */
	IMAP_SEARCH_SET,                /* set: message numbers */
	IMAP_SEARCH_UID,                /* set: UIDs */
	IMAP_SEARCH_FLAG,               /* number: its bit is set */
	IMAP_SEARCH_NO_FLAG,
	IMAP_SEARCH_KEYWORD,            /* text */
	IMAP_SEARCH_NO_KEYWORD,
	IMAP_SEARCH_RECENT,
	IMAP_SEARCH_LARGER,             /* number: octets */
	IMAP_SEARCH_SMALLER,
	IMAP_SEARCH_BEFORE,             /* day; internal date */
	IMAP_SEARCH_ON,
	IMAP_SEARCH_SINCE,
	IMAP_SEARCH_SENT_BEFORE,        /* day; Date field */
	IMAP_SEARCH_SENT_ON,
	IMAP_SEARCH_SENT_SINCE,
	IMAP_SEARCH_OLDER,              /* number: seconds before now */
	IMAP_SEARCH_YOUNGER,
	IMAP_SEARCH_HEADER,             /* name, text: FROM, TO, CC, BCC, SUBJECT too */
	IMAP_SEARCH_BODY,               /* text */
	IMAP_SEARCH_TEXT,
	IMAP_SEARCH_EMAIL_ID,           /* number: of the object, 0 = none of ours; RFC 8474 6 */
	IMAP_SEARCH_THREAD_ID,
};

struct imap_search_key {
	enum imap_search_kind kind;
	struct imap_search_key *children, *next;
	uint64_t number;
	int64_t day;                    /* since 1 January 1970 */
	struct ranges set;              /* in the arena: never change or release it */
	struct bytes name, text;
	bool is_answered;               /* of HEADER, BODY, TEXT, false from the parser: set holds the UIDs that do */
};

/* What "*" stands for. */
struct imap_search_scope {
	uint32_t n_messages, last_uid;
};

/* What must be known of a message to decide. */
#define IMAP_SEARCH_NEEDS_ROW      1u   /* flags, internal date, size */
#define IMAP_SEARCH_NEEDS_ENVELOPE 2u   /* the row, and the Date field's day */
#define IMAP_SEARCH_NEEDS_TEXT     4u   /* HEADER, BODY, TEXT */

struct imap_search {
	struct imap_search_key *key;    /* an AND */
	unsigned needs;
};

enum imap_search_status { IMAP_SEARCH_OK, IMAP_SEARCH_SYNTAX, IMAP_SEARCH_CHARSET /* not US-ASCII or UTF-8 */ };

/* The whole of rest: [CHARSET x] and the keys.  Texts are taken as UTF-8. */
enum imap_search_status imap_search_parse(struct bytes rest, const struct imap_search_scope *, struct arena *, struct imap_search *);

/* HEADER, BODY, TEXT. */
bool imap_search_is_text(const struct imap_search_key *);

#endif
