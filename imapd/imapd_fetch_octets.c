/*
 * Small sections are read ahead, many by one request; a large one is read as the client takes it.  The first octets of a section are read
 * before its literal is announced, so that a body that is gone becomes NIL; one that goes later ends the connection, never the literal.
 */
#include "imapd/imapd_fetch_octets.h"

#include "base/arena.h"
#include "base/budget.h"
#include "base/log.h"
#include "imap/imap_write.h"
#include "imapd/imapd_fetch_work.h"
#include "service/service_server.h"

#define READ_TIGHT (32u * 1024)         /* per read while the server is short of memory */
#define AHEAD_PIECES 64u                /* looked for, there or not: nobody else is served meanwhile */
#define AHEAD_OCTETS ((size_t)128 * 1024)

static void read_octets(struct imapd_session *);

static void announce(struct imapd_session *s, const struct imap_fetch_item *item, uint64_t len)
{
	struct imapd_fetch *f = s->work;

	buffer_add_bytes(&s->out, item->label);
	buffer_add_octet(&s->out, ' ');
	imap_write_literal(&s->out, len);
	f->is_announced = true;
}

static void end_section(struct imapd_session *s)
{
	struct imapd_fetch *f = s->work;

	f->is_announced = false;
	f->n_items_done++;
}

/* The body is not there: nothing was announced yet, or the connection cannot go on. */
static void body_is_gone(struct imapd_session *s, const struct imap_fetch_item *item, const struct error *err)
{
	struct imapd_fetch *f = s->work;

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
	imapd_fetch_go_on(s);
}

static void write_filtered(struct imapd_session *s, const struct imap_fetch_item *item, struct bytes header)
{
	struct buffer kept = { 0 };

	imapd_section_filter(&item->section, header, &kept);
	struct imapd_extent part = imapd_section_partial(&item->section, (struct imapd_extent){ 0, kept.len });
	announce(s, item, part.len);
	buffer_add_bytes(&s->out, bytes_slice(buffer_bytes(&kept), (size_t)part.at, (size_t)(part.at + part.len)));
	buffer_release(&kept);
}

static bool is_filtered(const struct imap_fetch_item *item)
{
	return item->section.text == IMAP_SECTION_FIELDS || item->section.text == IMAP_SECTION_FIELDS_NOT;
}

static void octets_came(void *owner, const struct error *err, struct bytes octets)
{
	struct imapd_session *s = owner;
	struct imapd_fetch *f = s->work;
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
			write_filtered(s, item, buffer_bytes(&f->header));
		buffer_clear(&f->header);
		end_section(s);
	}
	if (!may_go_on)
		imapd_session_when_drained(s, f->extent.len > 0 ? read_octets : imapd_fetch_go_on);
	else if (f->extent.len > 0)
		read_octets(s);
	else
		imapd_fetch_go_on(s);
}

static void read_octets(struct imapd_session *s)
{
	struct imapd_fetch *f = s->work;
	uint64_t max = budget_is_tight(service_budget(s->loop->service)) ? READ_TIGHT : STORE_READ_MAX;
	size_t len = (size_t)(f->extent.len < max ? f->extent.len : max);

	s->request = store_read(s->loop->store, f->batch->at[f->n_done].message_id, f->extent.at, len, octets_came, s);
}

/* ---- several sections by one request ---- */

/* The octets that answer a section, before HEADER.FIELDS are chosen from them.  False: the message has no such part. */
static bool locate(const struct imap_fetch_item *item, const struct store_message *m, struct imapd_extent *extent)
{
	struct arena scratch = { 0 };
	bool is_there = imapd_section_locate(&item->section, m, &scratch, extent);

	/* at once: the parts of one message may be megabytes, and are asked for hundreds of times */
	arena_reset(&scratch);
	if (!is_there)
		return false;
	if (!is_filtered(item))
		*extent = imapd_section_partial(&item->section, *extent);
	else if (extent->len > IMAPD_HEADER_MAX)
		extent->len = IMAPD_HEADER_MAX;
	return true;
}

/* The sections from the one being answered on, up to one that is too large.  Returns their number. */
static size_t plan_ahead(const struct imapd_fetch *f, struct store_piece wanted[AHEAD_PIECES])
{
	struct imapd_extent extent;
	size_t n = 0, n_octets = 0, n_looks = 0;
	bool has_room = true;

	for (size_t i = f->n_done, j = f->n_items_done; has_room && i < f->batch->n; i++, j = 0) {
		const struct store_message *m = &f->batch->at[i];
		for (; has_room && j < f->items.n; j++) {
			const struct imap_fetch_item *item = &f->items.at[j];
			if (item->kind != IMAP_FETCH_SECTION)
				continue;
			has_room = n_looks++ < AHEAD_PIECES;
			if (!has_room || !locate(item, m, &extent) || extent.len == 0)
				continue;
			has_room = extent.len <= AHEAD_OCTETS - n_octets;
			if (!has_room)
				break;
			n_octets += (size_t)extent.len;
			wanted[n++] = (struct store_piece){ .message_id = m->message_id, .offset = extent.at, .len = (size_t)extent.len };
		}
	}
	return n;
}

/* NULL: nothing was read ahead. */
static const struct store_piece *take_ahead(struct imapd_fetch *f)
{
	if (f->ahead && f->n_taken == f->ahead->n)
		imapd_fetch_release_ahead(f);
	return f->ahead ? &f->ahead->at[f->n_taken++] : NULL;
}

static void write_octets(struct imapd_session *s, const struct imap_fetch_item *item, struct bytes octets)
{
	if (is_filtered(item)) {
		write_filtered(s, item, octets);
	} else {
		announce(s, item, octets.len);
		buffer_add_bytes(&s->out, octets);
	}
}

static void ahead_came(void *owner, const struct error *err, struct store_pieces *pieces)
{
	struct imapd_session *s = owner;
	struct imapd_fetch *f = s->work;

	(void)err;
	s->request = NULL;
	f->ahead = pieces;
	const struct store_piece *piece = take_ahead(f);
	if (!piece || piece->octets.len < piece->len) {
		read_octets(s);
		return;
	}
	write_octets(s, &f->items.at[f->n_items_done], piece->octets);
	end_section(s);
	imapd_fetch_go_on(s);
}

static void read_section(struct imapd_session *s)
{
	struct imapd_fetch *f = s->work;
	struct store_piece wanted[AHEAD_PIECES];
	size_t n = budget_is_tight(service_budget(s->loop->service)) ? 0 : plan_ahead(f, wanted);

	if (n > 1)
		s->request = store_read_pieces(s->loop->store, wanted, n, ahead_came, s);
	else
		read_octets(s);
}

bool imapd_fetch_write_section(struct imapd_session *s, const struct store_message *m, const struct imap_fetch_item *item)
{
	struct imapd_fetch *f = s->work;

	if (!locate(item, m, &f->extent)) {
		buffer_add_bytes(&s->out, item->label);
		buffer_add_text(&s->out, " NIL");
		return true;
	}
	const struct store_piece *piece = f->extent.len > 0 ? take_ahead(f) : NULL;
	if (f->extent.len == 0 || (piece && piece->octets.len == f->extent.len)) {
		write_octets(s, item, piece ? piece->octets : (struct bytes){ 0 });
		f->is_announced = false;
		return true;
	}
	if (piece)
		read_octets(s);
	else if (s->out.len >= IMAPD_FETCH_FLUSH_AT && !imapd_session_flush(s))
		imapd_session_when_drained(s, read_section);
	else
		read_section(s);
	return false;
}

void imapd_fetch_release_ahead(struct imapd_fetch *f)
{
	store_pieces_destroy(f->ahead);
	f->ahead = NULL;
	f->n_taken = 0;
}
