/* imapd_expunge: EXPUNGE and UID EXPUNGE.  RFC 9051 6.4.3, RFC 4315 2.1. */
#ifndef IMAPD_IMAPD_EXPUNGE_H
#define IMAPD_IMAPD_EXPUNGE_H

#include "imapd/imapd_session.h"

enum imapd_after imapd_expunge(struct imapd_session *, struct bytes arguments);
enum imapd_after imapd_uid_expunge(struct imapd_session *, struct bytes arguments);

#endif
