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
	struct ranges found;            /* UIDs */
	imapd_search_found_fn *then;
	void *owner;
};

static void look(struct imapd_session *);

static void release_search(struct imapd_session *s)
{
	struct search *search = s->work;

	if (search->batch)
		store_messages_destroy(search->batch);
	ranges_release(&search->uids);
	arena_reset(&search->scratch);
	ranges_release(&search->found);
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
	imapd_session_resume(s, search->then(s, search->owner, &search->found));
}

static void match_one(struct imapd_session *s, struct bytes header)
{
	struct search *search = s->work;
	const struct store_message *message = &search->batch->at[search->n_done++];
	struct imapd_match match = {
		.view = s->view, .now_s = search->now_s, .scratch = &search->scratch, .message = message,
		.number = ranges_position(&s->view->uids, message->uid), .header = header,
	};

	if (match.number != 0 && imapd_match(&match, search->keys.key))
		ranges_add(&search->found, message->uid);
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
	uint32_t n_messages = imapd_view_count(s->view);

	ranges_copy(&search->uids, &s->view->uids);
	for (const struct imap_search_key *key = search->keys.key->children; key; key = key->next) {
		struct ranges asked = { 0 }, uids = { 0 };
		if (key->kind != IMAP_SEARCH_UID && key->kind != IMAP_SEARCH_SET)
			continue;
		ranges_copy(&asked, &key->set);
		if (key->kind == IMAP_SEARCH_SET && n_messages < UINT32_MAX)
			ranges_remove_range(&asked, n_messages + 1, UINT32_MAX);
		imapd_view_resolve(s->view, &asked, key->kind == IMAP_SEARCH_UID, &uids);
		ranges_intersect(&search->uids, &uids);
		ranges_release(&uids);
		ranges_release(&asked);
	}
}

/* Nothing but sets, which narrow has looked at: no row needs to be read. */
static bool is_narrow(const struct imap_search_key *all)
{
	for (const struct imap_search_key *key = all->children; key; key = key->next)
		if (key->kind != IMAP_SEARCH_UID && key->kind != IMAP_SEARCH_SET && (key->kind != IMAP_SEARCH_AND || key->children))
			return false;
	return true;
}

enum imapd_after imapd_search_start(struct imapd_session *s, struct bytes arguments, imapd_search_found_fn *then, void *owner)
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
	search->then = then;
	search->owner = owner;
	s->work = search;
	s->release_work = release_search;
	if (is_narrow(search->keys.key))
		return then(s, owner, &search->uids);
	scan(s);
	return IMAPD_WAIT;
}

static enum imapd_after write_found(struct imapd_session *s, void *owner, const struct ranges *uids)
{
	struct imapd_numbers numbers = imapd_view_numbers(s->view, s->command->flags & IMAPD_BY_UID, &s->arena);
	uint32_t cursor = 0, uid;

	(void)owner;
	buffer_add_text(&s->out, "* SEARCH");
	while (ranges_next(uids, &cursor, &uid)) {
		buffer_add_octet(&s->out, ' ');
		buffer_add_u64(&s->out, imapd_number_of(&numbers, uid));
	}
	buffer_add_text(&s->out, "\r\n");
	return imapd_finish(s, "OK Searched");
}

enum imapd_after imapd_search(struct imapd_session *s, struct bytes arguments)
{
	return imapd_search_start(s, arguments, write_found, NULL);
}
