#include "mua/mua_sync.h"

#include <stdlib.h>

#include "base/memory.h"
#include "mua/mua_exit.h"
#include "mua/mua_sync_operation.h"

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
	net_timer_stop(&s->renewal);
	mua_changes_release(&s->changes);
	ranges_release(&s->gone);
	buffer_release(&s->body);
	buffer_release(&s->command);
	free(s->what);
	free(s->folder_name);
	free(s);
}

/* Flags */

static void on_flags_added(struct mua_sync *, const struct imap_reply *);

static void store_flags(struct mua_sync *s)
{
	struct buffer command = { 0 };

	/* Somebody else's folder that may be read: reading has succeeded. */
	if (s->is_read_only) {
		mua_sync_end(s, NULL, MUA_EXIT_OK);
		return;
	}
	buffer_printf(&command, "UID STORE %u +FLAGS.SILENT (%s)", s->uid, s->flags);
	mua_sync_run(s, &command, on_flags_added);
}

void mua_sync_add_flags(struct mua_sync *s, uint32_t uid, const char *flags, uint64_t bits, mua_sync_fn *done, void *owner)
{
	s->uid = uid;
	s->flags = flags;
	s->flag_bits = bits;
	mua_sync_begin(s, store_flags, done, owner);
}

static void on_flags_added(struct mua_sync *s, const struct imap_reply *reply)
{
	struct arena arena = { 0 };
	struct mua_message m;
	bool ok, is_changed;

	if (!mua_sync_check(s, reply, "STORE") || !mua_sync_flush(s))
		return;
	ok = mua_cache_get(s->options.cache, s->folder, s->uid, &arena, &m, &s->failure) &&
	     mua_cache_set_flags(s->options.cache, s->folder, s->uid, m.flags | s->flag_bits, m.keywords, &is_changed, &s->failure);
	arena_reset(&arena);
	if (mua_sync_check_cache(s, ok))
		mua_sync_end(s, NULL, MUA_EXIT_OK);
}

/* Any other command */

static void on_command_over(struct mua_sync *, const struct imap_reply *);

static void take_reply(struct mua_sync *s, const struct imap_reply *reply)
{
	if (s->on_reply != NULL)
		s->on_reply(s->reply_owner, reply);
	mua_sync_take(s, reply);
}

static void run_command(struct mua_sync *s)
{
	struct buffer command = s->command;

	s->command = (struct buffer){ 0 };
	s->take = take_reply;
	mua_sync_run(s, &command, on_command_over);
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
	mua_sync_begin(s, run_command, done, owner);
}

static void on_command_over(struct mua_sync *s, const struct imap_reply *reply)
{
	if (reply->kind == IMAP_REPLY_OK && s->on_reply != NULL)
		s->on_reply(s->reply_owner, reply);
	if (mua_sync_check(s, reply, s->what) && mua_sync_flush(s))
		mua_sync_end(s, NULL, MUA_EXIT_OK);
}

bool mua_sync_is_open(const struct mua_sync *s)
{
	return s->is_ready;
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
		mua_sync_begin(s, log_out, done, owner);
}
