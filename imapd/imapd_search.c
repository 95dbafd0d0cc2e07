/* One batch of rows after the other; where a key asks for a field that is not in the stored envelope, each header is read. */
#include "imapd/imapd_search.h"

#include "base/clock.h"
#include "imap/imap_search_keys.h"
#include "imapd/imapd_commands.h"
#include "imapd/imapd_match.h"
#include "imapd/imapd_reply.h"
#include "imapd/imapd_view.h"
#include "mailstore/bodies.h"

struct search {
	struct imap_search keys;
	struct ranges uids;             /* still to be looked at */
	unsigned fields;
	struct store_messages *batch;
	size_t n_done;
	struct arena scratch;
	int64_t now_s;
	struct buffer found;            /* " 1 2 3" */
};

static void look(struct imapd_session *);

static void release_search(struct imapd_session *s)
{
	struct search *search = s->work;

	if (search->batch)
		store_messages_destroy(search->batch);
	ranges_release(&search->uids);
	arena_reset(&search->scratch);
	buffer_release(&search->found);
}

static void failed(struct imapd_session *s, const struct error *err)
{
	imapd_session_resume(s, imapd_finish_error(s, err, "The mailbox"));
}

static void scanned(void *owner, const struct error *err, struct store_messages *batch)
{
	struct imapd_session *s = owner;
	struct search *search = s->work;

	s->request = NULL;
	if (err) {
		failed(s, err);
		return;
	}
	search->batch = batch;
	search->n_done = 0;
	look(s);
}

static void scan(struct imapd_session *s)
{
	struct search *search = s->work;

	s->request = store_message_scan(s->loop->store, s->view->mailbox_id, &search->uids, search->fields, true, scanned, s);
}

static void batch_done(struct imapd_session *s)
{
	struct search *search = s->work;
	uint32_t next_uid = search->batch->next_uid;

	store_messages_destroy(search->batch);
	search->batch = NULL;
	if (next_uid != 0) {
		ranges_remove_range(&search->uids, 1, next_uid - 1);
		scan(s);
		return;
	}
	buffer_add_text(&s->out, "* SEARCH");
	buffer_add_bytes(&s->out, buffer_bytes(&search->found));
	buffer_add_text(&s->out, "\r\n");
	imapd_session_resume(s, imapd_finish(s, "OK Searched"));
}

static void match_one(struct imapd_session *s, struct bytes header)
{
	struct search *search = s->work;
	const struct store_message *message = &search->batch->at[search->n_done++];
	struct imapd_match match = {
		.view = s->view, .now_s = search->now_s, .scratch = &search->scratch, .message = message,
		.number = ranges_position(&s->view->uids, message->uid), .header = header,
	};

	if (match.number != 0 && imapd_match(&match, search->keys.key)) {
		buffer_add_octet(&search->found, ' ');
		buffer_add_u64(&search->found, s->command->flags & IMAPD_BY_UID ? message->uid : match.number);
	}
	arena_reset(&search->scratch);
}

static void header_came(void *owner, const struct error *err, struct bytes octets)
{
	struct imapd_session *s = owner;

	s->request = NULL;
	if (err && err->kind != ERROR_NOT_FOUND) {
		failed(s, err);
		return;
	}
	match_one(s, err ? bytes_of(NULL, 0) : octets);
	look(s);
}

static void look(struct imapd_session *s)
{
	struct search *search = s->work;

	while (search->n_done < search->batch->n) {
		const struct store_message *m = &search->batch->at[search->n_done];
		if (search->keys.needs & IMAP_SEARCH_NEEDS_HEADER) {
			size_t len = m->header_len < STORE_READ_MAX ? (size_t)m->header_len : STORE_READ_MAX;
			s->request = store_read(s->loop->store, m->message_id, 0, len, header_came, s);
			return;
		}
		match_one(s, bytes_of(NULL, 0));
	}
	batch_done(s);
}

/* Sets that must hold bound what is scanned. */
static void narrow(struct imapd_session *s, struct search *search)
{
	struct ranges uids;

	ranges_copy(&search->uids, &s->view->uids);
	for (const struct imap_search_key *key = search->keys.key->children; key; key = key->next) {
		if (key->kind != IMAP_SEARCH_UID && key->kind != IMAP_SEARCH_SET)
			continue;
		if (!imapd_view_resolve(s->view, &key->set, key->kind == IMAP_SEARCH_UID, &uids))
			continue;
		ranges_intersect(&search->uids, &uids);
		ranges_release(&uids);
	}
}

enum imapd_after imapd_search(struct imapd_session *s, struct bytes arguments)
{
	struct search *search = arena_alloc(&s->arena, sizeof *search);
	struct imap_search_scope scope = { .n_messages = imapd_view_star(s->view, false), .last_uid = imapd_view_star(s->view, true) };

	switch (imap_search_parse(arguments, &scope, &s->arena, &search->keys)) {
	case IMAP_SEARCH_SYNTAX:
		return imapd_bad_syntax(s);
	case IMAP_SEARCH_CHARSET:
		return imapd_finish(s, "NO [BADCHARSET (US-ASCII UTF-8)] That charset is not known here");
	case IMAP_SEARCH_OK:
		break;
	}
	if (search->keys.needs & IMAP_SEARCH_NEEDS_TEXT)
		return imapd_finish(s, "NO [CANNOT] SEARCH by BODY and TEXT is not part of this release; FROM, TO, SUBJECT and HEADER are");
	imapd_match_prepare(search->keys.key, &s->arena);
	search->now_s = clock_now_s();
	if (search->keys.needs & IMAP_SEARCH_NEEDS_ENVELOPE)
		search->fields |= STORE_FIELD_ENVELOPE;
	if (search->keys.needs & IMAP_SEARCH_NEEDS_HEADER)
		search->fields |= STORE_FIELD_BODY_INFO;
	narrow(s, search);
	s->work = search;
	s->release_work = release_search;
	scan(s);
	return IMAPD_WAIT;
}
