/* imapd_list: LIST and LSUB.  RFC 9051 6.3.9, RFC 3501 6.3.9, RFC 3348 (CHILDREN), RFC 5258 (LIST-EXTENDED), RFC 5819 (LIST-STATUS), RFC 6154 (SPECIAL-USE). */
#ifndef IMAPD_IMAPD_LIST_H
#define IMAPD_IMAPD_LIST_H

#include "imapd/imapd_session.h"

enum imapd_after imapd_list(struct imapd_session *, struct bytes arguments);
enum imapd_after imapd_lsub(struct imapd_session *, struct bytes arguments);

#endif
