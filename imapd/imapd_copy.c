#include "imapd/imapd_copy.h"

#include "imap/imap_argument.h"
#include "imap/imap_set.h"
#include "imapd/imapd_commands.h"
#include "imapd/imapd_mailbox.h"
#include "imapd/imapd_reply.h"
#include "imapd/imapd_view.h"
#include "mailstore/messages.h"

static enum imapd_after refuse(struct imapd_session *s, const struct error *err)
{
	if (err->kind == ERROR_NOT_FOUND)
		return imapd_finish(s, "NO [TRYCREATE] The mailbox does not exist");
	return imapd_finish_error(s, err, "The mailbox");
}

/* All of them went between two commands of this client, which could not know. */
static enum imapd_after finish_with_nothing(struct imapd_session *s)
{
	if (s->command->flags & IMAPD_BY_UID)
		return imapd_finish(s, "OK No such message");
	return imapd_finish(s, "NO [EXPUNGEISSUED] Another session removed them");
}

/* "COPYUID 7 1:3,5 10:13", in the arena. */
static const char *copyuid(struct imapd_session *s, const struct store_copied *copied)
{
	struct buffer text = { 0 };

	buffer_printf(&text, "COPYUID %u ", copied->uidvalidity);
	imap_set_format(copied->from, &text);
	buffer_add_octet(&text, ' ');
	imap_set_format(copied->to, &text);
	const char *kept = arena_bytes(&s->arena, buffer_bytes(&text)).at;
	buffer_release(&text);
	return kept;
}

static void were_copied(void *owner, const struct error *err, const struct store_copied *copied)
{
	struct imapd_session *s = owner;

	s->request = NULL;
	if (err) {
		imapd_session_resume(s, refuse(s, err));
		return;
	}
	s->counts.copied += ranges_count(copied->from);
	if (ranges_is_empty(copied->from)) {
		imapd_session_resume(s, finish_with_nothing(s));
		return;
	}
	if (copied->mailbox_id == s->view->mailbox_id)
		s->view->is_dirty = true;
	imapd_session_resume(s, imapd_finish(s, "OK [%s] Copied", copyuid(s, copied)));
}

/* The new UIDs come first, so that a client that reads EXPUNGE knows where the message went: RFC 6851 4.3. */
static void were_moved(void *owner, const struct error *err, const struct store_copied *copied)
{
	struct imapd_session *s = owner;

	s->request = NULL;
	/* also when it failed: a part may have gone */
	s->view->is_dirty = true;
	if (err) {
		imapd_session_resume(s, refuse(s, err));
		return;
	}
	s->counts.copied += ranges_count(copied->from);
	if (ranges_is_empty(copied->from)) {
		imapd_session_resume(s, finish_with_nothing(s));
		return;
	}
	imapd_untagged(s, "OK [%s] Moved", copyuid(s, copied));
	imapd_session_resume(s, imapd_finish(s, "OK Moved"));
}

/* A UID need not have been told to this client: what exists can be copied. */
static bool resolve(struct imapd_session *s, const struct ranges *asked, struct ranges *uids)
{
	*uids = (struct ranges){ 0 };
	if (!(s->command->flags & IMAPD_BY_UID))
		return imapd_view_resolve(s->view, asked, false, uids);
	ranges_copy(uids, asked);
	return true;
}

static enum imapd_after transfer(struct imapd_session *s, struct bytes arguments, bool is_move)
{
	struct ranges asked, uids;
	struct bytes name;

	if (!imap_set_parse(&arguments, imapd_view_star(s->view, s->command->flags & IMAPD_BY_UID), &s->arena, &asked) || !imap_argument_space(&arguments))
		return imapd_bad_syntax(s);
	enum imapd_mailbox_status found = imapd_mailbox_take(s, &arguments, &name);
	if (found == IMAPD_MAILBOX_SYNTAX || arguments.len > 0)
		return imapd_bad_syntax(s);
	if (found != IMAPD_MAILBOX_OK)
		return imapd_mailbox_refuse(s, found);
	if (!resolve(s, &asked, &uids))
		return imapd_bad(s, "There are only %u messages", imapd_view_count(s->view));
	if (is_move)
		s->request = store_message_move(s->loop->store, s->user_id, s->view->mailbox_id, &uids, name, were_moved, s);
	else
		s->request = store_message_copy(s->loop->store, s->user_id, s->view->mailbox_id, &uids, name, were_copied, s);
	ranges_release(&uids);
	return IMAPD_WAIT;
}

enum imapd_after imapd_copy(struct imapd_session *s, struct bytes arguments)
{
	return transfer(s, arguments, false);
}

enum imapd_after imapd_move(struct imapd_session *s, struct bytes arguments)
{
	return transfer(s, arguments, true);
}
