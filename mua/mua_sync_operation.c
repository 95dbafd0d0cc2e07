#include "mua/mua_sync_operation.h"

#include <stdarg.h>
#include <stdio.h>

#include "mua/mua_exit.h"
#include "mua/mua_safe.h"

/* The end of an operation */

void mua_sync_end(struct mua_sync *s, const struct error *err, int exit_code)
{
	mua_sync_fn *done = s->done;
	struct buffer body = s->body;

	s->done = NULL;
	s->start = NULL;
	s->step = NULL;
	s->take = NULL;
	s->on_reply = NULL;
	s->body = (struct buffer){ 0 };
	s->is_idling = false;
	net_timer_stop(&s->renewal);
	mua_changes_drop(&s->changes);
	if (done != NULL)
		done(s->owner, err, exit_code, buffer_bytes(&body));
	buffer_release(&body);
}

void mua_sync_fail(struct mua_sync *s, enum error_kind kind, int exit_code, const char *format, ...)
{
	char text[sizeof s->failure.text];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	error_set(&s->failure, kind, "%s", text);
	mua_sync_end(s, &s->failure, exit_code);
}

bool mua_sync_check_cache(struct mua_sync *s, bool ok)
{
	int exit_code = MUA_EXIT_IO;

	if (s->failure.kind == ERROR_SYNTAX)
		exit_code = MUA_EXIT_PROTOCOL;
	else if (s->failure.kind == ERROR_TRY_LATER)
		exit_code = MUA_EXIT_TEMPORARY;
	if (!ok)
		mua_sync_end(s, &s->failure, exit_code);
	return ok;
}

bool mua_sync_flush(struct mua_sync *s)
{
	return mua_sync_check_cache(s, s->failure.kind == ERROR_NONE && mua_changes_flush(&s->changes, &s->failure));
}

/* RFC 5530 */
static const struct {
	const char *code;
	enum error_kind kind;
	int exit_code;
} refusals[] = {
	{ "UNAVAILABLE", ERROR_TRY_LATER, MUA_EXIT_TEMPORARY },
	{ "INUSE", ERROR_TRY_LATER, MUA_EXIT_TEMPORARY },
	{ "LIMIT", ERROR_TRY_LATER, MUA_EXIT_TEMPORARY },
	{ "SERVERBUG", ERROR_TRY_LATER, MUA_EXIT_TEMPORARY },
	{ "CONTACTADMIN", ERROR_TRY_LATER, MUA_EXIT_TEMPORARY },
	{ "OVERQUOTA", ERROR_TRY_LATER, MUA_EXIT_TEMPORARY },
	{ "CANNOT", ERROR_DENIED, MUA_EXIT_UNREACHABLE },
	{ "ALREADYEXISTS", ERROR_EXISTS, MUA_EXIT_DATA },
	{ "NOPERM", ERROR_DENIED, MUA_EXIT_GENERIC },
	{ "", ERROR_NOT_FOUND, MUA_EXIT_NOT_FOUND },
};

bool mua_sync_check(struct mua_sync *s, const struct imap_reply *reply, const char *what)
{
	struct buffer text = { 0 };
	size_t i = 0;

	if (reply->kind == IMAP_REPLY_OK)
		return true;
	while (refusals[i].code[0] != '\0' && !bytes_equal_nocase(reply->code, bytes_text(refusals[i].code)))
		i++;
	mua_safe_line(&text, reply->rest);
	if (reply->kind == IMAP_REPLY_BAD)
		mua_sync_fail(s, ERROR_SYNTAX, MUA_EXIT_PROTOCOL, "%s: the server says: %s", what, text.at ? text.at : "");
	else
		mua_sync_fail(s, refusals[i].kind, refusals[i].exit_code, "%s: the server says: %s", what, text.at ? text.at : "");
	buffer_release(&text);
	return false;
}

void mua_sync_run(struct mua_sync *s, struct buffer *command, void (*step)(struct mua_sync *, const struct imap_reply *))
{
	s->step = step;
	imap_client_run(s->client, buffer_bytes(command));
	buffer_release(command);
}

/* Responses as they come */

static void take_fetch(struct mua_sync *s, const struct imap_reply *reply)
{
	struct imap_reply_fetch f;
	struct arena arena = { 0 };

	if (!imap_reply_fetch(reply->rest, &arena, &f)) {
		error_set(&s->failure, ERROR_SYNTAX, "the server sent a FETCH that cannot be read");
	} else if (f.has_body && f.uid == s->uid) {
		buffer_clear(&s->body);
		buffer_add_bytes(&s->body, f.body);
		s->has_body = true;
	} else if ((f.has_envelope || f.has_flags) && f.uid != 0) {
		mua_changes_add(&s->changes, &f, &s->failure);
	}
	arena_reset(&arena);
}

void mua_sync_take(struct mua_sync *s, const struct imap_reply *reply)
{
	if (s->folder == NULL)
		return;
	if (reply->kind == IMAP_REPLY_FETCH)
		take_fetch(s, reply);
	else if (reply->kind == IMAP_REPLY_EXISTS || reply->kind == IMAP_REPLY_EXPUNGE || reply->kind == IMAP_REPLY_VANISHED)
		s->is_dirty = true;
}

/* The connection */

static int exit_code_for(enum imap_client_stage where, const struct error *why)
{
	if (why->kind == ERROR_DENIED)
		return where == IMAP_CLIENT_AUTH ? MUA_EXIT_AUTH : MUA_EXIT_TLS;
	if (why->kind == ERROR_SYNTAX || why->kind == ERROR_LIMIT)
		return MUA_EXIT_PROTOCOL;
	return where == IMAP_CLIENT_AUTH ? MUA_EXIT_TEMPORARY : MUA_EXIT_UNREACHABLE;
}

static void on_ready(void *owner)
{
	struct mua_sync *s = owner;

	s->is_ready = true;
	if (s->start != NULL)
		s->start(s);
}

static void on_closed(void *owner, enum imap_client_stage where, const struct error *why)
{
	struct mua_sync *s = owner;
	struct error reason = *why;

	mua_sync_drop(s);
	if (where == IMAP_CLIENT_LOGOUT)
		mua_sync_end(s, NULL, MUA_EXIT_OK);
	else
		mua_sync_end(s, &reason, exit_code_for(where, why));
}

static void on_done(void *owner, const struct imap_reply *reply)
{
	struct mua_sync *s = owner;

	if (s->step != NULL)
		s->step(s, reply);
}

static void on_response(void *owner, const struct imap_reply *reply)
{
	struct mua_sync *s = owner;

	if (s->take != NULL)
		s->take(s, reply);
	else
		mua_sync_take(s, reply);
}

static void on_trace(void *owner, bool from_server, struct bytes line)
{
	struct buffer text = { 0 };

	(void)owner;
	buffer_add_text(&text, from_server ? "IMAP S: " : "IMAP C: ");
	mua_safe_line(&text, line);
	fprintf(stderr, "%s\n", text.at);
	buffer_release(&text);
}

static const struct imap_client_events plain_events = { on_ready, on_response, on_done, on_closed, NULL };
static const struct imap_client_events traced_events = { on_ready, on_response, on_done, on_closed, on_trace };

void mua_sync_begin(struct mua_sync *s, void (*start)(struct mua_sync *), mua_sync_fn *done, void *owner)
{
	static const enum imap_client_tls tls_of[] = { IMAP_CLIENT_TLS_NONE, IMAP_CLIENT_TLS_REQUIRED, IMAP_CLIENT_TLS_IMPLICIT };
	const struct mua_endpoint *end = &s->options.account->imap;

	s->failure = (struct error){ 0 };
	s->done = done;
	s->owner = owner;
	s->start = start;
	if (s->is_ready) {
		start(s);
		return;
	}
	s->client = imap_client_open(s->options.loop, &(struct imap_client_options){
		.host = end->host,
		.port = end->port,
		.tls = tls_of[end->tls],
		.tls_context = end->tls == MUA_TLS_NONE ? NULL : s->options.account->tls,
		.username = end->user,
		.password = s->options.account->password,
		.allow_cleartext = end->tls == MUA_TLS_NONE,
		.worker = s->options.worker,
		.timeout_ms = s->options.timeout_ms,
	}, s->options.trace ? &traced_events : &plain_events, s);
}

void mua_sync_drop(struct mua_sync *s)
{
	imap_client_close(s->client);
	s->client = NULL;
	s->is_ready = s->has_qresync = false;
	s->folder = NULL;
}

void mua_sync_abort(struct mua_sync *s)
{
	mua_sync_drop(s);
	mua_sync_fail(s, ERROR_TRY_LATER, MUA_EXIT_TEMPORARY, "stopped");
}
