/* imapd_search_text: the part of a SEARCH that asks for texts.  RFC 9051 6.4.4 (HEADER, BODY, TEXT and the keys that name a field). */
#ifndef IMAPD_IMAPD_SEARCH_TEXT_H
#define IMAPD_IMAPD_SEARCH_TEXT_H

#include "imap/imap_search_keys.h"
#include "imapd/imapd_session.h"

struct imapd_search_text {
	struct imap_search_key *all;            /* an AND */
	struct ranges *open;                    /* UIDs that are not decided; those that answer no are taken away */
	/* Every text is answered, for the UIDs still open; or err. */
	void (*then)(struct imapd_session *, const struct error *err);
	struct imap_search_key *child;          /* of all: whose texts are being looked for */
	struct imap_search_key **asked;         /* keys under way, in the order of the needles */
};

/*
 * One key of the AND after the other, so that each leaves fewer messages to the next; the texts of one key are looked for together.  The work lives in the
 * session's arena; the session's request is its request.
 */
void imapd_search_text_start(struct imapd_session *, struct imapd_search_text *);

#endif
