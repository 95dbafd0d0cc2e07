/* smtp_client_transaction: MAIL, RCPT, DATA, the octets, the final dot; or BDAT LAST.  RFC 5321 3.3, RFC 2920, RFC 3030. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "smtp/smtp_client_state.h"
#include "smtp/smtp_path.h"

#define FLAWED "the message holds a bare CR, a bare LF or a NUL"

/* ---- results ---- */

static void decide(struct smtp_client_transaction *t, size_t i, enum smtp_client_verdict verdict, int code, const char *enhanced, const char *text)
{
	struct smtp_client_result *r = &t->results[i];

	if (t->decided[i])
		return;
	t->decided[i] = true;
	r->verdict = verdict;
	r->code = code;
	r->text = arena_text(&t->arena, text);
	if (enhanced[0] != '\0')
		snprintf(r->enhanced, sizeof r->enhanced, "%s", enhanced);
	else
		snprintf(r->enhanced, sizeof r->enhanced, "%c.0.0", verdict == SMTP_CLIENT_ACCEPTED ? '2' : verdict == SMTP_CLIENT_PERMANENT ? '5' : '4');
}

static void decide_rest(struct smtp_client_transaction *t, enum smtp_client_verdict verdict, int code, const char *enhanced, const char *text)
{
	for (size_t i = 0; i < t->message->n_recipients; i++)
		decide(t, i, verdict, code, enhanced, text);
}

/*
 * A session that has served its share says so with 452: that is no verdict on this message.  A session
 * without a message before has no such excuse, so that nobody tries at once for ever.
 */
static enum smtp_client_verdict verdict_of(const struct smtp_client *c, bool has_served)
{
	const struct smtp_reply *r = &c->reply;

	if (smtp_reply_class(r) == 5)
		return SMTP_CLIENT_PERMANENT;
	if (has_served && r->code == 452 && (strcmp(r->enhanced, "4.5.3") == 0 || strcmp(r->enhanced, "4.4.5") == 0))
		return SMTP_CLIENT_UNTRIED;
	return SMTP_CLIENT_TEMPORARY;
}

/* The reply at hand decides one recipient, or all that are still open when i is SIZE_MAX. */
static void decide_by_reply(struct smtp_client *c, size_t i, enum smtp_client_verdict verdict)
{
	struct buffer said = { 0 };

	smtp_reply_describe(&c->reply, &said);
	if (i == SIZE_MAX)
		decide_rest(&c->transaction, verdict, c->reply.code, c->reply.enhanced, said.at);
	else
		decide(&c->transaction, i, verdict, c->reply.code, c->reply.enhanced, said.at);
	buffer_release(&said);
}

void smtp_client_transaction_release(struct smtp_client_transaction *t)
{
	buffer_release(&t->encoded);
	arena_reset(&t->arena);
	*t = (struct smtp_client_transaction){ 0 };
}

/* The results go to the owner; the arena holds them until it has seen them.  The next message takes the place. */
static void tell(struct smtp_client *c)
{
	struct smtp_client_transaction *t = &c->transaction;
	const struct smtp_client_message *message = t->message;

	t->message = NULL;
	c->events->sent(c->owner, t->results, message->n_recipients);
	smtp_client_transaction_release(t);
	if (c->n_behind > 0) {
		*t = c->behind[0];
		memmove(c->behind, c->behind + 1, --c->n_behind * sizeof *c->behind);
	}
}

void smtp_client_transaction_cut(struct smtp_client *c, const struct error *why)
{
	bool before_data = c->state == STATE_MAIL || c->state == STATE_RCPT || c->state == STATE_DATA;
	bool served = c->n_begun > 1 && before_data;
	int code = c->reply.code == 421 ? 421 : 0;

	c->state = STATE_OVER;
	if (!c->transaction.message)
		return;
	decide_rest(&c->transaction, served ? SMTP_CLIENT_UNTRIED : SMTP_CLIENT_TEMPORARY, code, "4.4.2", why->text);
	tell(c);
	/* None of their octets left, or the peer will know them by their names. */
	while (!c->gone && c->transaction.message) {
		decide_rest(&c->transaction, SMTP_CLIENT_UNTRIED, code, "4.4.2", why->text);
		tell(c);
	}
}

static void begin(struct smtp_client *c);

/* The message is over and the session is not. */
static void finish(struct smtp_client *c)
{
	bool must_reset = c->transaction.is_open;
	struct error why = { 0 };

	c->state = STATE_LOCAL;
	/* With those behind that were decided before anything was written: no reply will come for them. */
	do {
		tell(c);
		if (c->gone)
			return;
	} while (c->transaction.message && c->transaction.at == c->transaction.message->n_recipients);
	if (c->was_recalled) {
		error_set(&why, ERROR_CLOSED, "ended because a message was taken back");
		smtp_client_end(c, &why);
	} else if (must_reset) {
		smtp_client_command(c, BYTES("RSET"), NULL);
		smtp_client_expect(c, STATE_RSET);
	} else if (c->transaction.message) {
		begin(c);
		if (c->events->room && smtp_client_takes_whole(c))
			c->events->room(c->owner);
	} else {
		smtp_client_become_ready(c);
	}
}

/* ---- commands ---- */

/* The next recipient at or behind i that is not decided yet; n when there is none. */
static size_t next_open(const struct smtp_client_transaction *t, size_t i)
{
	while (i < t->message->n_recipients && t->decided[i])
		i++;
	return i;
}

static bool pipelines(const struct smtp_client *c)
{
	return c->extensions.bits & SMTP_PIPELINING;
}

/* ---- before anything is said: what this peer cannot take ---- */

static void refuse_bad_addresses(struct smtp_client_transaction *t)
{
	const struct smtp_client_message *m = t->message;
	struct buffer path = { 0 };

	for (size_t i = 0; i < m->n_recipients; i++) {
		if (m->recipients[i].address[0] == '\0' || !smtp_path_write(bytes_text(m->recipients[i].address), &path))
			decide(t, i, SMTP_CLIENT_PERMANENT, 0, "5.1.3", "the address cannot be written in SMTP");
	}
	if (!smtp_path_write(bytes_text(m->sender), &path))
		decide_rest(t, SMTP_CLIENT_PERMANENT, 0, "5.1.7", "the sender's address cannot be written in SMTP");
	buffer_release(&path);
}

static void refuse_unfit(struct smtp_client_transaction *t, const struct smtp_extensions *e)
{
	const struct smtp_client_message *m = t->message;

	refuse_bad_addresses(t);
	if (smtp_client_needs_utf8(m) && !(e->bits & SMTP_SMTPUTF8))
		decide_rest(t, SMTP_CLIENT_PERMANENT, 0, "5.6.7", "the next server does not take addresses outside ASCII (SMTPUTF8)");
	if (m->is_8bit && !(e->bits & SMTP_8BITMIME))
		decide_rest(t, SMTP_CLIENT_PERMANENT, 0, "5.6.3", "the next server does not take octets above 127 (8BITMIME)");
	if (e->size_max > 0 && m->size > e->size_max)
		decide_rest(t, SMTP_CLIENT_PERMANENT, 0, "5.3.4", "the message is larger than the next server takes");
}

static void refuse_flawed(struct smtp_client_transaction *t)
{
	struct smtp_data_checker checker = { 0 };

	smtp_data_check(&checker, t->message->whole);
	smtp_data_check_end(&checker);
	if (checker.flaws != 0)
		decide_rest(t, SMTP_CLIENT_PERMANENT, 0, "5.6.0", FLAWED);
}

static void finish_local(void *owner)
{
	finish(owner);
}

/* Wait for what the first reply decides. */
static void begin(struct smtp_client *c)
{
	const struct smtp_client_transaction *t = &c->transaction;

	if (t->at < t->message->n_recipients) {
		smtp_client_expect(c, STATE_MAIL);
	} else {
		smtp_client_expect(c, STATE_LOCAL);
		net_timer_start(&c->later, c->loop, 0, finish_local, c);
	}
}

static void write_commands(struct smtp_client *c, struct smtp_client_transaction *t)
{
	size_t n = t->message->n_recipients;

	if (t->at == n)
		return;
	c->n_begun++;
	smtp_client_write_mail(c, t->message);
	if (!pipelines(c))
		return;
	for (size_t i = t->at; i < n; i = next_open(t, i + 1)) {
		smtp_client_write_rcpt(c, &t->message->recipients[i]);
		t->n_awaited++;
	}
	if (t->is_whole)
		smtp_client_write_whole(c, t->message->whole);
	else
		smtp_client_command(c, BYTES("DATA"), NULL);
}

void smtp_client_send(struct smtp_client *c, const struct smtp_client_message *message)
{
	bool is_whole = message->whole.len > 0, is_next = !smtp_client_is_ready(c);
	struct smtp_client_transaction *t = is_next ? &c->behind[c->n_behind] : &c->transaction;
	size_t n = message->n_recipients;

	assert(n > 0 && (is_whole ? smtp_client_takes_whole(c) : !is_next || smtp_client_has_room(c)));
	if (is_next)
		c->n_behind++;
	*t = (struct smtp_client_transaction){ 0 };
	t->message = message;
	t->is_whole = is_whole;
	t->results = arena_alloc(&t->arena, n * sizeof *t->results);
	t->decided = arena_alloc(&t->arena, n * sizeof *t->decided);
	refuse_unfit(t, &c->extensions);
	if (is_whole)
		refuse_flawed(t);
	t->at = next_open(t, 0);
	write_commands(c, t);
	if (!is_next)
		begin(c);
}

bool smtp_client_recall(struct smtp_client *c)
{
	bool is_awaited = c->state == STATE_DOT || c->state == STATE_MAIL || c->state == STATE_RCPT;

	if (!is_awaited || c->n_behind == 0 || c->gone)
		return false;
	while (c->n_behind > 0)
		smtp_client_transaction_release(&c->behind[--c->n_behind]);
	c->was_recalled = true;
	return true;
}

/* ---- replies ---- */

void smtp_client_on_mail(struct smtp_client *c)
{
	struct smtp_client_transaction *t = &c->transaction;

	t->mail_refused = smtp_reply_class(&c->reply) != 2;
	t->is_open = !t->mail_refused;
	if (t->mail_refused)
		decide_by_reply(c, SIZE_MAX, verdict_of(c, c->n_begun > 1));
	if (t->mail_refused && !pipelines(c)) {
		finish(c);
		return;
	}
	if (!pipelines(c))
		smtp_client_write_rcpt(c, &t->message->recipients[t->at]);
	smtp_client_expect(c, STATE_RCPT);
}

/* All recipients are answered. */
static void after_recipients(struct smtp_client *c)
{
	if (c->transaction.is_whole) {
		smtp_client_expect(c, STATE_DOT);
	} else if (pipelines(c)) {
		smtp_client_expect(c, STATE_DATA);
	} else if (c->transaction.n_accepted == 0) {
		finish(c);
	} else {
		smtp_client_command(c, BYTES("DATA"), NULL);
		smtp_client_expect(c, STATE_DATA);
	}
}

void smtp_client_on_rcpt(struct smtp_client *c)
{
	struct smtp_client_transaction *t = &c->transaction;

	if (pipelines(c))
		t->n_awaited--;
	/* Behind a refused MAIL the replies to what was pipelined tell nothing new. */
	if (!t->mail_refused && smtp_reply_class(&c->reply) == 2)
		t->n_accepted++;
	else if (!t->mail_refused)
		decide_by_reply(c, t->at, verdict_of(c, t->n_accepted > 0));
	t->at = next_open(t, t->at + 1);
	if (pipelines(c) ? t->n_awaited == 0 : t->at == t->message->n_recipients) {
		after_recipients(c);
		return;
	}
	if (!pipelines(c))
		smtp_client_write_rcpt(c, &t->message->recipients[t->at]);
	smtp_client_expect(c, STATE_RCPT);
}

static void pull(struct smtp_client *c);

void smtp_client_on_data(struct smtp_client *c)
{
	struct smtp_client_transaction *t = &c->transaction;

	if (c->reply.code == 354 && t->n_accepted == 0) {
		/* It waits for a message nobody is to get: an empty one, whatever comes of it. */
		smtp_client_command(c, BYTES("."), NULL);
		smtp_client_expect(c, STATE_DOT);
	} else if (c->reply.code == 354) {
		smtp_client_expect(c, STATE_BODY);
		t->wants = true;
		pull(c);
	} else if (smtp_reply_class(&c->reply) <= 3) {
		smtp_client_end_with_reply(c, "DATA was answered with");
	} else {
		decide_by_reply(c, SIZE_MAX, verdict_of(c, c->n_begun > 1));
		finish(c);
	}
}

/* A reply before the final dot: the peer has had enough, and what we sent since would be read as commands. */
void smtp_client_on_early(struct smtp_client *c)
{
	if (smtp_reply_class(&c->reply) >= 4)
		decide_by_reply(c, SIZE_MAX, verdict_of(c, false));
	smtp_client_end_with_reply(c, "the message was cut off with");
}

void smtp_client_on_dot(struct smtp_client *c)
{
	bool ok = smtp_reply_class(&c->reply) == 2;

	c->transaction.is_open = false;
	decide_by_reply(c, SIZE_MAX, ok ? SMTP_CLIENT_ACCEPTED : verdict_of(c, false));
	finish(c);
}

/* ---- the octets ---- */

/* Ask the owner as long as there is room; one that answers within the call does not nest. */
static void pull(struct smtp_client *c)
{
	struct smtp_client_transaction *t = &c->transaction;

	if (t->in_next)
		return;
	t->in_next = true;
	while (t->wants && c->state == STATE_BODY && !c->gone) {
		t->wants = false;
		c->events->next(c->owner, t->offset);
	}
	t->in_next = false;
}

void smtp_client_on_drained(struct smtp_client *c)
{
	if (c->state == STATE_BODY && c->transaction.wants)
		pull(c);
	else if (c->events->room && c->transaction.message && smtp_client_takes_whole(c))
		c->events->room(c->owner);
}

static void fail(void *owner)
{
	struct smtp_client *c = owner;
	struct error why = c->transaction.failure;

	if (!error_is_temporary(&why))
		decide_rest(&c->transaction, SMTP_CLIENT_PERMANENT, 0, "5.6.0", why.text);
	smtp_client_end(c, &why);
}

void smtp_client_body(struct smtp_client *c, struct bytes octets)
{
	struct smtp_client_transaction *t = &c->transaction;

	if (c->state != STATE_BODY || c->gone)
		return;
	buffer_clear(&t->encoded);
	bool is_last = octets.len == 0;
	bool ok = is_last ? smtp_data_encode_end(&t->encoder, &t->encoded) : smtp_data_encode(&t->encoder, octets, &t->encoded);
	if (!ok) {
		struct error why = { 0 };
		error_set(&why, ERROR_SYNTAX, FLAWED);
		smtp_client_body_failed(c, &why);
		return;
	}
	bool has_room = net_stream_write(c->stream, buffer_bytes(&t->encoded));
	t->offset += octets.len;
	if (is_last) {
		smtp_client_expect(c, STATE_DOT);
		if (c->events->room && smtp_client_has_room(c))
			c->events->room(c->owner);
		return;
	}
	t->wants = true;
	if (has_room)
		pull(c);
}

void smtp_client_body_failed(struct smtp_client *c, const struct error *why)
{
	if (c->state != STATE_BODY || c->gone)
		return;
	c->transaction.failure = *why;
	net_timer_start(&c->later, c->loop, 0, fail, c);
}
