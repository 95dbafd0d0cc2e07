#include "imapd/imapd_idle.h"

#include "imapd/imapd_reply.h"
#include "imapd/imapd_update.h"
#include "imapd/imapd_view.h"

#define STILL_HERE_MS (2 * 60 * 1000)
#define AUTOLOGOUT_MS (30 * 60 * 1000)

/* Keeps address translation on the way alive. */
static void still_here(void *owner)
{
	struct imapd_session *s = owner;

	if (net_loop_now_ms(s->loop->net) >= s->idle_until_ms) {
		imapd_session_bye(s, "Autologout: renew IDLE at least every 29 minutes");
		return;
	}
	imapd_untagged(s, "OK Still here");
	imapd_session_flush(s);
	net_timer_start(&s->timer, s->loop->net, STILL_HERE_MS, still_here, s);
}

static enum imapd_after end_idle(struct imapd_session *s)
{
	s->is_idle = false;
	net_timer_stop(&s->timer);
	if (s->refusal)
		return imapd_bad(s, "%s", s->refusal);
	return imapd_finish(s, "OK Idle is over");
}

/* The client reads again: tell what came meanwhile, and hear what it says. */
static void drained(struct imapd_session *s)
{
	net_timer_start(&s->timer, s->loop->net, STILL_HERE_MS, still_here, s);
	if (s->view->is_dirty)
		imapd_idle_wake(s);
	imapd_session_resume(s, IMAPD_READ);
}

/* What came is told at once; a change that came meanwhile is asked for again, but not for a client that does not read. */
static void told(struct imapd_session *s)
{
	if (!s->is_idle) {              /* DONE arrived while the store was asked */
		imapd_session_resume(s, end_idle(s));
		return;
	}
	bool may_go_on = imapd_session_flush(s);
	if (may_go_on && s->view->is_dirty)
		imapd_update_start(s, told);
	else
		imapd_update_end_command(s);
	if (!may_go_on)
		imapd_session_when_drained(s, drained);
}

void imapd_idle_wake(struct imapd_session *s)
{
	if (s->is_idle && !s->on_drained && !imapd_update_is_running(s))
		imapd_update_start(s, told);
}

static enum imapd_after idle_line(struct imapd_session *s, struct bytes line)
{
	if (!bytes_equal_nocase(bytes_trim(line), BYTES("DONE")))
		s->refusal = "Only DONE ends IDLE";
	if (!imapd_update_is_running(s))
		return end_idle(s);
	s->is_idle = false;
	return IMAPD_WAIT;
}

enum imapd_after imapd_idle(struct imapd_session *s, struct bytes arguments)
{
	(void)arguments;
	s->is_idle = true;
	s->idle_until_ms = net_loop_now_ms(s->loop->net) + AUTOLOGOUT_MS;
	net_timer_start(&s->timer, s->loop->net, STILL_HERE_MS, still_here, s);
	imapd_continue(s, "idling");
	if (s->view) {
		s->view->is_dirty = true;       /* whatever it is, it is told at once */
		imapd_idle_wake(s);
	}
	return imapd_session_read_lines(s, idle_line);
}
