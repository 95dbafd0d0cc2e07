/* imapd_select: SELECT, EXAMINE, CLOSE, UNSELECT.  RFC 9051 6.3.2, 6.3.3, 6.4.1, 6.4.2. */
#ifndef IMAPD_IMAPD_SELECT_H
#define IMAPD_IMAPD_SELECT_H

#include "imapd/imapd_session.h"

enum imapd_after imapd_select(struct imapd_session *, struct bytes arguments);
enum imapd_after imapd_examine(struct imapd_session *, struct bytes arguments);
enum imapd_after imapd_close(struct imapd_session *, struct bytes arguments);
enum imapd_after imapd_unselect(struct imapd_session *, struct bytes arguments);

/* A mailbox is selected, by EXAMINE. */
bool imapd_select_is_read_only(const struct imapd_session *);

#endif
