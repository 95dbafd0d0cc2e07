/* imapd_status: STATUS.  RFC 9051 6.3.11, RFC 3501 6.3.10 (RECENT), RFC 8438 (SIZE). */
#ifndef IMAPD_IMAPD_STATUS_H
#define IMAPD_IMAPD_STATUS_H

#include "imapd/imapd_session.h"

enum imapd_after imapd_status(struct imapd_session *, struct bytes arguments);

#endif
