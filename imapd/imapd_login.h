/* imapd_login: who is there: LOGIN, AUTHENTICATE, STARTTLS before them, LOGOUT after.  RFC 9051 6.2, 6.1.3; RFC 4959 (SASL-IR); RFC 5530. */
#ifndef IMAPD_IMAPD_LOGIN_H
#define IMAPD_IMAPD_LOGIN_H

#include "imapd/imapd_session.h"

enum imapd_after imapd_login(struct imapd_session *, struct bytes arguments);
enum imapd_after imapd_authenticate(struct imapd_session *, struct bytes arguments);
enum imapd_after imapd_starttls(struct imapd_session *, struct bytes arguments);
enum imapd_after imapd_logout(struct imapd_session *, struct bytes arguments);

#endif
