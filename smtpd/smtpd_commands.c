#include "smtpd/smtpd_commands.h"

#include "smtpd/smtpd_bdat.h"
#include "smtpd/smtpd_reply.h"

#define IN(state)  (1u << (state))
#define ANY_STATE  (~0u)
#define READY      (IN(SMTPD_GREETED))
#define OPEN       (IN(SMTPD_MAIL) | IN(SMTPD_RCPT) | IN(SMTPD_REFUSED))
#define NAMED      (IN(SMTPD_RCPT) | IN(SMTPD_REFUSED))

const struct smtpd_command smtpd_commands[] = {
	{ "EHLO", "EHLO domain", ANY_STATE, SMTPD_NOT_LMTP | SMTPD_IS_IDLE, smtpd_ehlo, "RFC 5321 4.1.1.1",
	  "EHLO client.example", "MAIL, or on a submission port STARTTLS and AUTH" },
	{ "HELO", "HELO domain", ANY_STATE, SMTPD_NOT_LMTP | SMTPD_IS_IDLE, smtpd_helo, "RFC 5321 4.1.1.1",
	  "HELO client.example", "MAIL; EHLO tells more" },
	{ "LHLO", "LHLO domain", ANY_STATE, SMTPD_ONLY_LMTP | SMTPD_IS_IDLE, smtpd_lhlo, "RFC 2033 4.1",
	  "LHLO client.example", "MAIL" },
	{ "STARTTLS", "STARTTLS", READY | OPEN | IN(SMTPD_CHUNKS), SMTPD_ENDS_GROUP | SMTPD_AFTER_SLOTS | SMTPD_NO_ARGUMENT | SMTPD_IN_CLEAR, smtpd_starttls, "RFC 3207",
	  "STARTTLS", "the TLS handshake, then EHLO again" },
	{ "AUTH", "AUTH mechanism [initial-response]", READY, SMTPD_ENDS_GROUP | SMTPD_AFTER_SLOTS | SMTPD_ONLY_SUBMISSION | SMTPD_BEFORE_AUTH, smtpd_auth,
	  "RFC 4954", "AUTH PLAIN AGFsaWNlQGEudGVzdABzZWNyZXQ=", "MAIL" },
	{ "MAIL", "MAIL FROM:<address> [SIZE=octets] [BODY=7BIT|8BITMIME]", READY, SMTPD_NEEDS_AUTH, smtpd_mail, "RFC 5321 4.1.1.2",
	  "MAIL FROM:<alice@a.test> SIZE=900", "RCPT, once for each recipient" },
	{ "RCPT", "RCPT TO:<address>", OPEN, SMTPD_NEEDS_AUTH, smtpd_rcpt, "RFC 5321 4.1.1.3",
	  "RCPT TO:<bob@b.test>", "RCPT again, or DATA" },
	{ "DATA", "DATA", NAMED, SMTPD_NEEDS_AUTH | SMTPD_ENDS_GROUP | SMTPD_NO_ARGUMENT, smtpd_data, "RFC 5321 4.1.1.4",
	  "DATA", "after 354: the message, then a line with a single dot" },
	{ "BDAT", "BDAT octets [LAST]", NAMED | IN(SMTPD_CHUNKS), SMTPD_NEEDS_AUTH | SMTPD_HAS_OCTETS, smtpd_bdat, "RFC 3030",
	  "BDAT 900 LAST", "at once: that many octets of the message; then another BDAT, or after LAST anything, MAIL too" },
	{ "RSET", "RSET", ANY_STATE, SMTPD_IS_IDLE | SMTPD_NO_ARGUMENT, smtpd_rset, "RFC 5321 4.1.1.5",
	  "RSET", "MAIL: the transaction is forgotten" },
	{ "NOOP", "NOOP [anything]", ANY_STATE, SMTPD_IS_IDLE, smtpd_noop, "RFC 5321 4.1.1.9", "NOOP", "whatever was legal before" },
	{ "VRFY", "VRFY address", ANY_STATE, SMTPD_IS_IDLE, smtpd_vrfy, "RFC 5321 4.1.1.6",
	  "VRFY bob", "whatever was legal before; RCPT gives the real answer" },
	{ "EXPN", "EXPN list", ANY_STATE, SMTPD_IS_IDLE, smtpd_expn, "RFC 5321 4.1.1.7", "EXPN list", "nothing: lists are not shown" },
	{ "HELP", "HELP [verb]", ANY_STATE, SMTPD_IS_IDLE, smtpd_help, "RFC 5321 4.1.1.8", "HELP MAIL", "whatever was legal before" },
	{ "QUIT", "QUIT", ANY_STATE, SMTPD_AFTER_SLOTS | SMTPD_NO_ARGUMENT, smtpd_quit, "RFC 5321 4.1.1.10", "QUIT", "nothing: the server closes" },
	{ NULL, NULL, 0, 0, NULL, NULL, NULL, NULL },
};

/* First words of other protocols: a browser was tricked into posting here. */
static const char *const foreign_verbs[] = { "GET", "POST", "PUT", "HEAD", "OPTIONS", "CONNECT", "DELETE", "PATCH", "Host:", "User-Agent:" };

static struct bytes first_word(struct bytes line, struct bytes *arguments)
{
	struct bytes rest = line, word;

	bytes_cut(&rest, ' ', &word);
	*arguments = bytes_trim(rest);
	return bytes_trim(word);
}

const struct smtpd_command *smtpd_command_find(struct bytes verb)
{
	for (const struct smtpd_command *c = smtpd_commands; c->verb != NULL; c++)
		if (bytes_equal_nocase(bytes_text(c->verb), verb))
			return c;
	return NULL;
}

static bool is_for_protocol(const struct smtpd_command *c, const struct smtpd_session *s)
{
	return !(c->flags & (smtpd_session_is_lmtp(s) ? SMTPD_NOT_LMTP : SMTPD_ONLY_LMTP));
}

/* The reply to a verb that this connection cannot take in any state of a transaction; NULL: it can. */
static const char *misplaced(const struct smtpd_command *c, const struct smtpd_session *s)
{
	if ((c->flags & SMTPD_ONLY_SUBMISSION) && !smtpd_session_is_submission(s))
		return "503 5.5.1 Authentication belongs on the submission ports";
	if ((c->flags & SMTPD_BEFORE_AUTH) && s->login.name != NULL)
		return "503 5.5.1 You are authenticated already";
	if ((c->flags & SMTPD_IN_CLEAR) && smtpd_session_is_secure(s))
		return "503 5.5.1 TLS is already in use";
	return NULL;
}

bool smtpd_command_is_legal(const struct smtpd_command *c, const struct smtpd_session *s)
{
	return is_for_protocol(c, s) && (c->states & IN(s->state)) && misplaced(c, s) == NULL;
}

bool smtpd_command_must_wait(const struct smtpd_session *s, struct bytes line)
{
	struct bytes arguments;
	const struct smtpd_command *c = smtpd_command_find(first_word(line, &arguments));

	return c != NULL && (c->flags & SMTPD_AFTER_SLOTS) && !list_is_empty(&s->slots);
}

enum smtpd_after smtpd_command_bad_syntax(struct smtpd_session *s, const char *verb)
{
	return smtpd_reply(s, "501 5.5.4 Syntax: %s", smtpd_command_find(bytes_text(verb))->syntax);
}

static enum smtpd_after unknown_verb(struct smtpd_session *s, struct bytes verb)
{
	for (size_t i = 0; i < sizeof foreign_verbs / sizeof *foreign_verbs; i++)
		if (bytes_equal_nocase(bytes_text(foreign_verbs[i]), verb))
			return smtpd_reply_close(s, "500 5.5.2 This is a mail server, speak SMTP");
	return smtpd_reply(s, "500 5.5.2 Unknown command, HELP lists what is known");
}

/* A chunk is read past, whatever is said of its BDAT. */
static enum smtpd_after refuse(struct smtpd_session *s, const struct smtpd_command *c, struct bytes arguments, const char *reply)
{
	return c->flags & SMTPD_HAS_OCTETS ? smtpd_bdat_refuse(s, arguments, reply) : smtpd_reply(s, "%s", reply);
}

static enum smtpd_after bad_sequence(struct smtpd_session *s, const struct smtpd_command *c, struct bytes arguments)
{
	if (c->flags & SMTPD_HAS_OCTETS)
		return refuse(s, c, arguments, "503 5.5.1 BDAT needs MAIL and RCPT first");
	if (s->state == SMTPD_CONNECTED)
		return smtpd_reply(s, "503 5.5.1 Say %s first", smtpd_session_is_lmtp(s) ? "LHLO" : "EHLO");
	if (s->state == SMTPD_GREETED)
		return smtpd_reply(s, "503 5.5.1 %s needs MAIL first", c->verb);
	if (s->state == SMTPD_MAIL && (c->states & NAMED))
		return smtpd_reply(s, "503 5.5.1 %s needs RCPT first", c->verb);
	return smtpd_reply(s, "503 5.5.1 %s is not allowed inside a transaction", c->verb);
}

enum smtpd_after smtpd_command_run(struct smtpd_session *s, struct bytes line)
{
	struct bytes arguments, verb = first_word(line, &arguments);
	const struct smtpd_command *c = smtpd_command_find(verb);
	const char *reply;

	if (c == NULL || !is_for_protocol(c, s))
		return unknown_verb(s, verb);
	if ((c->flags & SMTPD_NO_ARGUMENT) && arguments.len > 0)
		return smtpd_command_bad_syntax(s, c->verb);
	if (!(c->states & IN(s->state)))
		return bad_sequence(s, c, arguments);
	if ((c->flags & SMTPD_NEEDS_AUTH) && smtpd_session_is_submission(s) && s->login.name == NULL)
		return refuse(s, c, arguments, "530 5.7.0 Authentication required");
	if ((c->flags & SMTPD_ENDS_GROUP) && smtpd_session_has_pipelined(s))
		return smtpd_reply_close(s, "554 5.5.0 Wait for the reply to %s before sending more", c->verb);
	if ((reply = misplaced(c, s)) != NULL)
		return refuse(s, c, arguments, reply);
	if ((c->flags & SMTPD_IS_IDLE) && ++s->n_idle_commands > 100 && !s->is_exempt)
		s->n_errors++;
	return c->run(s, arguments);
}
