/* imapd_create: CREATE, with the special use of RFC 6154 3.  RFC 9051 6.3.4. */
#ifndef IMAPD_IMAPD_CREATE_H
#define IMAPD_IMAPD_CREATE_H

#include "imapd/imapd_session.h"

enum imapd_after imapd_create(struct imapd_session *, struct bytes arguments);

#endif
