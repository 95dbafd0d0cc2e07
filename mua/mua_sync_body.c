#include "mua/mua_sync_body.h"

#include "imap/imap_set.h"
#include "mua/mua_cache_body.h"
#include "mua/mua_exit.h"
#include "mua/mua_sync_operation.h"

static void on_body(struct mua_sync *, const struct imap_reply *);

static void fetch_body(struct mua_sync *s)
{
	struct buffer command = { 0 };

	buffer_printf(&command, "UID FETCH %u (BODY.PEEK[])", s->uid);
	mua_sync_run(s, &command, on_body);
}

void mua_sync_body(struct mua_sync *s, uint32_t uid, mua_sync_fn *done, void *owner)
{
	s->uid = uid;
	s->has_body = false;
	mua_sync_begin(s, fetch_body, done, owner);
}

static void on_body(struct mua_sync *s, const struct imap_reply *reply)
{
	if (!mua_sync_check(s, reply, "FETCH") || !mua_sync_flush(s))
		return;
	if (s->has_body)
		mua_sync_end(s, NULL, MUA_EXIT_OK);
	else
		mua_sync_fail(s, ERROR_NOT_FOUND, MUA_EXIT_NOT_FOUND, "no message with UID %u", s->uid);
}

/* Many */

static void on_bodies(struct mua_sync *, const struct imap_reply *);

static void take_body(struct mua_sync *s, const struct imap_reply *reply)
{
	struct imap_reply_fetch f;
	struct arena arena = { 0 };

	if (reply->kind == IMAP_REPLY_FETCH && s->folder != NULL && imap_reply_fetch(reply->rest, &arena, &f) && f.has_body && f.uid != 0)
		mua_cache_body_put(s->options.cache, s->folder, f.uid, f.body, &s->failure);
	else
		mua_sync_take(s, reply);
	arena_reset(&arena);
}

static void fetch_bodies(struct mua_sync *s)
{
	struct buffer command = s->command;

	s->command = (struct buffer){ 0 };
	s->take = take_body;
	mua_sync_run(s, &command, on_bodies);
}

void mua_sync_bodies(struct mua_sync *s, const struct ranges *uids, mua_sync_fn *done, void *owner)
{
	s->uid = 0;
	buffer_clear(&s->command);
	buffer_add_text(&s->command, "UID FETCH ");
	imap_set_format(uids, &s->command);
	buffer_add_text(&s->command, " (UID BODY.PEEK[])");
	mua_sync_begin(s, fetch_bodies, done, owner);
}

static void on_bodies(struct mua_sync *s, const struct imap_reply *reply)
{
	if (mua_sync_check(s, reply, "FETCH") && mua_sync_flush(s))
		mua_sync_end(s, NULL, MUA_EXIT_OK);
}
