#include "imapd/imapd_delete.h"

#include "base/log.h"
#include "imapd/imapd_mailbox.h"
#include "imapd/imapd_reply.h"
#include "imapd/imapd_update.h"
#include "imapd/imapd_view.h"
#include "mailstore/mailboxes.h"

/* Sessions that have it selected are told at their next command, or at once in IDLE: they end.  This one only leaves it. */
static void deleted(void *owner, const struct error *err, int64_t mailbox_id)
{
	struct imapd_session *s = owner;

	s->request = NULL;
	if (err && err->kind == ERROR_DENIED) {
		imapd_session_resume(s, imapd_finish(s, "NO [HASCHILDREN] It is no mailbox, only a level of others"));
		return;
	}
	if (err) {
		imapd_session_resume(s, imapd_finish_error(s, err, "The mailbox"));
		return;
	}
	log_info("imapd", "delete", "user=%s session=%s mailbox=%s", s->user, s->id, (const char *)s->work);
	if (s->view && s->view->mailbox_id == mailbox_id) {
		imapd_session_deselect(s);
		imapd_untagged(s, "OK [CLOSED] The mailbox that was selected is deleted");
	}
	imapd_session_resume(s, imapd_finish(s, "OK Deleted"));
}

enum imapd_after imapd_delete(struct imapd_session *s, struct bytes arguments)
{
	struct bytes name;
	enum imapd_mailbox_status found = imapd_mailbox_take(s, &arguments, &name);

	if (found == IMAPD_MAILBOX_SYNTAX || arguments.len > 0)
		return imapd_bad_syntax(s);
	if (found != IMAPD_MAILBOX_OK)
		return imapd_mailbox_refuse(s, found);
	if (s->view) {
		/* an answer still on its way, that the mailbox is gone, would end this session too */
		imapd_update_forget(s);
		s->view->is_dirty = true;
	}
	s->work = (void *)arena_bytes(&s->arena, name).at;
	s->request = store_mailbox_delete(s->loop->store, s->user_id, name, deleted, s);
	return IMAPD_WAIT;
}
