/* HELP teaches: what may be said now, how it is written, what comes next. */
#include "smtpd/smtpd_commands.h"
#include "smtpd/smtpd_reply.h"

static enum smtpd_after help_all(struct smtpd_session *s)
{
	struct buffer text = { 0 };

	buffer_add_text(&text, "214 2.0.0 You may say now:");
	for (const struct smtpd_command *c = smtpd_commands; c->verb != NULL; c++)
		if (smtpd_command_is_legal(c, s))
			buffer_printf(&text, "\n2.0.0   %s", c->syntax);
	buffer_add_text(&text, "\n2.0.0 HELP and a verb tells more");
	smtpd_reply(s, "%s", text.at);
	buffer_release(&text);
	return SMTPD_NEXT_LINE;
}

enum smtpd_after smtpd_help(struct smtpd_session *s, struct bytes arguments)
{
	const struct smtpd_command *c;

	if (arguments.len == 0)
		return help_all(s);
	c = smtpd_command_find(arguments);
	if (c == NULL)
		return smtpd_reply(s, "504 5.5.4 No such verb, HELP lists them");
	return smtpd_reply(s, "214 2.0.0 Syntax:  %s\n2.0.0 Example: %s\n2.0.0 Next:    %s\n2.0.0 See:     %s%s", c->syntax, c->example,
	                   c->next, c->rfc, smtpd_command_is_legal(c, s) ? "" : " (not legal now)");
}
