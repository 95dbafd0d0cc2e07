/* imapd_copy: COPY and MOVE, by number and by UID.  RFC 9051 6.4.7, 6.4.8, 6.4.9; RFC 4315 3 (COPYUID), RFC 6851. */
#ifndef IMAPD_IMAPD_COPY_H
#define IMAPD_IMAPD_COPY_H

#include "imapd/imapd_session.h"

enum imapd_after imapd_copy(struct imapd_session *, struct bytes arguments);
enum imapd_after imapd_move(struct imapd_session *, struct bytes arguments);

#endif
