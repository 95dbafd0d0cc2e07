/* imapd_rename: RENAME of a mailbox and all below it.  RFC 9051 6.3.6. */
#ifndef IMAPD_IMAPD_RENAME_H
#define IMAPD_IMAPD_RENAME_H

#include "imapd/imapd_session.h"

enum imapd_after imapd_rename(struct imapd_session *, struct bytes arguments);

#endif
