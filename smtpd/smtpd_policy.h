/* smtpd_policy: who may do what here. */
#ifndef SMTPD_SMTPD_POLICY_H
#define SMTPD_SMTPD_POLICY_H

#include "smtpd/smtpd_session.h"

/* SMTP_ bits of smtp/smtp_extension.h announced to this client. */
unsigned smtpd_policy_extensions(const struct smtpd_session *);
/* Mail for other servers is taken from authenticated users only. */
bool smtpd_policy_may_relay(const struct smtpd_session *);

#endif
