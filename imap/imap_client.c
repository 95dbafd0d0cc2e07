#include "imap/imap_client.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "imap/imap_client_login.h"

#define LOGOUT_TIMEOUT_MS 5000
#define TRACED_LITERAL_MAX 400

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

void imap_client_end(struct imap_client *c, const struct error *why)
{
	net_timer_stop(&c->deadline);
	c->events->closed(c->owner, c->stage, why);
}

void imap_client_fail(struct imap_client *c, enum error_kind kind, const char *format, ...)
{
	struct error err = { 0 };
	char text[sizeof err.text];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	error_set(&err, kind, "%s: %s", c->host, text);
	imap_client_end(c, &err);
}

static void on_deadline(void *owner)
{
	struct imap_client *c = owner;

	imap_client_fail(c, c->stage == IMAP_CLIENT_LOGOUT ? ERROR_CLOSED : ERROR_TRY_LATER, "no answer within %lld s",
	     (long long)c->options.timeout_ms / 1000);
}

void imap_client_await(struct imap_client *c)
{
	int64_t after_ms = c->options.timeout_ms;

	if (c->idle == IMAP_CLIENT_IDLE_ON)
		return;
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

void imap_client_trace(struct imap_client *c, bool from_server, struct bytes text)
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
	imap_client_await(c);
}

void imap_client_command(struct imap_client *c, struct bytes command, void (*then)(struct imap_client *, const struct imap_reply *))
{
	snprintf(c->tag, sizeof c->tag, "m%u", ++c->n_commands);
	c->then = then;
	/* The last one may have been refused at a literal that was never sent. */
	buffer_clear(&c->unsent);
	c->literal_len = 0;
	buffer_printf(&c->unsent, "%s ", c->tag);
	buffer_add_bytes(&c->unsent, command);
	buffer_add_text(&c->unsent, "\r\n");
	if (!c->hides_output)
		imap_client_trace(c, false, buffer_bytes(&c->unsent));
	send_unsent(c);
}

void imap_client_run(struct imap_client *c, struct bytes command)
{
	imap_client_command(c, command, NULL);
}

unsigned imap_client_can(const struct imap_client *c)
{
	return c->can;
}

void imap_client_idle(struct imap_client *c)
{
	c->ends_idle = false;
	c->idle = IMAP_CLIENT_IDLE_ASKED;
	imap_client_command(c, BYTES("IDLE"), NULL);
}

/* The server's "+". */
static void start_idle(struct imap_client *c)
{
	c->idle = IMAP_CLIENT_IDLE_ON;
	net_timer_stop(&c->deadline);
	if (c->ends_idle)
		imap_client_idle_end(c);
}

void imap_client_idle_end(struct imap_client *c)
{
	c->ends_idle = true;
	if (c->idle != IMAP_CLIENT_IDLE_ON)
		return;
	c->idle = IMAP_CLIENT_IDLE_OVER;
	imap_client_trace(c, false, BYTES("DONE"));
	net_stream_write(c->stream, BYTES("DONE\r\n"));
	imap_client_await(c);
}

void imap_client_logout(struct imap_client *c)
{
	c->stage = IMAP_CLIENT_LOGOUT;
	imap_client_command(c, BYTES("LOGOUT"), NULL);
}

/* Responses */

static void finish_command(struct imap_client *c, const struct imap_reply *reply)
{
	void (*then)(struct imap_client *, const struct imap_reply *) = c->then;

	c->tag[0] = '\0';
	c->idle = IMAP_CLIENT_IDLE_NOT;
	net_timer_stop(&c->deadline);
	if (then != NULL)
		then(c, reply);
	else if (c->stage != IMAP_CLIENT_LOGOUT)
		c->events->done(c->owner, reply);
	else
		imap_client_fail(c, ERROR_CLOSED, "logged out");
}

static void handle(struct imap_client *c, struct bytes text)
{
	struct imap_reply reply;

	imap_client_trace(c, true, text);
	if (!imap_reply_parse(text, &reply)) {
		imap_client_fail(c, ERROR_SYNTAX, "not an IMAP response");
		return;
	}
	if (reply.kind == IMAP_REPLY_CAPABILITY)
		imap_client_read_capabilities(c, reply.rest);
	if (bytes_equal_nocase(reply.code, BYTES("CAPABILITY")))
		imap_client_read_capabilities(c, reply.code_rest);
	if (c->tag[0] != '\0')
		imap_client_await(c);
	if (c->stage == IMAP_CLIENT_GREETING)
		imap_client_greeted(c, &reply);
	else if (reply.kind == IMAP_REPLY_CONTINUE && c->sasl != NULL)
		imap_client_answer_challenge(c, reply.rest);
	else if (reply.kind == IMAP_REPLY_CONTINUE && c->idle == IMAP_CLIENT_IDLE_ASKED)
		start_idle(c);
	else if (reply.kind == IMAP_REPLY_CONTINUE)
		send_unsent(c);
	else if (reply.tag.len > 0 && bytes_equal(reply.tag, bytes_text(c->tag)))
		finish_command(c, &reply);
	else if (reply.kind == IMAP_REPLY_BYE && c->stage != IMAP_CLIENT_LOGOUT)
		imap_client_fail(c, ERROR_TRY_LATER, "the server said goodbye: %.*s", BYTES_PRINT(reply.rest));
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
			imap_client_fail(c, ERROR_LIMIT, "a response with a literal of %llu octets is too large", (unsigned long long)c->reader.literal.size);
		else
			imap_token_keep(&c->reader);
		break;
	case IMAP_TOKEN_TOO_LONG:
	case IMAP_TOKEN_NUL:
		imap_client_fail(c, ERROR_SYNTAX, "a response that no IMAP server sends");
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
			imap_client_await(c);
		if (event == IMAP_TOKEN_MORE && net_stream_input(c->stream).len == 0)
			break;
		on_token(c, event);
	}
}

static void on_closed(void *owner, const struct error *why)
{
	struct imap_client *c = owner;

	if (c->stage == IMAP_CLIENT_LOGOUT)
		imap_client_fail(c, ERROR_CLOSED, "logged out");
	else if (why->kind == ERROR_CLOSED)
		imap_client_fail(c, ERROR_TRY_LATER, "the server closed the connection");
	else
		imap_client_end(c, why);
}

static const struct net_stream_events stream_events = { on_input, NULL, imap_client_on_secured, on_closed };

static void on_connected(void *owner, int fd, const struct net_addr *addr, const struct error *err)
{
	struct imap_client *c = owner;

	(void)addr;
	c->connecting = NULL;
	if (fd < 0) {
		imap_client_end(c, err);
		return;
	}
	c->stage = IMAP_CLIENT_GREETING;
	c->stream = net_stream_create(c->loop, fd, &stream_events, c, NULL);
	if (c->options.tls == IMAP_CLIENT_TLS_IMPLICIT)
		net_stream_start_tls_client(c->stream, c->options.tls_context, c->host);
	imap_client_await(c);
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
