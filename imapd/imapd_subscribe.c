#include "imapd/imapd_subscribe.h"

#include "imapd/imapd_mailbox.h"
#include "imapd/imapd_reply.h"
#include "mailstore/mailboxes.h"

static void changed(void *owner, const struct error *err)
{
	struct imapd_session *s = owner;

	s->request = NULL;
	imapd_session_resume(s, err ? imapd_finish_error(s, err, "The user") : imapd_finish(s, "OK Noted"));
}

static enum imapd_after change(struct imapd_session *s, struct bytes arguments, bool subscribed)
{
	struct bytes name;
	enum imapd_mailbox_status found = imapd_mailbox_take(s, &arguments, &name);

	if (found == IMAPD_MAILBOX_SYNTAX || arguments.len > 0)
		return imapd_bad_syntax(s);
	if (found != IMAPD_MAILBOX_OK)
		return imapd_mailbox_refuse(s, found);
	s->request = store_mailbox_subscribe(s->loop->store, s->user_id, name, subscribed, changed, s);
	return IMAPD_WAIT;
}

enum imapd_after imapd_subscribe(struct imapd_session *s, struct bytes arguments)
{
	return change(s, arguments, true);
}

enum imapd_after imapd_unsubscribe(struct imapd_session *s, struct bytes arguments)
{
	return change(s, arguments, false);
}
