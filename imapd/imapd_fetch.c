/*
 * scan a batch → mark \Seen where a body is read without PEEK → write its messages item by item, sections as the client takes them
 * → the next batch.
 */
#include "imapd/imapd_fetch.h"

#include "imap/imap_argument.h"
#include "imap/imap_set.h"
#include "imapd/imapd_commands.h"
#include "imapd/imapd_fetch_item.h"
#include "imapd/imapd_fetch_octets.h"
#include "imapd/imapd_fetch_work.h"
#include "imapd/imapd_reply.h"
#include "imapd/imapd_update.h"
#include "imapd/imapd_view.h"

static void scan(struct imapd_session *);

static void end_batch(struct imapd_fetch *f)
{
	if (f->batch)
		store_messages_destroy(f->batch);
	f->batch = NULL;
	f->n_done = 0;
	ranges_clear(&f->unmarked);
	ranges_clear(&f->fresh);
}

static void release_fetch(struct imapd_session *s)
{
	struct imapd_fetch *f = s->work;

	end_batch(f);
	imapd_fetch_release_ahead(f);
	ranges_release(&f->uids);
	ranges_release(&f->unmarked);
	ranges_release(&f->fresh);
	buffer_release(&f->header);
}

static void finish_fetch(struct imapd_session *s)
{
	struct imapd_fetch *f = s->work;

	if (f->is_missing)
		imapd_session_resume(s, imapd_finish(s, "NO [EXPUNGEISSUED] Some of these messages were expunged"));
	else
		imapd_session_resume(s, imapd_finish(s, "OK Fetched"));
}

static void failed(struct imapd_session *s, const struct error *err)
{
	imapd_session_resume(s, imapd_finish_error(s, err, "The mailbox"));
}

/* ---- \Seen ---- */

static void marked_again(void *owner, const struct error *err, uint64_t modseq, const struct ranges *modified)
{
	struct imapd_session *s = owner;

	(void)modseq;
	(void)modified;
	s->request = NULL;
	s->view->is_dirty = true;
	if (err)
		failed(s, err);
	else
		imapd_fetch_go_on(s);
}

static void marked(void *owner, const struct error *err, uint64_t modseq, const struct ranges *modified)
{
	struct imapd_session *s = owner;
	struct imapd_fetch *f = s->work;

	s->request = NULL;
	if (err) {
		failed(s, err);
		return;
	}
	ranges_remove_all(&f->unmarked, modified);
	ranges_copy(&f->fresh, &f->unmarked);
	if (modseq != 0) {
		imapd_update_pass_over(s, modseq);
		s->view->is_dirty = true;
	}
	if (ranges_is_empty(modified)) {
		imapd_fetch_go_on(s);
		return;
	}
	/* Changed by others since the scan: marked too, but told by the update with the flags they have then. */
	struct store_flags_change change = { .mailbox_id = s->view->mailbox_id, .uids = modified, .op = STORE_FLAGS_ADD, .bits = STORE_SEEN,
	                                     .unchanged_since = UINT64_MAX };
	s->request = store_message_flags(s->loop->store, &change, marked_again, s);
}

/* No row of the batch has a modseq above the largest in it: what is above was changed after the scan. */
static void mark_seen(struct imapd_session *s)
{
	struct imapd_fetch *f = s->work;
	struct store_flags_change change = { .mailbox_id = s->view->mailbox_id, .uids = &f->unmarked, .op = STORE_FLAGS_ADD, .bits = STORE_SEEN };

	for (size_t i = 0; i < f->batch->n; i++) {
		const struct store_message *m = &f->batch->at[i];
		if (m->modseq > change.unchanged_since)
			change.unchanged_since = m->modseq;
		if (!(m->flags & STORE_SEEN) && !ranges_contains(&s->view->gone, m->uid))
			ranges_add(&f->unmarked, m->uid);
	}
	if (ranges_is_empty(&f->unmarked)) {
		imapd_fetch_go_on(s);
		return;
	}
	s->request = store_message_flags(s->loop->store, &change, marked, s);
}

/* ---- batches ---- */

static void scanned(void *owner, const struct error *err, struct store_messages *batch)
{
	struct imapd_session *s = owner;
	struct imapd_fetch *f = s->work;

	s->request = NULL;
	if (err) {
		failed(s, err);
		return;
	}
	f->batch = batch;
	if (f->marks_seen)
		mark_seen(s);
	else
		imapd_fetch_go_on(s);
}

static void scan(struct imapd_session *s)
{
	struct imapd_fetch *f = s->work;

	s->request = store_message_scan(s->loop->store, s->view->mailbox_id, &f->uids, f->fields, true, scanned, s);
}

/* What was asked for and is neither in the batch nor behind it is gone for good. */
static void batch_written(struct imapd_session *s)
{
	struct imapd_fetch *f = s->work;
	uint32_t next_uid = f->batch->next_uid;

	for (size_t i = 0; i < f->batch->n; i++)
		ranges_remove(&f->uids, f->batch->at[i].uid);
	end_batch(f);
	if (next_uid == 0) {
		f->is_missing |= !ranges_is_empty(&f->uids);
		finish_fetch(s);
		return;
	}
	if (!ranges_is_empty(&f->uids) && ranges_first(&f->uids) < next_uid) {
		f->is_missing = true;
		ranges_remove_range(&f->uids, 1, next_uid - 1);
	}
	scan(s);
}

/* ---- messages and items ---- */

static void open_message(struct imapd_session *s, const struct store_message *m)
{
	struct imapd_fetch *f = s->work;

	buffer_printf(&s->out, "* %u FETCH (", ranges_position(&s->view->uids, m->uid));
	if ((s->command->flags & IMAPD_BY_UID) && !imap_fetch_items_have(&f->items, IMAP_FETCH_UID))
		buffer_printf(&s->out, "UID %u ", m->uid);
	f->is_open = true;
	f->n_items_done = 0;
}

/* A message whose \Seen was set by this command tells it, asked or not: RFC 9051 6.4.5. */
static void close_message(struct imapd_session *s, const struct store_message *m)
{
	struct imapd_fetch *f = s->work;

	if (ranges_contains(&f->fresh, m->uid) && !imap_fetch_items_have(&f->items, IMAP_FETCH_FLAGS)) {
		buffer_add_octet(&s->out, ' ');
		imapd_fetch_write_flags(s, m);
	}
	buffer_add_text(&s->out, ")\r\n");
	f->is_open = false;
	f->n_done++;
	s->counts.fetched++;
}

/* False: left in the middle of it. */
static bool write_message(struct imapd_session *s, const struct store_message *m)
{
	struct imapd_fetch *f = s->work;

	if (!f->is_open)
		open_message(s, m);
	while (f->n_items_done < f->items.n) {
		if (f->n_items_done > 0)
			buffer_add_octet(&s->out, ' ');
		const struct imap_fetch_item *item = &f->items.at[f->n_items_done];
		if (item->kind != IMAP_FETCH_SECTION)
			imapd_fetch_write_item(s, m, item);
		else if (!imapd_fetch_write_section(s, m, item))
			return false;
		f->n_items_done++;
	}
	close_message(s, m);
	return true;
}

void imapd_fetch_go_on(struct imapd_session *s)
{
	struct imapd_fetch *f = s->work;

	while (f->n_done < f->batch->n) {
		if (!write_message(s, &f->batch->at[f->n_done]))
			return;
		if (s->out.len >= IMAPD_FETCH_FLUSH_AT && !imapd_session_flush(s)) {
			imapd_session_when_drained(s, imapd_fetch_go_on);
			return;
		}
	}
	batch_written(s);
}

/* ---- the command ---- */

static void plan(struct imapd_session *s, struct imapd_fetch *f)
{
	bool only_flags = true;

	for (size_t i = 0; i < f->items.n; i++) {
		const struct imap_fetch_item *item = &f->items.at[i];
		if (item->kind == IMAP_FETCH_ENVELOPE)
			f->fields |= STORE_FIELD_ENVELOPE;
		else if (item->kind == IMAP_FETCH_BODY || item->kind == IMAP_FETCH_BODYSTRUCTURE)
			f->fields |= STORE_FIELD_STRUCTURE;
		else if (item->kind == IMAP_FETCH_SECTION)
			f->fields |= imapd_section_fields(&item->section);
		if (item->kind == IMAP_FETCH_SECTION && !item->section.is_peek)
			f->marks_seen = !s->view->is_read_only;
		only_flags &= item->kind == IMAP_FETCH_FLAGS || item->kind == IMAP_FETCH_UID;
	}
	if (only_flags)
		f->fields = STORE_FIELD_ONLY_FLAGS;
}

enum imapd_after imapd_fetch(struct imapd_session *s, struct bytes arguments)
{
	struct imapd_fetch *f = arena_alloc(&s->arena, sizeof *f);
	bool by_uid = s->command->flags & IMAPD_BY_UID;
	struct ranges asked;

	if (!imap_set_parse(&arguments, imapd_view_star(s->view, by_uid), &s->arena, &asked) || !imap_argument_space(&arguments) ||
	    !imap_fetch_items_parse(&arguments, &s->arena, &f->items) || arguments.len > 0)
		return imapd_bad_syntax(s);
	if (!imapd_view_resolve(s->view, &asked, by_uid, &f->uids))
		return imapd_bad(s, "There are only %u messages", imapd_view_count(s->view));
	if (ranges_is_empty(&f->uids)) {
		ranges_release(&f->uids);
		return imapd_finish(s, "OK No such message");
	}
	plan(s, f);
	s->work = f;
	s->release_work = release_fetch;
	scan(s);
	return IMAPD_WAIT;
}
