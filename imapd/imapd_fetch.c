/*
 * scan a batch → mark \Seen where a body is read without PEEK → write its messages item by item, reading octets of
 * bodies as the client takes them → the next batch.  The first octets of a section are read before its literal is announced, so that a
 * body that is gone becomes NIL; one that goes later ends the connection, never the literal.
 */
#include "imapd/imapd_fetch.h"

#include <assert.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/memory.h"
#include "imap/imap_argument.h"
#include "imap/imap_bodystructure.h"
#include "imap/imap_date.h"
#include "imap/imap_envelope.h"
#include "imap/imap_flag.h"
#include "imap/imap_object_id.h"
#include "imap/imap_set.h"
#include "imap/imap_write.h"
#include "imapd/imapd_commands.h"
#include "imapd/imapd_reply.h"
#include "imapd/imapd_section.h"
#include "imapd/imapd_update.h"
#include "imapd/imapd_view.h"
#include "mailstore/bodies.h"

#define FLUSH_AT (32 * 1024)
#define READ_TIGHT (32u * 1024)         /* per read while the server is short of memory */

struct fetch {
	struct imap_fetch_items items;
	struct ranges uids;             /* asked for, and not answered yet */
	unsigned fields;
	bool marks_seen;                /* and tells FLAGS where it did */
	bool is_missing;                /* a message could not be answered */

	struct store_messages *batch;
	size_t n_done;                  /* messages of the batch answered */
	struct ranges unmarked;         /* of the batch: without \Seen when it was scanned */
	struct ranges fresh;            /* of the batch: \Seen was just set */

	/* the message and item being answered */
	bool is_open;                   /* "* n FETCH (" is written */
	size_t n_items_done;
	struct arena scratch;
	struct imapd_extent extent;     /* octets still to read */
	bool is_announced;              /* of the literal */
	struct buffer header;           /* being gathered for HEADER.FIELDS */
};

static void scan(struct imapd_session *);
static void write_messages(struct imapd_session *);

static void end_batch(struct fetch *f)
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
	struct fetch *f = s->work;

	end_batch(f);
	ranges_release(&f->uids);
	ranges_release(&f->unmarked);
	ranges_release(&f->fresh);
	buffer_release(&f->header);
	arena_reset(&f->scratch);
}

static void finish_fetch(struct imapd_session *s)
{
	struct fetch *f = s->work;

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
		write_messages(s);
}

static void marked(void *owner, const struct error *err, uint64_t modseq, const struct ranges *modified)
{
	struct imapd_session *s = owner;
	struct fetch *f = s->work;

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
		write_messages(s);
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
	struct fetch *f = s->work;
	struct store_flags_change change = { .mailbox_id = s->view->mailbox_id, .uids = &f->unmarked, .op = STORE_FLAGS_ADD, .bits = STORE_SEEN };

	for (size_t i = 0; i < f->batch->n; i++) {
		const struct store_message *m = &f->batch->at[i];
		if (m->modseq > change.unchanged_since)
			change.unchanged_since = m->modseq;
		if (!(m->flags & STORE_SEEN) && !ranges_contains(&s->view->gone, m->uid))
			ranges_add(&f->unmarked, m->uid);
	}
	if (ranges_is_empty(&f->unmarked)) {
		write_messages(s);
		return;
	}
	s->request = store_message_flags(s->loop->store, &change, marked, s);
}

/* ---- batches ---- */

static void scanned(void *owner, const struct error *err, struct store_messages *batch)
{
	struct imapd_session *s = owner;
	struct fetch *f = s->work;

	s->request = NULL;
	if (err) {
		failed(s, err);
		return;
	}
	f->batch = batch;
	if (f->marks_seen)
		mark_seen(s);
	else
		write_messages(s);
}

static void scan(struct imapd_session *s)
{
	struct fetch *f = s->work;

	s->request = store_message_scan(s->loop->store, s->view->mailbox_id, &f->uids, f->fields, true, scanned, s);
}

/* What was asked for and is neither in the batch nor behind it is gone for good. */
static void batch_written(struct imapd_session *s)
{
	struct fetch *f = s->work;
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

/* ---- octets of a message ---- */

static void read_octets(struct imapd_session *);

static void announce(struct imapd_session *s, const struct imap_fetch_item *item, uint64_t len)
{
	struct fetch *f = s->work;

	buffer_add_bytes(&s->out, item->label);
	buffer_add_octet(&s->out, ' ');
	imap_write_literal(&s->out, len);
	f->is_announced = true;
}

static void end_section(struct imapd_session *s)
{
	struct fetch *f = s->work;

	f->is_announced = false;
	f->n_items_done++;
}

/* The body is not there: nothing was announced yet, or the connection cannot go on. */
static void body_is_gone(struct imapd_session *s, const struct imap_fetch_item *item, const struct error *err)
{
	struct fetch *f = s->work;

	log_warning("imapd", "body-gone", "session=%s message=%lld why=%s", s->id,
	            (long long)f->batch->at[f->n_done].message_id, err ? err->text : "shorter than its row says");
	if (f->is_announced) {
		imapd_session_bye(s, "A message vanished while it was sent");
		return;
	}
	buffer_clear(&f->header);
	buffer_add_bytes(&s->out, item->label);
	buffer_add_text(&s->out, " NIL");
	f->is_missing = true;
	end_section(s);
	write_messages(s);
}

static void write_filtered(struct imapd_session *s, const struct imap_fetch_item *item)
{
	struct fetch *f = s->work;
	struct buffer kept = { 0 };

	imapd_section_filter(&item->section, buffer_bytes(&f->header), &kept);
	struct imapd_extent part = imapd_section_partial(&item->section, (struct imapd_extent){ 0, kept.len });
	announce(s, item, part.len);
	buffer_add_bytes(&s->out, bytes_slice(buffer_bytes(&kept), (size_t)part.at, (size_t)(part.at + part.len)));
	buffer_release(&kept);
	buffer_clear(&f->header);
}

static bool is_filtered(const struct imap_fetch_item *item)
{
	return item->section.text == IMAP_SECTION_FIELDS || item->section.text == IMAP_SECTION_FIELDS_NOT;
}

static void octets_came(void *owner, const struct error *err, struct bytes octets)
{
	struct imapd_session *s = owner;
	struct fetch *f = s->work;
	const struct imap_fetch_item *item = &f->items.at[f->n_items_done];
	bool may_go_on = true;

	s->request = NULL;
	if (err || octets.len == 0) {
		body_is_gone(s, item, err);
		return;
	}
	octets = bytes_slice(octets, 0, f->extent.len < octets.len ? (size_t)f->extent.len : octets.len);
	if (is_filtered(item)) {
		buffer_add_bytes(&f->header, octets);
	} else {
		if (!f->is_announced)
			announce(s, item, f->extent.len);
		imapd_session_flush(s);
		may_go_on = net_stream_write(s->stream, octets);
	}
	f->extent.at += octets.len;
	f->extent.len -= octets.len;
	if (f->extent.len == 0) {
		if (is_filtered(item))
			write_filtered(s, item);
		end_section(s);
	}
	if (!may_go_on)
		imapd_session_when_drained(s, f->extent.len > 0 ? read_octets : write_messages);
	else if (f->extent.len > 0)
		read_octets(s);
	else
		write_messages(s);
}

static void read_octets(struct imapd_session *s)
{
	struct fetch *f = s->work;
	uint64_t max = budget_is_tight(service_budget(s->loop->service)) ? READ_TIGHT : STORE_READ_MAX;
	size_t len = (size_t)(f->extent.len < max ? f->extent.len : max);

	s->request = store_read(s->loop->store, f->batch->at[f->n_done].message_id, f->extent.at, len, octets_came, s);
}

/* True: written; false: octets are being read. */
static bool write_section(struct imapd_session *s, const struct store_message *m, const struct imap_fetch_item *item)
{
	struct fetch *f = s->work;

	if (!imapd_section_locate(&item->section, m, &f->scratch, &f->extent)) {
		buffer_add_bytes(&s->out, item->label);
		buffer_add_text(&s->out, " NIL");
		return true;
	}
	if (!is_filtered(item))
		f->extent = imapd_section_partial(&item->section, f->extent);
	else if (f->extent.len > IMAPD_HEADER_MAX)
		f->extent.len = IMAPD_HEADER_MAX;
	if (f->extent.len > 0) {
		read_octets(s);
		return false;
	}
	if (is_filtered(item))
		write_filtered(s, item);
	else
		announce(s, item, 0);
	f->is_announced = false;
	return true;
}

/* ---- messages and items ---- */

static void write_structure(struct imapd_session *s, const struct store_message *m, const struct imap_fetch_item *item)
{
	struct fetch *f = s->work;
	bool ok;

	buffer_add_bytes(&s->out, item->label);
	buffer_add_octet(&s->out, ' ');
	if (item->kind == IMAP_FETCH_ENVELOPE)
		ok = imap_envelope_format(m->envelope, &f->scratch, &s->out);
	else
		ok = imap_bodystructure_format(m->structure, item->kind == IMAP_FETCH_BODYSTRUCTURE, &f->scratch, &s->out);
	if (ok)
		return;
	log_error("imapd", "damaged", "session=%s message=%lld what=%.*s", s->id, (long long)m->message_id, BYTES_PRINT(item->label));
	buffer_add_text(&s->out, item->kind == IMAP_FETCH_ENVELOPE ? "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)" :
	                "(\"application\" \"octet-stream\" NIL NIL NIL \"7bit\" 0)");
}

static void write_flags(struct imapd_session *s, const struct store_message *m)
{
	struct fetch *f = s->work;
	uint64_t flags = m->flags | (ranges_contains(&f->fresh, m->uid) ? STORE_SEEN : 0);

	buffer_add_text(&s->out, "FLAGS ");
	imap_flags_format(&s->out, flags, imapd_view_keywords(s->view), ranges_contains(&s->view->recent, m->uid));
}

/* True: written; false: octets are being read, and write_messages will be called. */
static bool write_item(struct imapd_session *s, const struct store_message *m, const struct imap_fetch_item *item)
{
	switch (item->kind) {
	case IMAP_FETCH_FLAGS:
		write_flags(s, m);
		return true;
	case IMAP_FETCH_UID:
		buffer_printf(&s->out, "UID %u", m->uid);
		return true;
	case IMAP_FETCH_INTERNALDATE:
		buffer_add_text(&s->out, "INTERNALDATE ");
		imap_date_time_format(m->internal_date_s, &s->out);
		return true;
	case IMAP_FETCH_SIZE:
		buffer_add_text(&s->out, "RFC822.SIZE ");
		buffer_add_u64(&s->out, m->size);
		return true;
	case IMAP_FETCH_EMAIL_ID:
		buffer_add_text(&s->out, "EMAILID ");
		imap_object_id_format(&s->out, IMAP_OBJECT_EMAIL, m->message_id);
		return true;
	case IMAP_FETCH_THREAD_ID:
		buffer_add_text(&s->out, "THREADID ");
		imap_object_id_format(&s->out, IMAP_OBJECT_THREAD, m->thread_id);
		return true;
	case IMAP_FETCH_SECTION:
		return write_section(s, m, item);
	default:
		write_structure(s, m, item);
		return true;
	}
}

static void open_message(struct imapd_session *s, const struct store_message *m)
{
	struct fetch *f = s->work;

	buffer_printf(&s->out, "* %u FETCH (", ranges_position(&s->view->uids, m->uid));
	if ((s->command->flags & IMAPD_BY_UID) && !imap_fetch_items_have(&f->items, IMAP_FETCH_UID))
		buffer_printf(&s->out, "UID %u ", m->uid);
	f->is_open = true;
	f->n_items_done = 0;
}

/* A message whose \Seen was set by this command tells it, asked or not: RFC 9051 6.4.5. */
static void close_message(struct imapd_session *s, const struct store_message *m)
{
	struct fetch *f = s->work;

	if (ranges_contains(&f->fresh, m->uid) && !imap_fetch_items_have(&f->items, IMAP_FETCH_FLAGS)) {
		buffer_add_octet(&s->out, ' ');
		write_flags(s, m);
	}
	buffer_add_text(&s->out, ")\r\n");
	arena_reset(&f->scratch);
	f->is_open = false;
	f->n_done++;
	s->counts.fetched++;
}

/* False: left in the middle of it. */
static bool write_message(struct imapd_session *s, const struct store_message *m)
{
	struct fetch *f = s->work;

	if (!f->is_open)
		open_message(s, m);
	while (f->n_items_done < f->items.n) {
		if (f->n_items_done > 0)
			buffer_add_octet(&s->out, ' ');
		if (!write_item(s, m, &f->items.at[f->n_items_done]))
			return false;
		f->n_items_done++;
	}
	close_message(s, m);
	return true;
}

static void write_messages(struct imapd_session *s)
{
	struct fetch *f = s->work;

	while (f->n_done < f->batch->n) {
		if (!write_message(s, &f->batch->at[f->n_done]))
			return;
		if (s->out.len >= FLUSH_AT && !imapd_session_flush(s)) {
			imapd_session_when_drained(s, write_messages);
			return;
		}
	}
	batch_written(s);
}

/* ---- the command ---- */

static void plan(struct imapd_session *s, struct fetch *f)
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
	struct fetch *f = arena_alloc(&s->arena, sizeof *f);
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
