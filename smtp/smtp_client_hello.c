/* smtp_client_hello: from the greeting to an open session: EHLO, HELO, STARTTLS.  RFC 5321 4.1.1.1, RFC 3207. */
#include "smtp/smtp_client_state.h"

static void say(struct smtp_client *c, const char *verb, enum smtp_client_state state)
{
	struct buffer line = { 0 };

	buffer_printf(&line, "%s %s", verb, c->hello);
	smtp_client_command(c, buffer_bytes(&line), NULL);
	buffer_release(&line);
	smtp_client_expect(c, state);
}

static void refuse(struct smtp_client *c, const char *text)
{
	struct error why = { 0 };

	error_set(&why, ERROR_DENIED, "%s", text);
	smtp_client_end(c, &why);
}

void smtp_client_on_greeting(struct smtp_client *c)
{
	if (c->reply.code != 220)
		smtp_client_end_with_reply(c, "greeting");
	else
		say(c, "EHLO", STATE_EHLO);
}

/* What can be had of TLS is there: prove who we are, or begin. */
static void go_on(struct smtp_client *c)
{
	if (c->username)
		smtp_client_authenticate(c);
	else
		smtp_client_become_ready(c);
}

static bool needs_extensions(const struct smtp_client *c)
{
	return c->username || (c->tls == SMTP_CLIENT_TLS_REQUIRED && !net_stream_is_secure(c->stream));
}

void smtp_client_on_ehlo(struct smtp_client *c)
{
	struct bytes rest = buffer_bytes(&c->reply.text), line;

	if (smtp_reply_class(&c->reply) == 5 && !needs_extensions(c)) {
		say(c, "HELO", STATE_HELO);
		return;
	}
	if (smtp_reply_class(&c->reply) != 2) {
		smtp_client_end_with_reply(c, "EHLO");
		return;
	}
	bytes_cut(&rest, '\n', &line);
	while (rest.len > 0) {
		bytes_cut(&rest, '\n', &line);
		smtp_extension_read(&c->extensions, line);
	}
	bool may_secure = (c->tls == SMTP_CLIENT_TLS_OPPORTUNISTIC || c->tls == SMTP_CLIENT_TLS_REQUIRED) && !net_stream_is_secure(c->stream);
	if (may_secure && (c->extensions.bits & SMTP_STARTTLS)) {
		smtp_client_command(c, BYTES("STARTTLS"), NULL);
		smtp_client_expect(c, STATE_STARTTLS);
	} else if (may_secure && c->tls == SMTP_CLIENT_TLS_REQUIRED) {
		c->state = STATE_STARTTLS;
		refuse(c, "TLS is required and the peer does not offer STARTTLS");
	} else {
		go_on(c);
	}
}

void smtp_client_on_helo(struct smtp_client *c)
{
	if (smtp_reply_class(&c->reply) != 2)
		smtp_client_end_with_reply(c, "HELO");
	else
		smtp_client_become_ready(c);
}

void smtp_client_on_starttls(struct smtp_client *c)
{
	if (c->reply.code != 220 && c->tls == SMTP_CLIENT_TLS_OPPORTUNISTIC) {
		go_on(c);
		return;
	}
	if (c->reply.code != 220) {
		smtp_client_end_with_reply(c, "STARTTLS");
		return;
	}
	/* What came in clear behind the reply was not said by the one we are going to believe. */
	if (net_stream_input(c->stream).len > 0) {
		refuse(c, "the peer sent more than its reply to STARTTLS");
		return;
	}
	smtp_client_expect(c, STATE_HANDSHAKE);
	net_stream_start_tls_client(c->stream, c->tls_context, c->tls_name);
}

void smtp_client_on_secured(struct smtp_client *c)
{
	c->extensions = (struct smtp_extensions){ 0 };
	if (c->tls == SMTP_CLIENT_TLS_IMPLICIT)
		smtp_client_expect(c, STATE_GREETING);
	else
		say(c, "EHLO", STATE_EHLO);
}
