/* imapd_status: STATUS, and its line for LIST.  RFC 9051 6.3.11, RFC 3501 6.3.10 (RECENT), RFC 8438 (SIZE), RFC 5819. */
#ifndef IMAPD_IMAPD_STATUS_H
#define IMAPD_IMAPD_STATUS_H

#include "imapd/imapd_session.h"
#include "mailstore/mailboxes.h"

#define IMAPD_STATUS_ITEMS 8

struct imapd_status_items {
	unsigned char asked[IMAPD_STATUS_ITEMS];        /* in their order */
	size_t n;
};

enum imapd_after imapd_status(struct imapd_session *, struct bytes arguments);

/* "(MESSAGES UIDNEXT)" off the front of *rest. */
bool imapd_status_take_items(struct bytes *rest, struct imapd_status_items *);
/* "* STATUS name (MESSAGES 3 …)" */
void imapd_status_write(struct imapd_session *, const struct store_mailbox *, const struct imapd_status_items *);

#endif
