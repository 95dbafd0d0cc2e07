/* imapd_thread: THREAD and UID THREAD.  RFC 5256. */
#ifndef IMAPD_IMAPD_THREAD_H
#define IMAPD_IMAPD_THREAD_H

#include "imapd/imapd_session.h"

enum imapd_after imapd_thread(struct imapd_session *, struct bytes arguments);

#endif
