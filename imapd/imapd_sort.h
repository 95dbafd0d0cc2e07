/* imapd_sort: SORT and UID SORT.  RFC 5256, RFC 5957. */
#ifndef IMAPD_IMAPD_SORT_H
#define IMAPD_IMAPD_SORT_H

#include "imapd/imapd_session.h"

enum imapd_after imapd_sort(struct imapd_session *, struct bytes arguments);

#endif
