/* imapd_subscribe: SUBSCRIBE and UNSUBSCRIBE.  RFC 9051 6.3.7, 6.3.8.  A name need not exist. */
#ifndef IMAPD_IMAPD_SUBSCRIBE_H
#define IMAPD_IMAPD_SUBSCRIBE_H

#include "imapd/imapd_session.h"

enum imapd_after imapd_subscribe(struct imapd_session *, struct bytes arguments);
enum imapd_after imapd_unsubscribe(struct imapd_session *, struct bytes arguments);

#endif
