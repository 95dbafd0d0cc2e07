#include "mua/mua_sync_idle.h"

#include "mua/mua_exit.h"
#include "mua/mua_sync_operation.h"

static void on_idle_over(struct mua_sync *, const struct imap_reply *);

static void on_renewal(void *owner)
{
	mua_sync_idle_end(owner);
}

/* What it is, entering the folder again tells. */
static void take_change(struct mua_sync *s, const struct imap_reply *reply)
{
	switch (reply->kind) {
	case IMAP_REPLY_EXISTS:
	case IMAP_REPLY_EXPUNGE:
	case IMAP_REPLY_VANISHED:
	case IMAP_REPLY_FETCH:
		mua_sync_idle_end(s);
		break;
	default:
		break;
	}
}

static void idle(struct mua_sync *s)
{
	/* Told already, the server will not tell it again. */
	if (s->is_dirty || s->folder == NULL) {
		mua_sync_end(s, NULL, MUA_EXIT_OK);
		return;
	}
	s->is_idling = true;
	net_timer_start(&s->renewal, s->options.loop, s->renew_ms, on_renewal, s);
	if (!(imap_client_can(s->client) & IMAP_CAN_IDLE))
		return;
	s->take = take_change;
	s->step = on_idle_over;
	imap_client_idle(s->client);
}

void mua_sync_idle(struct mua_sync *s, int64_t after_ms, mua_sync_fn *done, void *owner)
{
	s->renew_ms = after_ms;
	mua_sync_begin(s, idle, done, owner);
}

void mua_sync_idle_end(struct mua_sync *s)
{
	if (!s->is_idling)
		return;
	net_timer_stop(&s->renewal);
	if (imap_client_can(s->client) & IMAP_CAN_IDLE)
		imap_client_idle_end(s->client);
	else
		mua_sync_end(s, NULL, MUA_EXIT_OK);
}

static void on_idle_over(struct mua_sync *s, const struct imap_reply *reply)
{
	if (mua_sync_check(s, reply, "IDLE"))
		mua_sync_end(s, NULL, MUA_EXIT_OK);
}
