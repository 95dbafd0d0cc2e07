/* imapd_idle: IDLE (RFC 2177): the session tells what happens until DONE. */
#ifndef IMAPD_IMAPD_IDLE_H
#define IMAPD_IMAPD_IDLE_H

#include "imapd/imapd_session.h"

enum imapd_after imapd_idle(struct imapd_session *, struct bytes arguments);
/* The mailbox may have changed: tells it when the session is idling, else nothing. */
void imapd_idle_wake(struct imapd_session *);

#endif
