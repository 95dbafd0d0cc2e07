/* imapd_fetch_octets: the BODY[…] sections of a FETCH.  RFC 9051 6.4.5.  At most 256 KiB of bodies are held at a time. */
#ifndef IMAPD_IMAPD_FETCH_OCTETS_H
#define IMAPD_IMAPD_FETCH_OCTETS_H

#include <stdbool.h>

#include "imap/imap_fetch_items.h"
#include "imapd/imapd_session.h"
#include "mailstore/messages.h"

struct imapd_fetch;

/* True: written to the session's output; false: octets are being read, and imapd_fetch_go_on will be called. */
bool imapd_fetch_write_section(struct imapd_session *, const struct store_message *, const struct imap_fetch_item *);
void imapd_fetch_release_ahead(struct imapd_fetch *);

#endif
