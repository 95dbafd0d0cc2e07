#include "smtpd/smtpd_policy.h"

#include "smtp/smtp_extension.h"

unsigned smtpd_policy_extensions(const struct smtpd_session *s)
{
	unsigned of_peers = s->verified_peer != NULL ? SMTP_XTRANSACTION : 0;

	return s->is_extended ? SMTP_PIPELINING | SMTP_SIZE | SMTP_8BITMIME | SMTP_ENHANCED | of_peers : 0;
}

bool smtpd_policy_may_relay(const struct smtpd_session *s)
{
	return smtpd_session_is_submission(s) && s->login.name != NULL;
}
