/* smtp_client: the states of a session, its replies and its end.  What each reply means is in smtp_client_hello, _auth and _transaction. */
#include "smtp/smtp_client.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "netcore/net_socket.h"
#include "smtp/smtp_client_state.h"

#define CONNECT_MS      30000
#define WRITE_BLOCK_MS  (180 * 1000)    /* RFC 5321 4.5.3.2.5 */
#define KEEPALIVE_S     30

static void on_ready_reply(struct smtp_client *c);
static void on_rset(struct smtp_client *c);
static void on_quit(struct smtp_client *c);

/* Deadlines: RFC 5321 4.5.3.2.  0: the stream or the owner keeps time. */
static const struct state {
	const char *name;
	enum smtp_client_stage stage;
	int64_t timeout_s;
	void (*reply)(struct smtp_client *);
} states[] = {
	[STATE_CONNECT]   = { "the connection",  SMTP_CLIENT_CONNECT,     0,   NULL },
	[STATE_HANDSHAKE] = { "TLS",             SMTP_CLIENT_TLS,         0,   NULL },
	[STATE_GREETING]  = { "the greeting",    SMTP_CLIENT_GREETING,    300, smtp_client_on_greeting },
	[STATE_EHLO]      = { "EHLO",            SMTP_CLIENT_HELLO,       300, smtp_client_on_ehlo },
	[STATE_HELO]      = { "HELO",            SMTP_CLIENT_HELLO,       300, smtp_client_on_helo },
	[STATE_STARTTLS]  = { "STARTTLS",        SMTP_CLIENT_TLS,         120, smtp_client_on_starttls },
	[STATE_AUTH]      = { "AUTH",            SMTP_CLIENT_AUTH,        120, smtp_client_on_auth },
	[STATE_AUTH_WORK] = { "AUTH",            SMTP_CLIENT_AUTH,        120, smtp_client_on_cancel },
	[STATE_CANCEL]    = { "AUTH",            SMTP_CLIENT_AUTH,        120, smtp_client_on_cancel },
	[STATE_READY]     = { "nothing",         SMTP_CLIENT_READY,       0,   on_ready_reply },
	[STATE_MAIL]      = { "MAIL",            SMTP_CLIENT_TRANSACTION, 300, smtp_client_on_mail },
	[STATE_RCPT]      = { "RCPT",            SMTP_CLIENT_TRANSACTION, 300, smtp_client_on_rcpt },
	[STATE_DATA]      = { "DATA",            SMTP_CLIENT_TRANSACTION, 120, smtp_client_on_data },
	[STATE_BODY]      = { "the message",     SMTP_CLIENT_TRANSACTION, 0,   smtp_client_on_early },
	[STATE_DOT]       = { "the final dot",   SMTP_CLIENT_TRANSACTION, 600, smtp_client_on_dot },
	[STATE_LOCAL]     = { "nothing",         SMTP_CLIENT_TRANSACTION, 0,   on_ready_reply },
	[STATE_RSET]      = { "RSET",            SMTP_CLIENT_READY,       20,  on_rset },
	[STATE_NOOP]      = { "NOOP",            SMTP_CLIENT_READY,       30,  on_rset },
	[STATE_QUIT]      = { "QUIT",            SMTP_CLIENT_QUIT,        5,   on_quit },
	[STATE_OVER]      = { "nothing",         SMTP_CLIENT_QUIT,        0,   NULL },
};

static void trace(struct smtp_client *c, bool from_server, struct bytes line)
{
	if (c->events->trace)
		c->events->trace(c->owner, from_server, line);
}

void smtp_client_command(struct smtp_client *c, struct bytes command, const char *shown)
{
	net_stream_write(c->stream, command);
	net_stream_write(c->stream, BYTES("\r\n"));
	trace(c, false, shown ? bytes_text(shown) : command);
}

void smtp_client_expect(struct smtp_client *c, enum smtp_client_state state)
{
	int64_t ms = states[state].timeout_s * 1000, most_ms = state == STATE_DOT ? c->dot_timeout_ms : c->timeout_max_ms;

	/* A handshake has its own deadline in the stream, which may be too far away. */
	if (most_ms > 0 && (ms > most_ms || state == STATE_HANDSHAKE))
		ms = most_ms;
	c->state = state;
	net_stream_set_deadline(c->stream, ms);
}

void smtp_client_become_ready(struct smtp_client *c)
{
	smtp_client_expect(c, STATE_READY);
	if (c->quitting)
		smtp_client_quit(c);
	else
		c->events->ready(c->owner);
}

/* ---- the end ---- */

void smtp_client_end(struct smtp_client *c, const struct error *why)
{
	struct error copy = *why;
	enum smtp_client_stage where = states[c->state].stage;

	if (c->state == STATE_OVER || c->gone)
		return;
	net_timer_stop(&c->later);
	if (c->connect)
		net_connect_cancel(c->connect);
	c->connect = NULL;
	if (c->stream && c->state == STATE_QUIT)
		net_stream_finish(c->stream);
	else
		net_stream_close(c->stream);
	c->stream = NULL;
	smtp_client_transaction_cut(c, &copy);
	if (!c->gone)
		c->events->closed(c->owner, where, &copy);
}

void smtp_client_end_with_reply(struct smtp_client *c, const char *what)
{
	struct buffer said = { 0 };
	struct error why = { 0 };

	smtp_reply_describe(&c->reply, &said);
	error_set(&why, smtp_reply_class(&c->reply) == 5 ? ERROR_DENIED : ERROR_TRY_LATER, "%s: %s", what, said.at);
	buffer_release(&said);
	smtp_client_end(c, &why);
}

static void end_broken(struct smtp_client *c, const char *what)
{
	struct error why = { 0 };

	error_set(&why, ERROR_SYNTAX, "%s instead of a reply to %s", what, states[c->state].name);
	smtp_client_end(c, &why);
}

/* ---- replies ---- */

/* Unasked: only a farewell makes sense. */
static void on_ready_reply(struct smtp_client *c)
{
	smtp_client_end_with_reply(c, "the peer ended the session");
}

static void on_rset(struct smtp_client *c)
{
	smtp_client_become_ready(c);
}

static void on_quit(struct smtp_client *c)
{
	struct error why = { 0 };

	error_set(&why, ERROR_CLOSED, "ended with QUIT");
	smtp_client_end(c, &why);
}

/* 421 may answer anything: the step at hand hears it first, then the session is over. */
static void take_reply(struct smtp_client *c)
{
	bool farewell = c->reply.code == 421;

	if (!farewell) {
		states[c->state].reply(c);
		return;
	}
	/* The peer closes now: nothing more is written, what is undecided is decided by the cut. */
	smtp_client_end_with_reply(c, "the peer ended the session");
}

static void take_line(struct smtp_client *c, struct bytes line)
{
	bool hide = c->state == STATE_AUTH && bytes_starts(line, BYTES("334"));

	trace(c, true, hide ? BYTES("334 ****") : line);
	enum smtp_reply_status status = smtp_reply_line(&c->reply, line);
	net_line_done(c->stream, line);
	if (status == SMTP_REPLY_MORE)
		return;
	if (status == SMTP_REPLY_BAD) {
		end_broken(c, "something else");
		return;
	}
	take_reply(c);
	smtp_reply_clear(&c->reply);
}

static void on_input(void *owner)
{
	struct smtp_client *c = owner;
	struct bytes line;

	while (!c->gone && c->stream && c->state != STATE_HANDSHAKE) {
		switch (net_line_read(&c->line, c->stream, &line)) {
		case NET_LINE_READY:
			take_line(c, line);
			break;
		case NET_LINE_NONE:
			return;
		case NET_LINE_TOO_LONG:
			end_broken(c, "a line that is too long");
			return;
		case NET_LINE_BARE_LF:
		case NET_LINE_NUL:
			end_broken(c, "a line with a bare LF or a NUL");
			return;
		}
	}
}

/* ---- the stream ---- */

static void on_drained(void *owner)
{
	smtp_client_on_drained(owner);
}

static void on_secured(void *owner)
{
	smtp_client_on_secured(owner);
}

static void on_closed(void *owner, const struct error *reason)
{
	struct smtp_client *c = owner;
	struct error why = *reason;

	if (c->state == STATE_QUIT)
		error_set(&why, ERROR_CLOSED, "ended with QUIT");
	else if (c->state != STATE_READY)
		error_prefix(&why, "waiting for %s", states[c->state].name);
	/* An end in order, but not at a time when the protocol has one. */
	if (why.kind == ERROR_CLOSED && c->state != STATE_QUIT && c->state != STATE_READY)
		why.kind = ERROR_TRY_LATER;
	smtp_client_end(c, &why);
}

static const struct net_stream_events stream_events = { on_input, on_drained, on_secured, on_closed };

static void on_connected(void *owner, int fd, const struct net_addr *addr, const struct error *err)
{
	struct smtp_client *c = owner;

	(void)addr;
	c->connect = NULL;
	if (fd < 0) {
		smtp_client_end(c, err);
		return;
	}
	/* A peer that went without a word is noticed; the write time-out above decides about one that takes nothing. */
	net_socket_set_keepalive(fd, KEEPALIVE_S, WRITE_BLOCK_MS / 1000);
	c->stream = net_stream_create(c->loop, fd, &stream_events, c, c->budget);
	net_stream_set_write_timeout(c->stream, WRITE_BLOCK_MS);
	if (c->tls == SMTP_CLIENT_TLS_IMPLICIT) {
		smtp_client_expect(c, STATE_HANDSHAKE);
		net_stream_start_tls_client(c->stream, c->tls_context, c->tls_name);
	} else {
		smtp_client_expect(c, STATE_GREETING);
	}
}

/* ---- what the owner calls ---- */

static char *copy(const char *text)
{
	return text ? xstrdup(text) : NULL;
}

struct smtp_client *smtp_client_open(struct net_loop *loop, const struct smtp_client_options *o, const struct smtp_client_events *events, void *owner)
{
	struct smtp_client *c = xcalloc(1, sizeof *c);

	assert(o->tls == SMTP_CLIENT_TLS_NONE || o->tls_context);
	c->loop = loop;
	c->events = events;
	c->owner = owner;
	c->host = copy(o->host);
	c->port = o->port;
	c->hello = copy(o->hello);
	c->tls = o->tls;
	c->tls_context = o->tls_context ? net_tls_context_ref(o->tls_context) : NULL;
	c->tls_name = copy(o->tls_name ? o->tls_name : o->host);
	c->username = copy(o->username);
	c->password = copy(o->password);
	c->allow_cleartext = o->allow_cleartext;
	c->worker = o->worker;
	c->budget = o->budget;
	c->timeout_max_ms = o->reply_timeout_ms;
	c->dot_timeout_ms = o->dot_timeout_ms;
	c->line.limit = SMTP_REPLY_LINE_MAX;
	int64_t connect_ms = c->timeout_max_ms > 0 && c->timeout_max_ms < CONNECT_MS ? c->timeout_max_ms : CONNECT_MS;
	c->connect = net_connect_host(loop, c->worker, c->host, c->port, connect_ms, on_connected, c);
	return c;
}

bool smtp_client_is_ready(const struct smtp_client *c)
{
	return c->state == STATE_READY && !c->gone && !c->quitting;
}

bool smtp_client_is_spent(const struct smtp_client *c)
{
	return c->extensions.mail_max > 0 && c->n_begun >= c->extensions.mail_max;
}

static bool may_take(const struct smtp_client *c)
{
	return !c->gone && !c->quitting && !c->was_recalled && !smtp_client_is_spent(c);
}

bool smtp_client_has_room(const struct smtp_client *c)
{
	return c->state == STATE_DOT && (c->extensions.bits & SMTP_PIPELINING) && c->n_behind == 0 && may_take(c);
}

/* Between the commands of others, or behind the final dot of one that was pulled. */
static bool may_follow(const struct smtp_client *c)
{
	const struct smtp_client_transaction *t = &c->transaction;
	bool front_is_written = c->state == STATE_DOT || (t->is_whole && (c->state == STATE_MAIL || c->state == STATE_RCPT));

	return front_is_written && c->n_behind < SMTP_CLIENT_BEHIND_MAX && (c->n_behind == 0 || c->behind[c->n_behind - 1].is_whole) &&
	       net_stream_pending(c->stream) < NET_STREAM_OUTPUT_HIGH;
}

bool smtp_client_takes_whole(const struct smtp_client *c)
{
	const unsigned needed = SMTP_PIPELINING | SMTP_CHUNKING | SMTP_XTRANSACTION;

	return (c->extensions.bits & needed) == needed && may_take(c) && (c->state == STATE_READY || may_follow(c));
}

const struct smtp_extensions *smtp_client_extensions(const struct smtp_client *c)
{
	return &c->extensions;
}

void smtp_client_keep_alive(struct smtp_client *c)
{
	assert(smtp_client_is_ready(c));
	smtp_client_command(c, BYTES("NOOP"), NULL);
	smtp_client_expect(c, STATE_NOOP);
}

static void give_up(void *owner)
{
	struct error why = { 0 };

	error_set(&why, ERROR_CLOSED, "ended before it was open");
	smtp_client_end(owner, &why);
}

void smtp_client_quit(struct smtp_client *c)
{
	bool opening = c->state < STATE_READY;

	c->quitting = true;
	if (opening) {
		net_timer_start(&c->later, c->loop, 0, give_up, c);
	} else if (c->state == STATE_READY) {
		smtp_client_command(c, BYTES("QUIT"), NULL);
		smtp_client_expect(c, STATE_QUIT);
	}
}

static void destroy(void *owner)
{
	struct smtp_client *c = owner;

	smtp_reply_release(&c->reply);
	smtp_client_transaction_release(&c->transaction);
	for (size_t i = 0; i < c->n_behind; i++)
		smtp_client_transaction_release(&c->behind[i]);
	net_tls_context_unref(c->tls_context);
	free(c->host);
	free(c->hello);
	free(c->tls_name);
	free(c->username);
	if (c->password)
		memory_wipe(c->password, strlen(c->password));
	free(c->password);
	free(c);
}

void smtp_client_close(struct smtp_client *c)
{
	if (!c || c->gone)
		return;
	c->gone = true;
	net_timer_stop(&c->later);
	if (c->connect)
		net_connect_cancel(c->connect);
	net_stream_close(c->stream);
	c->stream = NULL;
	smtp_client_auth_release(c);
	net_loop_call_later(c->loop, destroy, c);
}
