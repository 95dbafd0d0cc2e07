/* imapd_search: SEARCH and UID SEARCH.  RFC 9051 6.4.4, RFC 3501 6.4.4. */
#ifndef IMAPD_IMAPD_SEARCH_H
#define IMAPD_IMAPD_SEARCH_H

#include "imapd/imapd_session.h"

enum imapd_after imapd_search(struct imapd_session *, struct bytes arguments);

#endif
