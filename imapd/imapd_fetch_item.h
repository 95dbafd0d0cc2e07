/* imapd_fetch_item: an item of FETCH that the message's row answers.  RFC 9051 7.5.2. */
#ifndef IMAPD_IMAPD_FETCH_ITEM_H
#define IMAPD_IMAPD_FETCH_ITEM_H

#include "imap/imap_fetch_items.h"
#include "imapd/imapd_session.h"
#include "mailstore/messages.h"

/* Name and value to the session's output; any item but a section. */
void imapd_fetch_write_item(struct imapd_session *, const struct store_message *, const struct imap_fetch_item *);
/* FLAGS, with \Seen when this command set it. */
void imapd_fetch_write_flags(struct imapd_session *, const struct store_message *);

#endif
