/* search: which messages hold a text.  IMAP SEARCH's HEADER, BODY and TEXT (RFC 9051 6.4.4). */
#ifndef MAILSTORE_SEARCH_H
#define MAILSTORE_SEARCH_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/ranges.h"
#include "mailstore/store.h"

enum store_needle_place {
	STORE_IN_FIELD,                 /* the fields of that name of the message's header; an empty text finds any that has one */
	STORE_IN_BODY,                  /* the text of its parts, those of enclosed messages too */
	STORE_IN_TEXT,                  /* that, and every header: the message's, of parts, of enclosed messages */
};
struct store_needle {
	enum store_needle_place place;
	struct bytes field;             /* STORE_IN_FIELD: its name */
	struct bytes text;              /* UTF-8 in any case; an empty one is in every message */
};
#define STORE_NEEDLES_MAX 64

/* found[i]: the UIDs of uids that hold needle i; borrowed.  n is that of the request. */
typedef void store_search_fn(void *owner, const struct error *err, const struct ranges *found, size_t n);
/*
 * Substrings of decoded text (transfer encoding, character set, RFC 2047), without case (Unicode case folding).  From, Sender, Reply-To, To, Cc, Bcc,
 * Subject, Date, In-Reply-To and Message-ID are looked up in what the store keeps of them: an address reads `name <local@domain>`.
 * Messages expunged less than `retain` ago are searched too.  Runs in slices of about 10 ms, behind requests that are shorter; store_request_forget ends
 * it after the slice under way.  NOT_FOUND: no such mailbox; LIMIT: more than STORE_NEEDLES_MAX needles.
 */
struct store_request *store_search(struct store_client *, int64_t mailbox_id, const struct ranges *uids, const struct store_needle *needles, size_t n,
                                   store_search_fn *, void *owner);

#endif
