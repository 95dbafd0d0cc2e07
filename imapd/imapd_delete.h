/* imapd_delete: DELETE of a mailbox.  RFC 9051 6.3.5. */
#ifndef IMAPD_IMAPD_DELETE_H
#define IMAPD_IMAPD_DELETE_H

#include "imapd/imapd_session.h"

enum imapd_after imapd_delete(struct imapd_session *, struct bytes arguments);

#endif
