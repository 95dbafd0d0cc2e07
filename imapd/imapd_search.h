/* imapd_search: SEARCH and UID SEARCH.  RFC 9051 6.4.4, RFC 3501 6.4.4. */
#ifndef IMAPD_IMAPD_SEARCH_H
#define IMAPD_IMAPD_SEARCH_H

#include "imapd/imapd_session.h"

struct ranges;

/* What a search is for: called once, answers what is next.  uids: of the view, borrowed until the command is answered. */
typedef enum imapd_after imapd_search_found_fn(struct imapd_session *, void *owner, const struct ranges *uids);
/*
 * "charset keys", as SORT and THREAD have it; what is wrong with them is answered here.  The session's work is the search's until
 * the command is answered.
 */
enum imapd_after imapd_search_start_in(struct imapd_session *, struct bytes charset_and_keys, imapd_search_found_fn *then, void *owner);

enum imapd_after imapd_search(struct imapd_session *, struct bytes arguments);

#endif
