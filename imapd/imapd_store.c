/*
 * The flags are set; then the update at the end tells every change, this one's and those others made meanwhile; then messages that
 * had these flags already are told too, because the client asked.  With .SILENT only what others did is told: the first request
 * passes over messages that somebody changed since this session was told, and those are set in a second one and told.
 */
#include "imapd/imapd_store.h"

#include "imap/imap_argument.h"
#include "imap/imap_flag.h"
#include "imap/imap_set.h"
#include "imapd/imapd_commands.h"
#include "imapd/imapd_reply.h"
#include "imapd/imapd_update.h"
#include "imapd/imapd_view.h"
#include "mailstore/messages.h"

struct store_work {
	struct ranges uids;
	struct store_flags_change change;
	bool is_silent, is_second;
};

static void updated(struct imapd_session *);

static void release_store(struct imapd_session *s)
{
	struct store_work *work = s->work;

	ranges_release(&work->uids);
}

static void stored(void *owner, const struct error *err, uint64_t modseq, const struct ranges *modified)
{
	struct imapd_session *s = owner;
	struct store_work *work = s->work;

	s->request = NULL;
	s->view->is_dirty = true;
	if (err) {
		imapd_session_resume(s, imapd_finish_error(s, err, "The mailbox"));
		return;
	}
	if (!work->is_silent) {
		imapd_update_start(s, updated);
		return;
	}
	if (modseq != 0 && !work->is_second)
		imapd_update_pass_over(s, modseq);
	if (work->is_second || ranges_is_empty(modified)) {
		imapd_session_resume(s, imapd_finish(s, "OK Stored"));
		return;
	}
	work->is_second = true;
	work->change.uids = modified;
	work->change.unchanged_since = UINT64_MAX;
	s->request = store_message_flags(s->loop->store, &work->change, stored, s);
}

static void scanned(void *owner, const struct error *err, struct store_messages *batch);

static void scan(struct imapd_session *s)
{
	struct store_work *work = s->work;

	s->request = store_message_scan(s->loop->store, s->view->mailbox_id, &work->uids, STORE_FIELD_ONLY_FLAGS, false, scanned, s);
}

/* What the update did not tell, because nothing changed there. */
static void updated(struct imapd_session *s)
{
	struct store_work *work = s->work;

	ranges_remove_all(&work->uids, imapd_update_told(s));
	if (ranges_is_empty(&work->uids))
		imapd_session_resume(s, imapd_finish(s, "OK Stored"));
	else
		scan(s);
}

static void scanned(void *owner, const struct error *err, struct store_messages *batch)
{
	struct imapd_session *s = owner;
	struct store_work *work = s->work;

	s->request = NULL;
	if (err) {
		imapd_session_resume(s, imapd_finish_error(s, err, "The mailbox"));
		return;
	}
	for (size_t i = 0; i < batch->n; i++)
		imapd_update_write_fetch(s, batch->at[i].uid, batch->at[i].flags);
	uint32_t next_uid = batch->next_uid;
	store_messages_destroy(batch);
	if (next_uid == 0) {
		imapd_session_resume(s, imapd_finish(s, "OK Stored"));
		return;
	}
	ranges_remove_range(&work->uids, 1, next_uid - 1);
	if (imapd_session_flush(s))
		scan(s);
	else
		imapd_session_when_drained(s, scan);
}

/* [+|-]FLAGS[.SILENT] SP flags */
static bool take_change(struct imapd_session *s, struct bytes *rest, struct store_work *work)
{
	struct imap_flags flags;

	work->change.op = STORE_FLAGS_SET;
	if (imap_argument_octet(rest, '+'))
		work->change.op = STORE_FLAGS_ADD;
	else if (imap_argument_octet(rest, '-'))
		work->change.op = STORE_FLAGS_REMOVE;
	work->is_silent = imap_argument_word(rest, "FLAGS.SILENT");
	if (!work->is_silent && !imap_argument_word(rest, "FLAGS"))
		return false;
	if (!imap_argument_space(rest) || !imap_flags_parse(rest, &s->arena, &flags) || rest->len > 0)
		return false;
	work->change.bits = flags.bits;
	work->change.keywords = flags.keywords;
	work->change.n_keywords = flags.n_keywords;
	return true;
}

enum imapd_after imapd_store(struct imapd_session *s, struct bytes arguments)
{
	struct store_work *work = arena_alloc(&s->arena, sizeof *work);
	bool by_uid = s->command->flags & IMAPD_BY_UID;
	struct ranges asked;

	if (!imap_set_parse(&arguments, imapd_view_star(s->view, by_uid), &s->arena, &asked) ||
	    !imap_argument_space(&arguments) || !take_change(s, &arguments, work))
		return imapd_bad_syntax(s);
	if (!imapd_view_resolve(s->view, &asked, by_uid, &work->uids))
		return imapd_bad(s, "There are only %u messages", imapd_view_count(s->view));
	if (ranges_is_empty(&work->uids)) {
		ranges_release(&work->uids);
		return imapd_finish(s, "OK No such message");
	}
	s->work = work;
	s->release_work = release_store;
	s->counts.stored += ranges_count(&work->uids);
	work->change.mailbox_id = s->view->mailbox_id;
	work->change.uids = &work->uids;
	/* FLAGS.SILENT says all there is to know of a message; what others added before does not matter. */
	bool is_exact = work->is_silent && work->change.op != STORE_FLAGS_SET;
	work->change.unchanged_since = is_exact ? s->view->told_modseq : UINT64_MAX;
	s->request = store_message_flags(s->loop->store, &work->change, stored, s);
	return IMAPD_WAIT;
}
