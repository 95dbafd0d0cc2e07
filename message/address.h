/* address: lists of mailboxes and groups as header fields hold them, obsolete forms included.  RFC 5322 3.4, 4.4. */
#ifndef MESSAGE_ADDRESS_H
#define MESSAGE_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/bytes.h"

enum address_kind {
	ADDRESS_MAILBOX,
	ADDRESS_GROUP_START,            /* local = the group's name */
	ADDRESS_GROUP_END,              /* all empty */
};

struct address {
	enum address_kind kind;
	struct bytes name;              /* display name, one space between words, quotes and escapes removed, not decoded; else the comment behind */
	struct bytes local, domain;     /* quotes, comments and source routes removed; domain empty when it was missing */
};

/* Walks a list.  Zero-initialise, then address_parser_start; the buffers are released by address_parser_release. */
struct address_parser {
	struct bytes rest;              /* field value, folds as written */
	bool in_group, quote_is_open;
	struct buffer name, comment, local, domain;
};

/* Begin with this value; a parser that walked another list before keeps its buffers. */
void address_parser_start(struct address_parser *, struct bytes value);
/*
 * The next element; false at the end.  Its slices live until the next call or release.  Nothing is an error: text that is no
 * address is skipped up to the next comma, except that one word alone is a local part without domain, several are a name alone.
 */
bool address_next(struct address_parser *, struct address *);
void address_parser_release(struct address_parser *);

/* The whole list at once, copied into the arena; at most max elements.  Returns how many. */
size_t address_list_parse(struct bytes value, struct arena *, size_t max, struct address **list);

/*
 * Append the mailbox as a header shows it: `name <local@domain>`, the name quoted where needed and RFC 2047 encoded when it
 * is not ASCII (give it decoded, as UTF-8).
 */
void address_format(const struct address *, struct buffer *out);
/* Append `local@domain`, the local part quoted where needed. */
void address_format_spec(const struct address *, struct buffer *out);
/* A usable mailbox for new mail: local part and domain present, no control octets, no white space in the domain. */
bool address_is_usable(const struct address *);

#endif
