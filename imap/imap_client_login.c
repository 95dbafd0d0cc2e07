#include "imap/imap_client_login.h"

#include "base/codec.h"
#include "base/memory.h"
#include "imap/imap_write.h"

static const struct {
	const char *word;
	unsigned bit;
} capabilities[] = {
	{ "IDLE", IMAP_CAN_IDLE },
	{ "LITERAL+", IMAP_CAN_LITERAL },
	{ "SASL-IR", IMAP_CAN_SASL_IR },
	{ "STARTTLS", IMAP_CAN_STARTTLS },
	{ "LOGINDISABLED", IMAP_CAN_NOT_LOGIN },
	{ "UIDPLUS", IMAP_CAN_UIDPLUS },
	{ "MOVE", IMAP_CAN_MOVE },
	{ "CONDSTORE", IMAP_CAN_CONDSTORE },
	{ "QRESYNC", IMAP_CAN_QRESYNC },
	{ "SPECIAL-USE", IMAP_CAN_SPECIAL_USE },
};

static void ask_capabilities(struct imap_client *);
static void authenticate(struct imap_client *);

void imap_client_read_capabilities(struct imap_client *c, struct bytes rest)
{
	struct bytes word;
	enum sasl_mechanism mechanism;

	c->can = c->mechanisms = 0;
	c->has_capabilities = true;
	while (rest.len > 0) {
		bytes_cut(&rest, ' ', &word);
		for (size_t i = 0; i < sizeof capabilities / sizeof *capabilities; i++)
			if (bytes_equal_nocase(word, bytes_text(capabilities[i].word)))
				c->can |= capabilities[i].bit;
		if (bytes_starts_nocase(word, BYTES("AUTH=")) && sasl_mechanism_find(bytes_skip(word, 5), &mechanism))
			c->mechanisms |= SASL_BIT(mechanism);
	}
}

static void on_starttls(struct imap_client *c, const struct imap_reply *reply)
{
	if (reply->kind != IMAP_REPLY_OK) {
		imap_client_fail(c, ERROR_DENIED, "STARTTLS was refused: %.*s", BYTES_PRINT(reply->rest));
		return;
	}
	net_stream_start_tls_client(c->stream, c->options.tls_context, c->host);
	imap_client_await(c);
}

static void after_capabilities(struct imap_client *c)
{
	if (c->options.tls == IMAP_CLIENT_TLS_REQUIRED && !net_stream_is_secure(c->stream)) {
		c->stage = IMAP_CLIENT_TLS;
		if (c->can & IMAP_CAN_STARTTLS)
			imap_client_command(c, BYTES("STARTTLS"), on_starttls);
		else
			imap_client_fail(c, ERROR_DENIED, "the server offers no STARTTLS");
		return;
	}
	authenticate(c);
}

static void on_capability(struct imap_client *c, const struct imap_reply *reply)
{
	if (reply->kind != IMAP_REPLY_OK || !c->has_capabilities)
		imap_client_fail(c, ERROR_SYNTAX, "the server does not tell its capabilities");
	else
		after_capabilities(c);
}

static void ask_capabilities(struct imap_client *c)
{
	imap_client_command(c, BYTES("CAPABILITY"), on_capability);
}

void imap_client_on_secured(void *owner)
{
	struct imap_client *c = owner;

	/* What was said in clear does not count: RFC 9051 6.2.1. */
	c->has_capabilities = false;
	if (c->options.tls == IMAP_CLIENT_TLS_IMPLICIT)
		imap_client_await(c);
	else
		ask_capabilities(c);
}

static void become_ready(struct imap_client *c)
{
	c->stage = IMAP_CLIENT_READY;
	c->hides_output = false;
	net_timer_stop(&c->deadline);
	c->events->ready(c->owner);
}

static void on_capability_again(struct imap_client *c, const struct imap_reply *reply)
{
	(void)reply;
	become_ready(c);
}

static void on_authenticated(struct imap_client *c, const struct imap_reply *reply)
{
	struct error err = { 0 };

	c->hides_output = false;
	if (reply->kind != IMAP_REPLY_OK) {
		bool is_temporary = bytes_equal_nocase(reply->code, BYTES("UNAVAILABLE")) || bytes_equal_nocase(reply->code, BYTES("LIMIT"));
		imap_client_fail(c, is_temporary ? ERROR_TRY_LATER : ERROR_DENIED, "log-in refused: %.*s", BYTES_PRINT(reply->rest));
		return;
	}
	if (c->sasl != NULL && !sasl_client_finish(c->sasl, &err)) {
		imap_client_end(c, &err);
		return;
	}
	sasl_client_destroy(c->sasl);
	c->sasl = NULL;
	if (bytes_equal_nocase(reply->code, BYTES("CAPABILITY")) || c->has_capabilities)
		become_ready(c);
	else
		imap_client_command(c, BYTES("CAPABILITY"), on_capability_again);
}

static void log_in(struct imap_client *c)
{
	struct buffer command = { 0 };

	buffer_add_text(&command, "LOGIN ");
	imap_write_string(&command, bytes_text(c->username));
	buffer_add_octet(&command, ' ');
	imap_write_string(&command, bytes_text(c->password));
	imap_client_trace(c, false, BYTES("LOGIN (user and password)"));
	imap_client_command(c, buffer_bytes(&command), on_authenticated);
	memory_wipe(command.at, command.len);
	buffer_release(&command);
}

static void authenticate(struct imap_client *c)
{
	bool clear_allowed = c->options.allow_cleartext || net_stream_is_secure(c->stream);
	enum sasl_mechanism mechanism;
	struct buffer command = { 0 }, first = { 0 };
	struct error err = { 0 };

	c->stage = IMAP_CLIENT_AUTH;
	c->hides_output = true;
	c->has_capabilities = false;
	if (!sasl_mechanism_choose(c->mechanisms, clear_allowed, &mechanism)) {
		if (clear_allowed && !(c->can & IMAP_CAN_NOT_LOGIN))
			log_in(c);
		else
			imap_client_fail(c, ERROR_DENIED, "no way to log in without sending the password in clear");
		return;
	}
	c->sasl = sasl_client_create(mechanism, c->username, c->password);
	buffer_printf(&command, "AUTHENTICATE %s", sasl_mechanism_name(mechanism));
	imap_client_trace(c, false, buffer_bytes(&command));
	if ((c->can & IMAP_CAN_SASL_IR) && sasl_client_speaks_first(c->sasl)) {
		if (!sasl_client_step(c->sasl, (struct bytes){ NULL, 0 }, &first, &err)) {
			imap_client_end(c, &err);
		} else {
			buffer_add_octet(&command, ' ');
			codec_base64_encode(buffer_bytes(&first), &command);
			imap_client_command(c, buffer_bytes(&command), on_authenticated);
		}
	} else {
		imap_client_command(c, buffer_bytes(&command), on_authenticated);
	}
	buffer_release(&command);
	buffer_release(&first);
}

void imap_client_answer_challenge(struct imap_client *c, struct bytes challenge)
{
	struct buffer in = { 0 }, out = { 0 }, line = { 0 };
	struct error err = { 0 };

	if (!codec_base64_decode(challenge, &in) || !sasl_client_step(c->sasl, buffer_bytes(&in), &out, &err)) {
		imap_client_fail(c, ERROR_DENIED, "log-in: %s", err.text[0] ? err.text : "the server's challenge is not base64");
	} else {
		codec_base64_encode(buffer_bytes(&out), &line);
		buffer_add_text(&line, "\r\n");
		net_stream_write(c->stream, buffer_bytes(&line));
		imap_client_await(c);
	}
	buffer_release(&in);
	buffer_release(&out);
	buffer_release(&line);
}

void imap_client_greeted(struct imap_client *c, const struct imap_reply *reply)
{
	if (reply->kind == IMAP_REPLY_PREAUTH && c->options.tls != IMAP_CLIENT_TLS_REQUIRED)
		become_ready(c);
	else if (reply->kind != IMAP_REPLY_OK)
		imap_client_fail(c, reply->kind == IMAP_REPLY_BYE ? ERROR_TRY_LATER : reply->kind == IMAP_REPLY_PREAUTH ? ERROR_DENIED : ERROR_SYNTAX,
		     "the server greets with %.*s", BYTES_PRINT(reply->rest));
	else if (c->has_capabilities)
		after_capabilities(c);
	else
		ask_capabilities(c);
}
