#include "imapd/imapd_session.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/random.h"
#include "imapd/imapd_capability.h"
#include "imapd/imapd_commands.h"
#include "imapd/imapd_reply.h"
#include "imapd/imapd_update.h"
#include "imapd/imapd_view.h"
#include "service/service_login.h"

#define LINE_MAX_BEFORE_LOGIN 8192
#define LINE_MAX_AFTER_LOGIN (64 * 1024)
#define LITERAL_MAX_BEFORE_LOGIN 4096
#define LITERAL_MAX_AFTER_LOGIN (64 * 1024)
#define DROP_MAX (256u << 20)           /* a larger {n+} that is refused costs the connection */

#define LOGIN_LIMIT_MS (60 * 1000)
#define AUTOLOGOUT_MS (30 * 60 * 1000)
#define PARTIAL_MS (5 * 60 * 1000)      /* for the rest of a command that began to arrive */

#define LOOK_MS 20                      /* at the output of a client that closed its side */
#define LOOKS_MAX 3000

static void session_read(struct imapd_session *);
static void drained(void *owner);

/* ---- end ---- */

static void destroy(void *owner)
{
	free(owner);
}

static void release_command(struct imapd_session *s)
{
	store_request_forget(s->request);
	s->request = NULL;
	if (s->release_work)
		s->release_work(s);
	s->release_work = NULL;
	s->work = NULL;
	imapd_update_end_command(s);
	budget_give(service_budget(s->loop->service), s->budget_taken);
	s->budget_taken = 0;
	s->command = NULL;
	s->on_line = s->on_octets = NULL;
	s->on_drained = NULL;
	s->refusal = s->final = NULL;
	s->is_idle = false;
	arena_reset(&s->arena);
}

static void release(struct imapd_session *s)
{
	char ip[NET_ADDR_TEXT];

	log_info("imapd", "logout", "session=%s user=%s ip=%s commands=%" PRIu64 " fetched=%" PRIu64 " appended=%" PRIu64 " stored=%" PRIu64 " copied=%" PRIu64 " expunged=%" PRIu64,
	         s->id, s->user ? s->user : "", imapd_session_ip(s, ip), s->counts.commands, s->counts.fetched,
	         s->counts.appended, s->counts.stored, s->counts.copied, s->counts.expunged);
	release_command(s);
	imapd_session_deselect(s);
	net_timer_stop(&s->timer);
	struct imapd_loop *all = s->loop->program;
	list_remove(&all->sessions, &s->node);
	imap_token_release(&s->reader);
	buffer_release(&s->tag);
	buffer_release(&s->out);
	free(s->user);
	s->user = NULL;
	service_generation_unref(s->generation);
	service_connection_end(s->loop, &s->peer);
	s->is_over = true;
	net_loop_call_later(s->loop->net, destroy, s);
}

static void close_session(struct imapd_session *s)
{
	if (s->is_over)
		return;
	imapd_session_flush(s);
	net_stream_finish(s->stream);
	release(s);
}

void imapd_session_bye(struct imapd_session *s, const char *text)
{
	if (s->is_over)
		return;
	if (!s->is_bye_sent)
		imapd_untagged(s, "BYE %s", text);
	s->is_bye_sent = true;
	close_session(s);
}

void imapd_session_stop(struct imapd_session *s, const char *why)
{
	if (!s->command || s->is_idle || s->is_reading)
		imapd_session_bye(s, why);
	else
		s->is_stopping = true;
}

/* ---- time ---- */

static void expired(void *owner)
{
	struct imapd_session *s = owner;

	if (s->state == IMAPD_GREETED)
		imapd_session_bye(s, "Too slow: log in within a minute");
	else if (s->is_partial)
		imapd_session_bye(s, "Too slow: the command did not arrive in time");
	else
		imapd_session_bye(s, "Autologout: idle for too long");
}

void imapd_session_arm(struct imapd_session *s)
{
	int64_t now = net_loop_now_ms(s->loop->net);
	int64_t wait = s->state == IMAPD_GREETED ? s->login_until_ms - now : s->is_partial ? PARTIAL_MS : AUTOLOGOUT_MS;

	net_timer_start(&s->timer, s->loop->net, wait > 0 ? wait : 0, expired, s);
}

void imapd_session_arm_for(struct imapd_session *s, int64_t ms)
{
	s->is_partial = true;
	net_timer_start(&s->timer, s->loop->net, ms, expired, s);
}

/* ---- output ---- */

bool imapd_session_flush(struct imapd_session *s)
{
	bool may_go_on = true;

	if (s->out.len > 0)
		may_go_on = net_stream_write(s->stream, buffer_bytes(&s->out));
	buffer_clear(&s->out);
	return may_go_on;
}

/* A stream whose peer has ended calls no more. */
static void look_at_output(void *owner)
{
	struct imapd_session *s = owner;

	if (net_stream_pending(s->stream) <= NET_STREAM_OUTPUT_LOW)
		drained(s);
	else if (++s->n_looks < LOOKS_MAX)
		net_timer_start(&s->timer, s->loop->net, LOOK_MS, look_at_output, s);
	else
		close_session(s);
}

void imapd_session_when_drained(struct imapd_session *s, void (*then)(struct imapd_session *))
{
	s->on_drained = then;
	s->n_looks = 0;
	if (s->has_ended)
		net_timer_start(&s->timer, s->loop->net, LOOK_MS, look_at_output, s);
}

/* ---- commands ---- */

enum imapd_after imapd_session_read_lines(struct imapd_session *s, imapd_line_fn *fn)
{
	s->on_line = fn;
	s->reader.lines_only = true;
	imap_token_clear(&s->reader);
	return IMAPD_READ;
}

static void end_command(struct imapd_session *s)
{
	bool is_secret = s->command && (s->command->flags & IMAPD_SECRET);

	s->counts.commands++;
	release_command(s);
	buffer_clear(&s->tag);
	if (is_secret && s->reader.text.at)
		memory_wipe(s->reader.text.at, s->reader.text.capacity);
	imap_token_clear(&s->reader);
	s->reader.lines_only = false;
	s->reader.line_max = s->state == IMAPD_GREETED ? LINE_MAX_BEFORE_LOGIN : LINE_MAX_AFTER_LOGIN;
	s->is_partial = false;
	imapd_session_arm(s);
	if (s->is_stopping)
		imapd_session_bye(s, "Shutting down");
}

static void act(struct imapd_session *s, enum imapd_after after)
{
	if (s->is_over)
		return;
	s->is_reading = after == IMAPD_NEXT || after == IMAPD_READ;
	if (after == IMAPD_NEXT)
		end_command(s);
	else if (after == IMAPD_CLOSE)
		close_session(s);
}

void imapd_session_resume(struct imapd_session *s, enum imapd_after after)
{
	act(s, after);
	if (!s->is_in_read && !s->is_over)
		session_read(s);
}

static enum imapd_after refuse_literal(struct imapd_session *s, const char *text)
{
	if (s->reader.literal.waits) {
		imap_token_clear(&s->reader);
		return imapd_finish(s, "%s", text);
	}
	if (s->reader.literal.size > DROP_MAX) {
		imapd_session_bye(s, "The literal is too large");
		return IMAPD_CLOSE;
	}
	s->refusal = text;
	imap_token_drop(&s->reader);
	return IMAPD_READ;
}

static enum imapd_after literal_announced(struct imapd_session *s)
{
	size_t max = s->state == IMAPD_GREETED ? LITERAL_MAX_BEFORE_LOGIN : LITERAL_MAX_AFTER_LOGIN;
	uint64_t size = s->reader.literal.size;
	bool is_taken = false;
	enum imapd_after after = imapd_command_literal(s, &is_taken);

	if (is_taken)
		return after;
	if (size > max || s->budget_taken + size > max)
		return refuse_literal(s, "NO [TOOBIG] The literal is too large here");
	if (!budget_take(service_budget(s->loop->service), (size_t)size))
		return refuse_literal(s, "NO [LIMIT] The server is short of memory; try again later");
	s->budget_taken += (size_t)size;
	imap_token_keep(&s->reader);
	if (s->reader.literal.waits)
		imapd_continue(s, "Go on");
	return IMAPD_READ;
}

static enum imapd_after line_came(struct imapd_session *s)
{
	if (!s->on_line)
		return imapd_command_run(s);
	/* The handler may ask for the next line: this one is copied out of the way. */
	struct bytes line = arena_bytes(&s->arena, buffer_bytes(&s->reader.text));
	imap_token_clear(&s->reader);
	return s->on_line(s, line);
}

static enum imapd_after handle(struct imapd_session *s, enum imap_token_event event)
{
	switch (event) {
	case IMAP_TOKEN_MORE:
		return IMAPD_READ;
	case IMAP_TOKEN_COMMAND:
		return line_came(s);
	case IMAP_TOKEN_LITERAL:
		return literal_announced(s);
	case IMAP_TOKEN_OCTETS:
		return s->on_octets(s, s->reader.octets);
	case IMAP_TOKEN_DROPPED:
		return imapd_finish(s, "%s", s->refusal);
	case IMAP_TOKEN_TOO_LONG:
		imapd_session_bye(s, "The command line is too long");
		return IMAPD_CLOSE;
	case IMAP_TOKEN_NUL:
		imapd_session_bye(s, "A NUL octet is not allowed in a command");
		return IMAPD_CLOSE;
	}
	return IMAPD_CLOSE;
}

/* Nothing is left to read now: send what was said, and keep nothing that is not needed. */
static void rest(struct imapd_session *s)
{
	imapd_session_flush(s);
	if (imap_token_is_empty(&s->reader) && (!s->command || s->is_idle)) {
		imap_token_release(&s->reader);
		buffer_release(&s->out);
		if (s->is_idle)
			arena_reset(&s->arena);
		else
			buffer_release(&s->tag);
	} else if (!s->command && !s->is_partial) {
		s->is_partial = true;
		imapd_session_arm(s);
	}
}

/* A client that does not read its answers gets no more of them: reading goes on when they are drained. */
static bool is_heard(const struct imapd_session *s)
{
	return s->out.len + net_stream_pending(s->stream) <= NET_STREAM_OUTPUT_HIGH;
}

static void session_read(struct imapd_session *s)
{
	s->is_in_read = true;
	while (!s->is_over && s->is_reading && is_heard(s)) {
		struct bytes in = net_stream_input(s->stream);
		size_t used;
		if (in.len == 0)
			break;
		enum imap_token_event event = imap_token_feed(&s->reader, in, &used);
		/* Octets of a literal are borrowed from the input; for the rest the handler must see only what comes after it. */
		if (event != IMAP_TOKEN_OCTETS)
			net_stream_consume(s->stream, used);
		enum imapd_after after = handle(s, event);
		if (event == IMAP_TOKEN_OCTETS && !s->is_over)
			net_stream_consume(s->stream, used);
		act(s, after);
	}
	s->is_in_read = false;
	if (s->is_over)
		return;
	if (s->has_ended && s->is_reading)
		close_session(s);
	else
		rest(s);
}

/* ---- the stream's calls ---- */

static void greet(struct imapd_session *s)
{
	buffer_add_text(&s->out, "* OK [CAPABILITY ");
	imapd_capability_add(s, &s->out);
	buffer_printf(&s->out, "] %s Posta ready\r\n", s->generation->settings.hostname);
	s->is_reading = true;
	session_read(s);
}

static void input_came(void *owner)
{
	session_read(owner);
}

static void drained(void *owner)
{
	struct imapd_session *s = owner;
	void (*then)(struct imapd_session *) = s->on_drained;

	if (!then) {
		session_read(s);
		return;
	}
	s->on_drained = NULL;
	imapd_session_arm(s);
	then(s);
}

static void secured(void *owner)
{
	struct imapd_session *s = owner;

	if (!s->is_reading)
		greet(s);
}

static void closed(void *owner, const struct error *why)
{
	struct imapd_session *s = owner;

	if (why->kind == ERROR_CLOSED) {
		s->has_ended = true;
		if (s->on_drained)
			imapd_session_when_drained(s, s->on_drained);
		session_read(s);
		return;
	}
	log_info("imapd", "lost", "session=%s why=%s", s->id, why->text);
	net_stream_close(s->stream);
	release(s);
}

static const struct net_stream_events stream_events = { .input = input_came, .drained = drained, .secured = secured, .closed = closed };

void imapd_session_accept(struct service_loop *loop, int fd, const struct net_addr *peer, const struct service_listen *listen)
{
	struct imapd_session *s = xcalloc(1, sizeof *s);
	struct imapd_loop *all = loop->program;

	s->loop = loop;
	s->generation = service_generation_ref(loop->generation);
	s->peer = *peer;
	s->reader.line_max = LINE_MAX_BEFORE_LOGIN;
	s->login_until_ms = net_loop_now_ms(loop->net) + LOGIN_LIMIT_MS;
	s->is_tls_offered = listen->tls == SERVICE_TLS_STARTTLS && s->generation->tls;
	codec_id_encode(random_time_id(clock_now_ms()), s->id);
	list_append(&all->sessions, &s->node);
	s->stream = net_stream_create(loop->net, fd, &stream_events, s, service_budget(loop->service));
	imapd_session_arm(s);
	if (listen->tls == SERVICE_TLS_IMPLICIT)
		net_stream_start_tls_server(s->stream, s->generation->tls);
	else
		greet(s);
}

/* ---- facts ---- */

void imapd_session_deselect(struct imapd_session *s)
{
	imapd_update_forget(s);
	imapd_view_destroy(s->view);
	s->view = NULL;
	if (s->state == IMAPD_SELECTED)
		s->state = IMAPD_AUTHENTICATED;
}

bool imapd_session_may_send_password(struct imapd_session *s)
{
	return service_login_allows_password(&s->generation->settings, s->stream);
}

bool imapd_session_is_exempt(const struct imapd_session *s)
{
	return service_login_is_exempt(&s->generation->settings, &s->peer);
}

const char *imapd_session_ip(const struct imapd_session *s, char text[NET_ADDR_TEXT])
{
	return net_addr_format_ip(&s->peer, text);
}
