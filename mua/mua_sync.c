#include "mua/mua_sync.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/memory.h"
#include "imap/imap_client.h"
#include "imap/imap_mailbox_name.h"
#include "imap/imap_write.h"
#include "mua/mua_changes.h"
#include "mua/mua_exit.h"
#include "mua/mua_safe.h"

struct mua_sync {
	struct mua_sync_options options;
	struct imap_client *client;
	bool is_ready;

	/* the operation under way */
	mua_sync_fn *done;
	void *owner;
	void (*start)(struct mua_sync *);       /* once connected */
	void (*step)(struct mua_sync *, const struct imap_reply *);      /* when its command is over */
	struct error failure;
	char *folder_name;
	struct mua_folder *folder;
	bool is_selecting, is_read_only;
	uint32_t uidvalidity, uidnext, uid;     /* uidnext 0: not told */
	struct mua_changes changes;
	const char *flags;
	uint64_t flag_bits;
	struct buffer body;
	bool has_body;
	struct buffer command;          /* of mua_sync_command */
	char *what;
	mua_sync_reply_fn *on_reply;
	void *reply_owner;
};

/* The end of an operation */

static void finish(struct mua_sync *s, const struct error *err, int exit_code)
{
	mua_sync_fn *done = s->done;
	struct buffer body = s->body;

	s->done = NULL;
	s->start = NULL;
	s->step = NULL;
	s->on_reply = NULL;
	s->body = (struct buffer){ 0 };
	mua_changes_drop(&s->changes);
	if (done != NULL)
		done(s->owner, err, exit_code, buffer_bytes(&body));
	buffer_release(&body);
}

/* False: the operation is over.  What the server said wrong is its fault, all else the cache's. */
static bool check_cache(struct mua_sync *s, bool ok)
{
	int exit_code = MUA_EXIT_IO;

	if (s->failure.kind == ERROR_SYNTAX)
		exit_code = MUA_EXIT_PROTOCOL;
	else if (s->failure.kind == ERROR_TRY_LATER)
		exit_code = MUA_EXIT_TEMPORARY;
	if (!ok)
		finish(s, &s->failure, exit_code);
	return ok;
}

/* What the server told goes into the cache; false: the operation is over. */
static bool flush(struct mua_sync *s)
{
	return check_cache(s, s->failure.kind == ERROR_NONE && mua_changes_flush(&s->changes, &s->failure));
}

/* RFC 5530: not now, rather than no. */
static bool is_temporary(const struct imap_reply *reply)
{
	static const char *const codes[] = { "UNAVAILABLE", "INUSE", "LIMIT", "SERVERBUG", "CONTACTADMIN" };

	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
		if (bytes_equal_nocase(reply->code, bytes_text(codes[i])))
			return true;
	return false;
}

static bool check_reply(struct mua_sync *s, const struct imap_reply *reply, const char *what)
{
	struct buffer text = { 0 };
	enum error_kind kind = ERROR_NOT_FOUND;
	int exit_code = MUA_EXIT_NOT_FOUND;

	if (reply->kind == IMAP_REPLY_OK)
		return true;
	if (reply->kind == IMAP_REPLY_BAD) {
		kind = ERROR_SYNTAX;
		exit_code = MUA_EXIT_PROTOCOL;
	} else if (bytes_equal_nocase(reply->code, BYTES("CANNOT"))) {
		kind = ERROR_DENIED;
		exit_code = MUA_EXIT_UNREACHABLE;
	} else if (is_temporary(reply)) {
		kind = ERROR_TRY_LATER;
		exit_code = MUA_EXIT_TEMPORARY;
	}
	mua_safe_line(&text, reply->rest);
	error_set(&s->failure, kind, "%s: the server says: %s", what, text.at ? text.at : "");
	buffer_release(&text);
	finish(s, &s->failure, exit_code);
	return false;
}

/* The connection */

static void run(struct mua_sync *s, struct buffer *command, void (*step)(struct mua_sync *, const struct imap_reply *))
{
	s->step = step;
	imap_client_run(s->client, buffer_bytes(command));
	buffer_release(command);
}

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

	imap_client_close(s->client);
	s->client = NULL;
	s->is_ready = false;
	if (where == IMAP_CLIENT_LOGOUT)
		finish(s, NULL, MUA_EXIT_OK);
	else
		finish(s, &reason, exit_code_for(where, why));
}

static void on_done(void *owner, const struct imap_reply *reply)
{
	struct mua_sync *s = owner;

	if (s->step != NULL)
		s->step(s, reply);
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

static void on_response(void *owner, const struct imap_reply *reply);

static const struct imap_client_events plain_events = { on_ready, on_response, on_done, on_closed, NULL };
static const struct imap_client_events traced_events = { on_ready, on_response, on_done, on_closed, on_trace };

/* Begin an operation: at once, or when the connection stands. */
static void begin(struct mua_sync *s, void (*start)(struct mua_sync *), mua_sync_fn *done, void *owner)
{
	static const enum imap_client_tls tls_of[] = { IMAP_CLIENT_TLS_NONE, IMAP_CLIENT_TLS_REQUIRED, IMAP_CLIENT_TLS_IMPLICIT };
	const struct mua_endpoint *end = &s->options.account->imap;

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

struct mua_sync *mua_sync_create(const struct mua_sync_options *options)
{
	struct mua_sync *s = xcalloc(1, sizeof *s);

	s->options = *options;
	return s;
}

void mua_sync_destroy(struct mua_sync *s)
{
	if (s == NULL)
		return;
	imap_client_close(s->client);
	mua_changes_release(&s->changes);
	buffer_release(&s->body);
	buffer_release(&s->command);
	free(s->what);
	free(s->folder_name);
	free(s);
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

static void on_response(void *owner, const struct imap_reply *reply)
{
	struct mua_sync *s = owner;
	uint64_t number;

	if (s->on_reply != NULL)
		s->on_reply(s->reply_owner, reply);
	if (reply->kind == IMAP_REPLY_FETCH && s->folder != NULL && !s->is_selecting)
		take_fetch(s, reply);
	/* Later ones speak of messages that nobody has fetched yet. */
	if (!s->is_selecting || reply->kind != IMAP_REPLY_OK || !imap_reply_code_number(reply, 0, &number) || number > UINT32_MAX)
		return;
	if (bytes_equal_nocase(reply->code, BYTES("UIDVALIDITY")))
		s->uidvalidity = (uint32_t)number;
	if (bytes_equal_nocase(reply->code, BYTES("UIDNEXT")))
		s->uidnext = (uint32_t)number;
}

/* Bringing a folder level: SELECT, flags of what is known, envelopes of what is new */

static void select_folder(struct mua_sync *);
static void on_selected(struct mua_sync *, const struct imap_reply *);
static void fetch_flags(struct mua_sync *);
static void on_flags(struct mua_sync *, const struct imap_reply *);
static void fetch_new(struct mua_sync *);
static void on_new(struct mua_sync *, const struct imap_reply *);

void mua_sync_folder(struct mua_sync *s, const char *name, struct mua_folder *folder, mua_sync_fn *done, void *owner)
{
	free(s->folder_name);
	s->folder_name = xstrdup(name);
	s->folder = folder;
	s->failure = (struct error){ 0 };
	begin(s, select_folder, done, owner);
}

static void select_folder(struct mua_sync *s)
{
	struct buffer command = { 0 }, name = { 0 };

	s->uidvalidity = s->uidnext = 0;
	s->is_selecting = true;
	imap_mailbox_name_encode(bytes_text(s->folder_name), &name);
	buffer_add_text(&command, "SELECT ");
	imap_write_astring(&command, buffer_bytes(&name));
	buffer_release(&name);
	run(s, &command, on_selected);
}

static void on_selected(struct mua_sync *s, const struct imap_reply *reply)
{
	struct mua_cache *cache = s->options.cache;
	bool ok;

	s->is_selecting = false;
	if (!check_reply(s, reply, s->folder_name))
		return;
	s->is_read_only = bytes_equal_nocase(reply->code, BYTES("READ-ONLY"));
	if (s->uidvalidity == 0) {
		error_set(&s->failure, ERROR_SYNTAX, "%s: the server tells no UIDVALIDITY", s->folder_name);
		finish(s, &s->failure, MUA_EXIT_PROTOCOL);
		return;
	}
	ok = mua_cache_folder(cache, s->folder_name, s->folder, &s->failure);
	if (ok && s->folder->uidvalidity != s->uidvalidity)
		ok = mua_cache_reset_folder(cache, s->folder, s->uidvalidity, &s->failure);
	if (!check_cache(s, ok))
		return;
	mua_changes_begin(&s->changes, cache, s->folder);
	fetch_flags(s);
}

static void fetch_flags(struct mua_sync *s)
{
	struct buffer command = { 0 };

	if (s->folder->uidnext <= 1) {
		fetch_new(s);
		return;
	}
	buffer_printf(&command, "UID FETCH 1:%u (FLAGS)", s->folder->uidnext - 1);
	run(s, &command, on_flags);
}

static void on_flags(struct mua_sync *s, const struct imap_reply *reply)
{
	if (check_reply(s, reply, "FETCH") && flush(s))
		fetch_new(s);
}

static void fetch_new(struct mua_sync *s)
{
	struct buffer command = { 0 };
	uint32_t first = s->folder->uidnext > 0 ? s->folder->uidnext : 1;

	if (s->uidnext != 0 && first >= s->uidnext) {
		on_new(s, &(struct imap_reply){ .kind = IMAP_REPLY_OK });
		return;
	}
	/* UIDNEXT may be missing (RFC 3501 6.3.1): "*" is the last message, whatever its UID. */
	buffer_printf(&command, "UID FETCH %u:", first);
	if (s->uidnext != 0)
		buffer_printf(&command, "%u", s->uidnext - 1);
	else
		buffer_add_octet(&command, '*');
	buffer_add_text(&command, " (FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE)");
	run(s, &command, on_new);
}

static void on_new(struct mua_sync *s, const struct imap_reply *reply)
{
	const struct ranges *seen = &s->changes.uids;
	uint32_t uidnext = s->uidnext;

	if (!check_reply(s, reply, "FETCH") || !flush(s))
		return;
	if (uidnext == 0)
		uidnext = seen->n > 0 && seen->at[seen->n - 1].last < UINT32_MAX ? seen->at[seen->n - 1].last + 1 : 1;
	if (check_cache(s, mua_cache_settle_folder(s->options.cache, s->folder, seen, uidnext, &s->failure)))
		finish(s, NULL, MUA_EXIT_OK);
}

/* One message's octets */

static void on_body(struct mua_sync *, const struct imap_reply *);

static void fetch_body(struct mua_sync *s)
{
	struct buffer command = { 0 };

	buffer_printf(&command, "UID FETCH %u (BODY.PEEK[])", s->uid);
	run(s, &command, on_body);
}

void mua_sync_body(struct mua_sync *s, uint32_t uid, mua_sync_fn *done, void *owner)
{
	s->uid = uid;
	s->has_body = false;
	s->failure = (struct error){ 0 };
	begin(s, fetch_body, done, owner);
}

static void on_body(struct mua_sync *s, const struct imap_reply *reply)
{
	if (!check_reply(s, reply, "FETCH") || !flush(s))
		return;
	if (s->has_body) {
		finish(s, NULL, MUA_EXIT_OK);
		return;
	}
	error_set(&s->failure, ERROR_NOT_FOUND, "no message with UID %u", s->uid);
	finish(s, &s->failure, MUA_EXIT_NOT_FOUND);
}

/* Flags */

static void on_flags_added(struct mua_sync *, const struct imap_reply *);

static void store_flags(struct mua_sync *s)
{
	struct buffer command = { 0 };

	/* Somebody else's folder that may be read: reading has succeeded. */
	if (s->is_read_only) {
		finish(s, NULL, MUA_EXIT_OK);
		return;
	}
	buffer_printf(&command, "UID STORE %u +FLAGS.SILENT (%s)", s->uid, s->flags);
	run(s, &command, on_flags_added);
}

void mua_sync_add_flags(struct mua_sync *s, uint32_t uid, const char *flags, uint64_t bits, mua_sync_fn *done, void *owner)
{
	s->uid = uid;
	s->flags = flags;
	s->flag_bits = bits;
	s->failure = (struct error){ 0 };
	begin(s, store_flags, done, owner);
}

static void on_flags_added(struct mua_sync *s, const struct imap_reply *reply)
{
	struct arena arena = { 0 };
	struct mua_message m;
	bool ok;

	if (!check_reply(s, reply, "STORE") || !flush(s))
		return;
	ok = mua_cache_get(s->options.cache, s->folder, s->uid, &arena, &m, &s->failure) &&
	     mua_cache_set_flags(s->options.cache, s->folder, s->uid, m.flags | s->flag_bits, m.keywords, &s->failure);
	arena_reset(&arena);
	if (check_cache(s, ok))
		finish(s, NULL, MUA_EXIT_OK);
}

/* Any other command */

static void on_command_over(struct mua_sync *, const struct imap_reply *);

static void run_command(struct mua_sync *s)
{
	struct buffer command = s->command;

	s->command = (struct buffer){ 0 };
	run(s, &command, on_command_over);
}

void mua_sync_command(struct mua_sync *s, const char *what, struct bytes command, mua_sync_reply_fn *on_reply, void *reply_owner,
                      mua_sync_fn *done, void *owner)
{
	free(s->what);
	s->what = xstrdup(what);
	buffer_clear(&s->command);
	buffer_add_bytes(&s->command, command);
	s->on_reply = on_reply;
	s->reply_owner = reply_owner;
	s->failure = (struct error){ 0 };
	begin(s, run_command, done, owner);
}

static void on_command_over(struct mua_sync *s, const struct imap_reply *reply)
{
	if (check_reply(s, reply, s->what) && flush(s))
		finish(s, NULL, MUA_EXIT_OK);
}

unsigned mua_sync_can(const struct mua_sync *s)
{
	return s->is_ready ? imap_client_can(s->client) : 0;
}

bool mua_sync_is_read_only(const struct mua_sync *s)
{
	return s->is_read_only;
}

/* Leaving */

static void log_out(struct mua_sync *s)
{
	imap_client_logout(s->client);
}

void mua_sync_finish(struct mua_sync *s, mua_sync_fn *done, void *owner)
{
	if (s->client == NULL)
		done(owner, NULL, MUA_EXIT_OK, (struct bytes){ NULL, 0 });
	else
		begin(s, log_out, done, owner);
}
