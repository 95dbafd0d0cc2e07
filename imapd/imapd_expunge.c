#include "imapd/imapd_expunge.h"

#include "imap/imap_set.h"
#include "imapd/imapd_reply.h"
#include "imapd/imapd_view.h"
#include "mailstore/messages.h"

/* What went is told by the update at the command's end. */
static void expunged(void *owner, const struct error *err, uint64_t modseq, const struct ranges *uids)
{
	struct imapd_session *s = owner;

	(void)modseq;
	s->request = NULL;
	if (err) {
		imapd_session_resume(s, imapd_finish_error(s, err, "The mailbox"));
		return;
	}
	s->counts.expunged += ranges_count(uids);
	s->view->is_dirty = true;
	imapd_session_resume(s, imapd_finish(s, "OK Expunged"));
}

/* Only messages that this session was told of: one that came \Deleted meanwhile stays. */
static enum imapd_after expunge(struct imapd_session *s, const struct ranges *uids)
{
	s->request = store_message_expunge(s->loop->store, s->view->mailbox_id, uids, expunged, s);
	return IMAPD_WAIT;
}

enum imapd_after imapd_expunge(struct imapd_session *s, struct bytes arguments)
{
	(void)arguments;
	return expunge(s, &s->view->uids);
}

enum imapd_after imapd_uid_expunge(struct imapd_session *s, struct bytes arguments)
{
	struct ranges asked, uids;

	if (!imap_set_parse(&arguments, imapd_view_star(s->view, true), &s->arena, &asked) || arguments.len > 0)
		return imapd_bad_syntax(s);
	imapd_view_resolve(s->view, &asked, true, &uids);
	enum imapd_after after = expunge(s, &uids);
	ranges_release(&uids);
	return after;
}
