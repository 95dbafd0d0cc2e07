#include "mua/mua_outbox.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "mua/mua_exit.h"
#include "mua/mua_safe.h"

#define PIECE_LEN 65536

struct mua_outbox {
	struct mua_outbox_options options;
	struct mua_outbox_letter letter;
	struct smtp_client_result *results;     /* of every recipient, UNTRIED until decided; their texts are ours */
	/* the transaction under way: of those that are untried */
	struct smtp_client_recipient *recipients;
	size_t *places;                 /* recipients[i] is letter.recipients[places[i]] */
	struct smtp_client_message message;
	struct smtp_client *client;
	mua_outbox_fn *done;
	void *owner;
	unsigned n_fruitless;           /* transactions in a row that decided nothing */
	bool was_sent;                  /* the results tell something */
	bool is_answered;
};

static int exit_code_for(enum smtp_client_stage where, const struct error *why)
{
	if (why->kind == ERROR_DENIED)
		return where == SMTP_CLIENT_AUTH ? MUA_EXIT_AUTH : where == SMTP_CLIENT_TLS ? MUA_EXIT_TLS : MUA_EXIT_UNREACHABLE;
	if (why->kind == ERROR_SYNTAX || why->kind == ERROR_LIMIT)
		return MUA_EXIT_PROTOCOL;
	return where == SMTP_CLIENT_AUTH ? MUA_EXIT_TEMPORARY : MUA_EXIT_UNREACHABLE;
}

static bool is_8bit(struct bytes message)
{
	for (size_t i = 0; i < message.len; i++)
		if ((unsigned char)message.at[i] > 0x7f)
			return true;
	return false;
}

static void start_transaction(struct mua_outbox *b)
{
	size_t n = 0;

	for (size_t i = 0; i < b->letter.n_recipients; i++) {
		if (b->results[i].verdict != SMTP_CLIENT_UNTRIED)
			continue;
		b->recipients[n].address = b->letter.recipients[i];
		b->places[n++] = i;
	}
	b->message.n_recipients = n;
	smtp_client_send(b->client, &b->message);
}

static void on_ready(void *owner)
{
	struct mua_outbox *b = owner;

	if (b->is_answered)
		smtp_client_quit(b->client);
	else
		start_transaction(b);
}

static void on_next(void *owner, uint64_t offset)
{
	struct mua_outbox *b = owner;

	smtp_client_body(b->client, bytes_slice(b->letter.message, (size_t)offset, (size_t)offset + PIECE_LEN));
}

static int exit_code_of_results(const struct smtp_client_result *results, size_t n)
{
	size_t n_accepted = 0, n_permanent = 0;

	for (size_t i = 0; i < n; i++) {
		n_accepted += results[i].verdict == SMTP_CLIENT_ACCEPTED;
		n_permanent += results[i].verdict == SMTP_CLIENT_PERMANENT;
	}
	if (n_accepted == n)
		return MUA_EXIT_OK;
	if (n_accepted > 0)
		return MUA_EXIT_PARTIAL;
	return n_permanent > 0 ? MUA_EXIT_REJECTED : MUA_EXIT_TEMPORARY;
}

static void answer(struct mua_outbox *b)
{
	size_t n = b->letter.n_recipients;

	b->is_answered = true;
	b->done(b->owner, NULL, exit_code_of_results(b->results, n), b->results, n);
}

/* Untried is the session's limit, not the letter's: the rest is sent again, in this session or a new one, while that leads on. */
static void on_sent(void *owner, const struct smtp_client_result *results, size_t n)
{
	struct mua_outbox *b = owner;
	size_t n_untried = 0;

	for (size_t i = 0; i < n; i++) {
		struct smtp_client_result *kept = &b->results[b->places[i]];
		free((char *)kept->text);
		*kept = results[i];
		kept->text = xstrdup(results[i].text);
		n_untried += kept->verdict == SMTP_CLIENT_UNTRIED;
	}
	b->was_sent = true;
	b->n_fruitless = n_untried == n ? b->n_fruitless + 1 : 0;
	if (n_untried == 0 || b->n_fruitless == 2)
		answer(b);
}

static void open_session(struct mua_outbox *);

static void on_closed(void *owner, enum smtp_client_stage where, const struct error *why)
{
	struct mua_outbox *b = owner;
	struct error reason = *why;
	bool is_open = !b->is_answered && b->was_sent;

	smtp_client_close(b->client);
	b->client = NULL;
	if (is_open && where >= SMTP_CLIENT_READY) {
		open_session(b);
	} else if (is_open) {
		answer(b);
	} else if (!b->is_answered) {
		b->is_answered = true;
		b->done(b->owner, &reason, exit_code_for(where, &reason), NULL, 0);
	}
}

static void on_trace(void *owner, bool from_server, struct bytes line)
{
	struct buffer text = { 0 };

	(void)owner;
	buffer_add_text(&text, from_server ? "SMTP S: " : "SMTP C: ");
	mua_safe_line(&text, line);
	fprintf(stderr, "%s\n", text.at);
	buffer_release(&text);
}

static const struct smtp_client_events plain_events = { on_ready, on_next, on_sent, on_closed, NULL, NULL };
static const struct smtp_client_events traced_events = { on_ready, on_next, on_sent, on_closed, on_trace, NULL };

static void open_session(struct mua_outbox *b)
{
	static const enum smtp_client_tls tls_of[] = { SMTP_CLIENT_TLS_NONE, SMTP_CLIENT_TLS_REQUIRED, SMTP_CLIENT_TLS_IMPLICIT };
	const struct mua_outbox_options *options = &b->options;
	const struct mua_endpoint *end = &options->account->smtp;

	b->client = smtp_client_open(options->loop, &(struct smtp_client_options){
		.host = end->host,
		.port = end->port,
		.hello = "[127.0.0.1]",
		.tls = tls_of[end->tls],
		.tls_context = end->tls == MUA_TLS_NONE ? NULL : options->account->tls,
		.username = end->user,
		.password = options->account->password,
		.allow_cleartext = end->tls == MUA_TLS_NONE,
		.worker = options->worker,
		.reply_timeout_ms = options->timeout_ms,
		.dot_timeout_ms = options->dot_timeout_ms,
	}, options->trace ? &traced_events : &plain_events, b);
}

struct mua_outbox *mua_outbox_send(const struct mua_outbox_options *options, const struct mua_outbox_letter *letter, mua_outbox_fn *done, void *owner)
{
	struct mua_outbox *b = xcalloc(1, sizeof *b);

	b->options = *options;
	b->letter = *letter;
	b->done = done;
	b->owner = owner;
	b->results = xcalloc(letter->n_recipients, sizeof *b->results);
	b->recipients = xcalloc(letter->n_recipients, sizeof *b->recipients);
	b->places = xcalloc(letter->n_recipients, sizeof *b->places);
	for (size_t i = 0; i < letter->n_recipients; i++)
		b->results[i].verdict = SMTP_CLIENT_UNTRIED;
	b->message = (struct smtp_client_message){
		.sender = letter->sender,
		.recipients = b->recipients,
		.size = letter->message.len,
		.is_8bit = is_8bit(letter->message),
	};
	open_session(b);
	return b;
}

bool mua_outbox_is_over(const struct mua_outbox *b)
{
	return b->client == NULL;
}

void mua_outbox_destroy(struct mua_outbox *b)
{
	if (b == NULL)
		return;
	smtp_client_close(b->client);
	for (size_t i = 0; i < b->letter.n_recipients; i++)
		free((char *)b->results[i].text);
	free(b->results);
	free(b->recipients);
	free(b->places);
	free(b);
}
