#include "imap/imap_client.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "auth/sasl_client.h"
#include "base/codec.h"
#include "base/memory.h"
#include "imap/imap_token.h"
#include "imap/imap_write.h"
#include "netcore/net_connect.h"
#include "netcore/net_stream.h"
#include "netcore/net_timer.h"

#define LOGOUT_TIMEOUT_MS 5000
#define TRACED_LITERAL_MAX 400

struct imap_client {
	struct net_loop *loop;
	struct imap_client_options options;
	char *host, *username, *password;
	const struct imap_client_events *events;
	void *owner;

	struct net_connect *connecting;
	struct net_stream *stream;
	struct net_timer deadline;
	struct imap_token_reader reader;
	enum imap_client_stage stage;
	unsigned can, mechanisms;
	bool has_capabilities;

	unsigned n_commands;
	char tag[16];                   /* of the command under way; "" = none */
	struct buffer unsent;           /* of it: from a literal on that waits for "+" */
	size_t literal_len;             /* octets of that literal */
	void (*then)(struct imap_client *, const struct imap_reply *);  /* its end, for our own commands; NULL = the owner's */
	struct sasl_client *sasl;
	bool hides_output;              /* trace: what we send is secret */
};

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

/* The end */

void imap_client_close(struct imap_client *c)
{
	if (c == NULL)
		return;
	net_connect_cancel(c->connecting);
	if (c->stage == IMAP_CLIENT_LOGOUT && c->stream != NULL)
		net_stream_finish(c->stream);   /* TLS is ended in order */
	else
		net_stream_close(c->stream);
	net_timer_stop(&c->deadline);
	imap_token_release(&c->reader);
	buffer_release(&c->unsent);
	sasl_client_destroy(c->sasl);
	if (c->password != NULL)
		memory_wipe(c->password, strlen(c->password));
	net_tls_context_unref(c->options.tls_context);
	free(c->host);
	free(c->username);
	free(c->password);
	c->stream = NULL;
	c->connecting = NULL;
	c->events = NULL;
	net_loop_free_later(c->loop, c);
}

static void end(struct imap_client *c, const struct error *why)
{
	net_timer_stop(&c->deadline);
	c->events->closed(c->owner, c->stage, why);
}

static void fail(struct imap_client *c, enum error_kind kind, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void fail(struct imap_client *c, enum error_kind kind, const char *format, ...)
{
	struct error err = { 0 };
	char text[sizeof err.text];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	error_set(&err, kind, "%s: %s", c->host, text);
	end(c, &err);
}

static void on_deadline(void *owner)
{
	struct imap_client *c = owner;

	fail(c, c->stage == IMAP_CLIENT_LOGOUT ? ERROR_CLOSED : ERROR_TRY_LATER, "no answer within %lld s",
	     (long long)c->options.timeout_ms / 1000);
}

static void await(struct imap_client *c)
{
	int64_t after_ms = c->options.timeout_ms;

	if (c->stage == IMAP_CLIENT_LOGOUT && after_ms > LOGOUT_TIMEOUT_MS)
		after_ms = LOGOUT_TIMEOUT_MS;
	net_timer_start(&c->deadline, c->loop, after_ms, on_deadline, c);
}

/* Trace */

/* A line that ends in a literal's announcement: its size. */
static bool announces_literal(struct bytes line, size_t *size)
{
	size_t open = line.len;
	uint64_t n;

	if (line.len < 3 || line.at[line.len - 1] != '}')
		return false;
	while (open > 0 && line.at[open - 1] != '{')
		open--;
	struct bytes digits = bytes_slice(line, open, line.len - 1);
	if (digits.len > 0 && digits.at[digits.len - 1] == '+')
		digits.len--;
	if (open == 0 || !bytes_to_u64(digits, IMAP_CLIENT_LITERAL_MAX, &n))
		return false;
	*size = (size_t)n;
	return true;
}

static void trace(struct imap_client *c, bool from_server, struct bytes text)
{
	struct bytes line;
	char counted[48];
	size_t size;

	if (c->events->trace == NULL)
		return;
	while (text.len > 0) {
		size_t line_end = bytes_find_bytes(text, BYTES("\r\n"));
		line = bytes_slice(text, 0, line_end);
		text = bytes_skip(text, line_end + 2);
		c->events->trace(c->owner, from_server, line);
		if (announces_literal(line, &size) && size > TRACED_LITERAL_MAX && size <= text.len) {
			snprintf(counted, sizeof counted, "(%zu octets)", size);
			c->events->trace(c->owner, from_server, bytes_text(counted));
			text = bytes_skip(text, size);
		}
	}
}

/* Commands */

/* Send up to the first literal that must wait for "+"; with LITERAL+ none does. */
static void send_unsent(struct imap_client *c)
{
	struct bytes left = buffer_bytes(&c->unsent);
	size_t sent = c->literal_len;

	net_stream_write(c->stream, bytes_slice(left, 0, sent));
	c->literal_len = 0;
	while (sent < left.len && c->literal_len == 0) {
		struct bytes rest = bytes_skip(left, sent);
		struct bytes line = bytes_slice(rest, 0, bytes_find_bytes(rest, BYTES("\r\n")));
		size_t size = 0;
		bool is_literal = announces_literal(line, &size);
		if (is_literal && (c->can & IMAP_CAN_LITERAL)) {
			net_stream_write(c->stream, bytes_slice(line, 0, line.len - 1));
			net_stream_write(c->stream, BYTES("+}\r\n"));
			net_stream_write(c->stream, bytes_slice(rest, line.len + 2, line.len + 2 + size));
			sent += size;
		} else {
			net_stream_write(c->stream, bytes_slice(rest, 0, line.len + 2));
			c->literal_len = size;
		}
		sent += line.len + 2;
	}
	buffer_drop(&c->unsent, sent);
	await(c);
}

static void run(struct imap_client *c, struct bytes command, void (*then)(struct imap_client *, const struct imap_reply *))
{
	snprintf(c->tag, sizeof c->tag, "m%u", ++c->n_commands);
	c->then = then;
	buffer_clear(&c->unsent);
	buffer_printf(&c->unsent, "%s ", c->tag);
	buffer_add_bytes(&c->unsent, command);
	buffer_add_text(&c->unsent, "\r\n");
	if (!c->hides_output)
		trace(c, false, buffer_bytes(&c->unsent));
	send_unsent(c);
}

void imap_client_run(struct imap_client *c, struct bytes command)
{
	run(c, command, NULL);
}

unsigned imap_client_can(const struct imap_client *c)
{
	return c->can;
}

void imap_client_logout(struct imap_client *c)
{
	c->stage = IMAP_CLIENT_LOGOUT;
	run(c, BYTES("LOGOUT"), NULL);
}

/* The opening, step by step */

static void ask_capabilities(struct imap_client *);
static void authenticate(struct imap_client *);

static void read_capabilities(struct imap_client *c, struct bytes rest)
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
		fail(c, ERROR_DENIED, "STARTTLS was refused: %.*s", BYTES_PRINT(reply->rest));
		return;
	}
	net_stream_start_tls_client(c->stream, c->options.tls_context, c->host);
	await(c);
}

static void after_capabilities(struct imap_client *c)
{
	if (c->options.tls == IMAP_CLIENT_TLS_REQUIRED && !net_stream_is_secure(c->stream)) {
		c->stage = IMAP_CLIENT_TLS;
		if (c->can & IMAP_CAN_STARTTLS)
			run(c, BYTES("STARTTLS"), on_starttls);
		else
			fail(c, ERROR_DENIED, "the server offers no STARTTLS");
		return;
	}
	authenticate(c);
}

static void on_capability(struct imap_client *c, const struct imap_reply *reply)
{
	if (reply->kind != IMAP_REPLY_OK || !c->has_capabilities)
		fail(c, ERROR_SYNTAX, "the server does not tell its capabilities");
	else
		after_capabilities(c);
}

static void ask_capabilities(struct imap_client *c)
{
	run(c, BYTES("CAPABILITY"), on_capability);
}

static void on_secured(void *owner)
{
	struct imap_client *c = owner;

	/* What was said in clear does not count: RFC 9051 6.2.1. */
	c->has_capabilities = false;
	if (c->options.tls == IMAP_CLIENT_TLS_IMPLICIT)
		await(c);
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
		fail(c, is_temporary ? ERROR_TRY_LATER : ERROR_DENIED, "log-in refused: %.*s", BYTES_PRINT(reply->rest));
		return;
	}
	if (c->sasl != NULL && !sasl_client_finish(c->sasl, &err)) {
		end(c, &err);
		return;
	}
	sasl_client_destroy(c->sasl);
	c->sasl = NULL;
	if (bytes_equal_nocase(reply->code, BYTES("CAPABILITY")) || c->has_capabilities)
		become_ready(c);
	else
		run(c, BYTES("CAPABILITY"), on_capability_again);
}

static void log_in(struct imap_client *c)
{
	struct buffer command = { 0 };

	buffer_add_text(&command, "LOGIN ");
	imap_write_string(&command, bytes_text(c->username));
	buffer_add_octet(&command, ' ');
	imap_write_string(&command, bytes_text(c->password));
	trace(c, false, BYTES("LOGIN (user and password)"));
	run(c, buffer_bytes(&command), on_authenticated);
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
			fail(c, ERROR_DENIED, "no way to log in without sending the password in clear");
		return;
	}
	c->sasl = sasl_client_create(mechanism, c->username, c->password);
	buffer_printf(&command, "AUTHENTICATE %s", sasl_mechanism_name(mechanism));
	trace(c, false, buffer_bytes(&command));
	if ((c->can & IMAP_CAN_SASL_IR) && sasl_client_speaks_first(c->sasl)) {
		if (!sasl_client_step(c->sasl, (struct bytes){ NULL, 0 }, &first, &err)) {
			end(c, &err);
		} else {
			buffer_add_octet(&command, ' ');
			codec_base64_encode(buffer_bytes(&first), &command);
			run(c, buffer_bytes(&command), on_authenticated);
		}
	} else {
		run(c, buffer_bytes(&command), on_authenticated);
	}
	buffer_release(&command);
	buffer_release(&first);
}

static void answer_challenge(struct imap_client *c, struct bytes challenge)
{
	struct buffer in = { 0 }, out = { 0 }, line = { 0 };
	struct error err = { 0 };

	if (!codec_base64_decode(challenge, &in) || !sasl_client_step(c->sasl, buffer_bytes(&in), &out, &err)) {
		fail(c, ERROR_DENIED, "log-in: %s", err.text[0] ? err.text : "the server's challenge is not base64");
	} else {
		codec_base64_encode(buffer_bytes(&out), &line);
		buffer_add_text(&line, "\r\n");
		net_stream_write(c->stream, buffer_bytes(&line));
		await(c);
	}
	buffer_release(&in);
	buffer_release(&out);
	buffer_release(&line);
}

static void greeted(struct imap_client *c, const struct imap_reply *reply)
{
	if (reply->kind == IMAP_REPLY_PREAUTH && c->options.tls != IMAP_CLIENT_TLS_REQUIRED)
		become_ready(c);
	else if (reply->kind != IMAP_REPLY_OK)
		fail(c, reply->kind == IMAP_REPLY_BYE ? ERROR_TRY_LATER : reply->kind == IMAP_REPLY_PREAUTH ? ERROR_DENIED : ERROR_SYNTAX,
		     "the server greets with %.*s", BYTES_PRINT(reply->rest));
	else if (c->has_capabilities)
		after_capabilities(c);
	else
		ask_capabilities(c);
}

/* Responses */

static void finish_command(struct imap_client *c, const struct imap_reply *reply)
{
	void (*then)(struct imap_client *, const struct imap_reply *) = c->then;

	c->tag[0] = '\0';
	net_timer_stop(&c->deadline);
	if (then != NULL)
		then(c, reply);
	else if (c->stage != IMAP_CLIENT_LOGOUT)
		c->events->done(c->owner, reply);
	else
		fail(c, ERROR_CLOSED, "logged out");
}

static void handle(struct imap_client *c, struct bytes text)
{
	struct imap_reply reply;

	trace(c, true, text);
	if (!imap_reply_parse(text, &reply)) {
		fail(c, ERROR_SYNTAX, "not an IMAP response");
		return;
	}
	if (reply.kind == IMAP_REPLY_CAPABILITY)
		read_capabilities(c, reply.rest);
	if (bytes_equal_nocase(reply.code, BYTES("CAPABILITY")))
		read_capabilities(c, reply.code_rest);
	if (c->tag[0] != '\0')
		await(c);
	if (c->stage == IMAP_CLIENT_GREETING)
		greeted(c, &reply);
	else if (reply.kind == IMAP_REPLY_CONTINUE && c->sasl != NULL)
		answer_challenge(c, reply.rest);
	else if (reply.kind == IMAP_REPLY_CONTINUE)
		send_unsent(c);
	else if (reply.tag.len > 0 && bytes_equal(reply.tag, bytes_text(c->tag)))
		finish_command(c, &reply);
	else if (reply.kind == IMAP_REPLY_BYE && c->stage != IMAP_CLIENT_LOGOUT)
		fail(c, ERROR_TRY_LATER, "the server said goodbye: %.*s", BYTES_PRINT(reply.rest));
	else if (c->stage == IMAP_CLIENT_READY && reply.tag.len == 0)
		c->events->response(c->owner, &reply);
}

static void on_token(struct imap_client *c, enum imap_token_event event)
{
	switch (event) {
	case IMAP_TOKEN_COMMAND:
		handle(c, buffer_bytes(&c->reader.text));
		if (c->events != NULL)
			imap_token_clear(&c->reader);
		break;
	case IMAP_TOKEN_LITERAL:
		if (c->reader.literal.size > IMAP_CLIENT_LITERAL_MAX || c->reader.text.len > IMAP_CLIENT_LITERAL_MAX - c->reader.literal.size)
			fail(c, ERROR_LIMIT, "a response with a literal of %llu octets is too large", (unsigned long long)c->reader.literal.size);
		else
			imap_token_keep(&c->reader);
		break;
	case IMAP_TOKEN_TOO_LONG:
	case IMAP_TOKEN_NUL:
		fail(c, ERROR_SYNTAX, "a response that no IMAP server sends");
		break;
	default:
		break;
	}
}

static void on_input(void *owner)
{
	struct imap_client *c = owner;
	size_t used;

	while (c->events != NULL && c->stream != NULL) {
		struct bytes in = net_stream_input(c->stream);
		if (in.len == 0)
			break;
		enum imap_token_event event = imap_token_feed(&c->reader, in, &used);
		net_stream_consume(c->stream, used);
		if (c->tag[0] != '\0')
			await(c);
		if (event == IMAP_TOKEN_MORE && net_stream_input(c->stream).len == 0)
			break;
		on_token(c, event);
	}
}

static void on_closed(void *owner, const struct error *why)
{
	struct imap_client *c = owner;

	if (c->stage == IMAP_CLIENT_LOGOUT)
		fail(c, ERROR_CLOSED, "logged out");
	else if (why->kind == ERROR_CLOSED)
		fail(c, ERROR_TRY_LATER, "the server closed the connection");
	else
		end(c, why);
}

static const struct net_stream_events stream_events = { on_input, NULL, on_secured, on_closed };

static void on_connected(void *owner, int fd, const struct net_addr *addr, const struct error *err)
{
	struct imap_client *c = owner;

	(void)addr;
	c->connecting = NULL;
	if (fd < 0) {
		end(c, err);
		return;
	}
	c->stage = IMAP_CLIENT_GREETING;
	c->stream = net_stream_create(c->loop, fd, &stream_events, c, NULL);
	if (c->options.tls == IMAP_CLIENT_TLS_IMPLICIT)
		net_stream_start_tls_client(c->stream, c->options.tls_context, c->host);
	await(c);
}

struct imap_client *imap_client_open(struct net_loop *loop, const struct imap_client_options *options,
                                     const struct imap_client_events *events, void *owner)
{
	struct imap_client *c = xcalloc(1, sizeof *c);

	c->loop = loop;
	c->options = *options;
	c->events = events;
	c->owner = owner;
	c->host = xstrdup(options->host);
	c->username = xstrdup(options->username);
	c->password = xstrdup(options->password);
	c->reader.line_max = IMAP_CLIENT_LINE_MAX;
	if (options->tls_context != NULL)
		net_tls_context_ref(options->tls_context);
	c->connecting = net_connect_host(loop, options->worker, c->host, options->port, options->timeout_ms, on_connected, c);
	return c;
}
