/* smtpd_auth: the AUTH dialogue.  RFC 4954. */
#ifndef SMTPD_SMTPD_AUTH_H
#define SMTPD_SMTPD_AUTH_H

#include "base/buffer.h"
#include "smtpd/smtpd_session.h"

/* Append "\nAUTH …" when this client may authenticate now. */
void smtpd_auth_offer(const struct smtpd_session *, struct buffer *text);
/* The client's answer to a 334. */
enum smtpd_after smtpd_auth_line(struct smtpd_session *, struct bytes line);
/* Forget an exchange under way, if any. */
void smtpd_auth_abandon(struct smtpd_session *);
/* Forget that, and who the client is. */
void smtpd_auth_forget(struct smtpd_session *);

#endif
