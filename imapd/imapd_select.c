#include "imapd/imapd_select.h"

#include <inttypes.h>

#include "base/log.h"
#include "imap/imap_object_id.h"
#include "imapd/imapd_mailbox.h"
#include "imapd/imapd_reply.h"
#include "imapd/imapd_update.h"
#include "imapd/imapd_view.h"
#include "mailstore/messages.h"

static enum imapd_after selected(struct imapd_session *s, const struct store_snapshot *snapshot, bool is_read_only)
{
	const struct store_mailbox *mailbox = &snapshot->mailbox;

	s->view = imapd_view_create(s, snapshot, is_read_only);
	s->state = IMAPD_SELECTED;
	imapd_update_write_flags(s);
	imapd_untagged(s, "%u EXISTS", imapd_view_count(s->view));
	imapd_untagged(s, "%u RECENT", imapd_view_count_recent(s->view));
	if (snapshot->first_unseen_uid != 0)
		imapd_untagged(s, "OK [UNSEEN %u] The first unseen message", ranges_position(&s->view->uids, snapshot->first_unseen_uid));
	imapd_untagged(s, "OK [UIDVALIDITY %u] These UIDs stay", mailbox->uidvalidity);
	imapd_untagged(s, "OK [UIDNEXT %u] The next UID", mailbox->uidnext);
	imapd_untagged(s, "OK [MAILBOXID (%c%" PRId64 ")] This id stays", IMAP_OBJECT_MAILBOX, mailbox->mailbox_id);
	log_info("imapd", is_read_only ? "examine" : "select", "user=%s session=%s mailbox=%s messages=%u", s->user, s->id,
	         mailbox->name, imapd_view_count(s->view));
	/* What happened since the snapshot is for the next command: the tagged reply follows at once. */
	s->view->is_unsure = false;
	enum imapd_after after = imapd_finish(s, "OK [%s] Selected", is_read_only ? "READ-ONLY" : "READ-WRITE");
	s->view->is_unsure = true;
	return after;
}

static void opened(struct imapd_session *s, const struct error *err, struct store_snapshot *snapshot, bool is_read_only)
{
	s->request = NULL;
	if (err) {
		imapd_session_resume(s, imapd_finish_error(s, err, "The mailbox"));
		return;
	}
	enum imapd_after after = selected(s, snapshot, is_read_only);
	store_snapshot_destroy(snapshot);
	imapd_session_resume(s, after);
}

static void opened_for_writing(void *owner, const struct error *err, struct store_snapshot *snapshot)
{
	opened(owner, err, snapshot, false);
}

static void opened_for_reading(void *owner, const struct error *err, struct store_snapshot *snapshot)
{
	opened(owner, err, snapshot, true);
}

/* The mailbox selected before is left even when the new one cannot be opened: RFC 9051 6.3.2. */
static enum imapd_after open_mailbox(struct imapd_session *s, struct bytes arguments, bool is_read_only)
{
	struct bytes name;
	enum imapd_mailbox_status found = imapd_mailbox_take(s, &arguments, &name);

	if (found == IMAPD_MAILBOX_SYNTAX || arguments.len > 0)
		return imapd_bad_syntax(s);
	if (s->view) {
		imapd_session_deselect(s);
		imapd_untagged(s, "OK [CLOSED] The mailbox selected before is left");
	}
	if (found != IMAPD_MAILBOX_OK)
		return imapd_mailbox_refuse(s, found);
	s->request = store_mailbox_open(s->loop->store, s->user_id, name, !is_read_only,
	                                is_read_only ? opened_for_reading : opened_for_writing, s);
	return IMAPD_WAIT;
}

enum imapd_after imapd_select(struct imapd_session *s, struct bytes arguments)
{
	return open_mailbox(s, arguments, false);
}

enum imapd_after imapd_examine(struct imapd_session *s, struct bytes arguments)
{
	return open_mailbox(s, arguments, true);
}

enum imapd_after imapd_unselect(struct imapd_session *s, struct bytes arguments)
{
	(void)arguments;
	imapd_session_deselect(s);
	return imapd_finish(s, "OK Nothing is selected");
}

static void expunged_at_close(void *owner, const struct error *err, uint64_t modseq, const struct ranges *uids)
{
	struct imapd_session *s = owner;

	(void)modseq;
	s->request = NULL;
	if (err) {
		imapd_session_resume(s, imapd_finish_error(s, err, "The mailbox"));
		return;
	}
	s->counts.expunged += ranges_count(uids);
	imapd_session_deselect(s);
	imapd_session_resume(s, imapd_finish(s, "OK Expunged and closed"));
}

enum imapd_after imapd_close(struct imapd_session *s, struct bytes arguments)
{
	if (s->view->is_read_only)
		return imapd_unselect(s, arguments);
	s->request = store_message_expunge(s->loop->store, s->view->mailbox_id, &s->view->uids, expunged_at_close, s);
	return IMAPD_WAIT;
}

bool imapd_select_is_read_only(const struct imapd_session *s)
{
	return s->view && s->view->is_read_only;
}
