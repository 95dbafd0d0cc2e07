/* imapd_store: STORE and UID STORE.  RFC 9051 6.4.6. */
#ifndef IMAPD_IMAPD_STORE_H
#define IMAPD_IMAPD_STORE_H

#include "imapd/imapd_session.h"

enum imapd_after imapd_store(struct imapd_session *, struct bytes arguments);

#endif
