/* EHLO, HELO, LHLO: who are you, and what this server can do.  RFC 5321 4.1.1.1; the reply carries no enhanced code (RFC 2034 4). */
#include "base/buffer.h"
#include "smtp/smtp_path.h"
#include "smtpd/smtpd_auth.h"
#include "smtpd/smtpd_commands.h"
#include "smtpd/smtpd_peer.h"
#include "smtpd/smtpd_reply.h"

static enum smtpd_after greet(struct smtpd_session *s, struct bytes domain, bool is_extended)
{
	struct buffer text = { 0 };

	if (!smtp_domain_is_valid(domain) || !bytes_copy_text(domain, s->hello, sizeof s->hello))
		return smtpd_reply(s, "501 Say who you are: a host name, or an address in brackets");
	smtpd_session_end_transaction(s);
	s->state = SMTPD_GREETED;
	s->is_extended = is_extended;
	buffer_printf(&text, "250 %s", s->generation->settings.hostname);
	if (is_extended) {
		buffer_printf(&text, "\nPIPELINING\nSIZE %llu\n8BITMIME\nENHANCEDSTATUSCODES\nCHUNKING",
		              (unsigned long long)s->generation->settings.limits.message_size);
		if (s->listen->tls == SERVICE_TLS_STARTTLS && s->generation->tls != NULL && !smtpd_session_is_secure(s))
			buffer_add_text(&text, "\nSTARTTLS");
		if (smtpd_peer_verify(s) != NULL)
			buffer_add_text(&text, "\nXTRANSACTION");
		smtpd_auth_offer(s, &text);
		buffer_add_text(&text, "\nHELP");
	}
	smtpd_reply(s, "%s", text.at);
	buffer_release(&text);
	return SMTPD_NEXT_LINE;
}

enum smtpd_after smtpd_ehlo(struct smtpd_session *s, struct bytes arguments)
{
	return greet(s, arguments, true);
}

enum smtpd_after smtpd_helo(struct smtpd_session *s, struct bytes arguments)
{
	return greet(s, arguments, false);
}

enum smtpd_after smtpd_lhlo(struct smtpd_session *s, struct bytes arguments)
{
	return greet(s, arguments, true);
}
