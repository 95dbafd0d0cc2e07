/* imapd_fetch: FETCH and UID FETCH.  RFC 9051 6.4.5, 7.5.2.  One batch of rows and at most 256 KiB of a body are held at a time. */
#ifndef IMAPD_IMAPD_FETCH_H
#define IMAPD_IMAPD_FETCH_H

#include "imapd/imapd_session.h"

enum imapd_after imapd_fetch(struct imapd_session *, struct bytes arguments);

#endif
