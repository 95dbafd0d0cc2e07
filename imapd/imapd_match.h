/*
 * imapd_match: does a message answer SEARCH keys?  Three answers: what is not known of it (its row; the texts nobody looked for yet) leaves open
 * only what depends on it.  RFC 9051 6.4.4.
 */
#ifndef IMAPD_IMAPD_MATCH_H
#define IMAPD_IMAPD_MATCH_H

#include "imap/imap_search_keys.h"
#include "imapd/imapd_view.h"
#include "mailstore/messages.h"

enum imapd_truth { IMAPD_NO, IMAPD_YES, IMAPD_OPEN };

struct imapd_match {
	const struct imapd_view *view;
	int64_t now_s;
	/* the message */
	uint32_t uid;
	const struct store_message *message;    /* NULL = not known */
	bool has_sent_day;              /* imapd_match_read_date */
	int64_t sent_day;
};

/* For SENTBEFORE, SENTON and SENTSINCE, once a message, which has its envelope: the day its writer saw, whatever the zone. */
void imapd_match_read_date(struct imapd_match *);

enum imapd_truth imapd_match(const struct imapd_match *, const struct imap_search_key *);

#endif
