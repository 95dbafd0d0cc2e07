/* The verbs that need no file of their own: RSET, NOOP, VRFY, EXPN, QUIT. */
#include "smtpd/smtpd_commands.h"
#include "smtpd/smtpd_reply.h"

enum smtpd_after smtpd_rset(struct smtpd_session *s, struct bytes arguments)
{
	(void)arguments;
	smtpd_session_end_transaction(s);
	return smtpd_reply(s, "250 2.0.0 Ok");
}

enum smtpd_after smtpd_noop(struct smtpd_session *s, struct bytes arguments)
{
	(void)arguments;
	return smtpd_reply(s, "250 2.0.0 Ok");
}

/* Always the same answer: a client may not list our users.  RFC 5321 3.5.3, 7.3. */
enum smtpd_after smtpd_vrfy(struct smtpd_session *s, struct bytes arguments)
{
	if (arguments.len == 0)
		return smtpd_command_bad_syntax(s, "VRFY");
	return smtpd_reply(s, "252 2.0.0 Cannot verify, but RCPT will tell");
}

enum smtpd_after smtpd_expn(struct smtpd_session *s, struct bytes arguments)
{
	(void)arguments;
	return smtpd_reply(s, "502 5.5.1 Lists are not shown");
}

enum smtpd_after smtpd_quit(struct smtpd_session *s, struct bytes arguments)
{
	(void)arguments;
	return smtpd_reply_close(s, "221 2.0.0 Bye");
}
