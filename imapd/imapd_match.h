/* imapd_match: does a message answer a SEARCH key?  Text compares as substrings of decoded text, case folded.  RFC 9051 6.4.4. */
#ifndef IMAPD_IMAPD_MATCH_H
#define IMAPD_IMAPD_MATCH_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "imap/imap_search_keys.h"
#include "imapd/imapd_view.h"
#include "mailstore/messages.h"

struct imapd_match {
	const struct imapd_view *view;
	int64_t now_s;
	struct arena *scratch;
	/* the message */
	const struct store_message *message;
	uint32_t number;
	struct bytes header;            /* of the message; only for keys that need it */
};

/* Fold the texts of all keys, once, before matching. */
void imapd_match_prepare(struct imap_search_key *, struct arena *);
bool imapd_match(const struct imapd_match *, const struct imap_search_key *);

#endif
