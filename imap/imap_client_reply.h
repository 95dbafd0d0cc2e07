/* imap_client_reply: what a server says, taken apart.  RFC 9051 7.  A hostile server gets false, never a crash. */
#ifndef IMAP_IMAP_CLIENT_REPLY_H
#define IMAP_IMAP_CLIENT_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/ranges.h"
#include "imap/imap_flag.h"

enum imap_reply_kind {
	IMAP_REPLY_OK, IMAP_REPLY_NO, IMAP_REPLY_BAD, IMAP_REPLY_BYE, IMAP_REPLY_PREAUTH,
	IMAP_REPLY_CONTINUE,            /* "+" */
	IMAP_REPLY_CAPABILITY, IMAP_REPLY_LIST, IMAP_REPLY_STATUS, IMAP_REPLY_SEARCH, IMAP_REPLY_FLAGS,
	IMAP_REPLY_EXISTS, IMAP_REPLY_RECENT, IMAP_REPLY_EXPUNGE, IMAP_REPLY_FETCH,
	IMAP_REPLY_VANISHED,            /* RFC 7162 3.2.10 */
	IMAP_REPLY_OTHER,               /* an extension nobody asked for */
};

struct imap_reply {                     /* slices of the response's text */
	struct bytes tag;               /* empty: untagged or "+" */
	enum imap_reply_kind kind;
	uint32_t number;                /* EXISTS, RECENT, EXPUNGE, FETCH */
	struct bytes code, code_rest;   /* "UIDVALIDITY" and "3" of [UIDVALIDITY 3]; empty = none */
	struct bytes rest;              /* text behind the code, or the response's arguments */
};

/* One response as imap_token gives it.  False: it is none. */
bool imap_reply_parse(struct bytes text, struct imap_reply *);

struct imap_reply_list {
	struct bytes name;              /* as on the wire: imap_mailbox_name_decode */
	char delimiter;                 /* 0 = none */
	bool is_noselect;
	struct bytes special_use;       /* "\\Sent"; empty = none */
};
/* The arguments of a LIST response; what RFC 5258 appends is passed over. */
bool imap_reply_list(struct bytes rest, struct arena *, struct imap_reply_list *);

struct imap_reply_status {
	struct bytes name;              /* as on the wire */
	bool has_messages, has_unseen;
	uint32_t messages, unseen;
};
/* Items it does not know are passed over. */
bool imap_reply_status(struct bytes rest, struct arena *, struct imap_reply_status *);

/* The numbers of a SEARCH response; a MODSEQ behind them (RFC 7162 3.1.5) is passed over. */
bool imap_reply_search(struct bytes rest, struct ranges *add_to);
/* The UIDs of a VANISHED response; is_earlier: the answer to QRESYNC, not news. */
bool imap_reply_vanished(struct bytes rest, struct ranges *add_to, bool *is_earlier);

struct imap_reply_copied {              /* COPYUID of one message, RFC 4315 3 */
	uint32_t uidvalidity, uid;      /* in the folder it was copied to */
};
/* From an OK's code; false when it tells nothing, or of several messages. */
bool imap_reply_copied(const struct imap_reply *, struct imap_reply_copied *);

struct imap_reply_address {
	struct bytes name, mailbox, host;       /* raw; group marks are left out */
};
struct imap_reply_addresses {
	struct imap_reply_address *at;
	size_t n;
};
struct imap_reply_fetch {
	uint32_t uid;                   /* 0 = not told */
	bool has_flags, has_envelope, has_body;
	struct imap_flags flags;
	uint64_t size, modseq;
	bool has_internal_date;
	int64_t internal_date_s;
	struct {
		struct bytes date, subject, in_reply_to, message_id;
		struct imap_reply_addresses from, sender, reply_to, to, cc, bcc;
	} envelope;
	bool has_attachment;            /* BODYSTRUCTURE: some part says so */
	struct bytes body;              /* the octets of the one BODY[…] item */
};
/* The arguments of a FETCH; items it does not know are passed over. */
bool imap_reply_fetch(struct bytes rest, struct arena *, struct imap_reply_fetch *);

/* A number of a code's arguments: the n-th word (from 0); false when it is none. */
bool imap_reply_code_number(const struct imap_reply *, unsigned n, uint64_t *number);

#endif
