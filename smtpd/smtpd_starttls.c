/* STARTTLS: the same connection, encrypted from here on.  RFC 3207. */
#include "smtpd/smtpd_auth.h"
#include "smtpd/smtpd_commands.h"
#include "smtpd/smtpd_reply.h"

enum smtpd_after smtpd_starttls(struct smtpd_session *s, struct bytes arguments)
{
	(void)arguments;
	if (s->listen->tls != SERVICE_TLS_STARTTLS || s->generation->tls == NULL)
		return smtpd_reply(s, "454 4.7.0 TLS is not available here");
	smtpd_reply(s, "220 2.0.0 Ready to start TLS");
	/* Nothing the client said in clear counts any more. */
	smtpd_session_end_transaction(s);
	s->state = SMTPD_CONNECTED;
	s->hello[0] = '\0';
	smtpd_auth_forget(s);
	net_stream_start_tls_server(s->stream, s->listen->service == SERVICE_SMTP ? s->generation->tls_asking : s->generation->tls);
	return SMTPD_NEXT_LINE;
}
