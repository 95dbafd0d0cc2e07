#include "imapd/imapd_rename.h"

#include "base/log.h"
#include "imap/imap_argument.h"
#include "imapd/imapd_mailbox.h"
#include "imapd/imapd_reply.h"
#include "imapd/imapd_view.h"
#include "mailstore/mailboxes.h"

static void renamed(void *owner, const struct error *err)
{
	struct imapd_session *s = owner;

	s->request = NULL;
	if (err) {
		imapd_session_resume(s, imapd_finish_error(s, err, "The mailbox"));
		return;
	}
	log_info("imapd", "rename", "user=%s session=%s mailboxes=%s", s->user, s->id, (const char *)s->work);
	if (s->view)
		s->view->is_dirty = true;       /* INBOX, which lost its messages, may be the one selected */
	imapd_session_resume(s, imapd_finish(s, "OK Renamed"));
}

enum imapd_after imapd_rename(struct imapd_session *s, struct bytes arguments)
{
	struct bytes from, to;
	enum imapd_mailbox_status old = imapd_mailbox_take(s, &arguments, &from), new;

	if (old == IMAPD_MAILBOX_SYNTAX || !imap_argument_space(&arguments))
		return imapd_bad_syntax(s);
	new = imapd_mailbox_take(s, &arguments, &to);
	if (new == IMAPD_MAILBOX_SYNTAX || arguments.len > 0)
		return imapd_bad_syntax(s);
	if (old != IMAPD_MAILBOX_OK || new != IMAPD_MAILBOX_OK)
		return imapd_mailbox_refuse(s, IMAPD_MAILBOX_BAD_NAME);
	s->work = arena_printf(&s->arena, "%.*s, %.*s", BYTES_PRINT(from), BYTES_PRINT(to));
	s->request = store_mailbox_rename(s->loop->store, s->user_id, from, to, renamed, s);
	return IMAPD_WAIT;
}
