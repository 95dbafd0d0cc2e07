/*
 * Rows first, one batch after the other: they decide most.  What is left open is searched for its texts; where a text and a row are alternatives of one
 * key, the rows of what is still open are read again, with every text answered.
 */
#include "imapd/imapd_search.h"

#include "base/clock.h"
#include "imap/imap_search_keys.h"
#include "imapd/imapd_commands.h"
#include "imapd/imapd_match.h"
#include "imapd/imapd_reply.h"
#include "imapd/imapd_search_text.h"
#include "imapd/imapd_view.h"

#define PULSE_MS 1000
#define SIGN_OF_LIFE 10                 /* pulses */

struct search {
	struct imapd_search_text text;  /* first: imapd_search_text finds itself in the session's work */
	struct imap_search keys;
	struct ranges uids;             /* rows still to be read */
	struct ranges found, open;      /* UIDs that answer; that may */
	int64_t now_s;
	bool is_answered;               /* every text is */
	struct net_timer pulse;         /* while texts are looked for */
	unsigned n_pulses;
	imapd_search_found_fn *then;
	void *owner;
};

static void rows_done(struct imapd_session *);

static void release_search(struct imapd_session *s)
{
	struct search *search = s->work;

	net_timer_stop(&search->pulse);
	ranges_release(&search->uids);
	ranges_release(&search->found);
	ranges_release(&search->open);
}

static void failed(struct imapd_session *s, const struct error *err)
{
	imapd_session_resume(s, imapd_finish_error(s, err, "The mailbox"));
}

static void finish(struct imapd_session *s)
{
	struct search *search = s->work;

	imapd_session_resume(s, search->then(s, search->owner, &search->found));
}

/* ---- rows ---- */

static void scanned(void *owner, const struct error *err, struct store_messages *batch);

static void scan(struct imapd_session *s)
{
	struct search *search = s->work;
	unsigned fields = search->keys.needs & IMAP_SEARCH_NEEDS_ENVELOPE ? STORE_FIELD_ENVELOPE : 0;

	s->request = store_message_scan(s->loop->store, s->view->mailbox_id, &search->uids, fields, true, scanned, s);
}

/* message: its row, or NULL. */
static void match_one(struct imapd_session *s, uint32_t uid, const struct store_message *message)
{
	struct search *search = s->work;
	struct imapd_match match = { .view = s->view, .now_s = search->now_s, .uid = uid, .message = message };

	if (message && (search->keys.needs & IMAP_SEARCH_NEEDS_ENVELOPE))
		imapd_match_read_date(&match);
	enum imapd_truth truth = imapd_match(&match, search->keys.key);

	if (truth == IMAPD_YES)
		ranges_add(&search->found, uid);
	else if (truth == IMAPD_OPEN)
		ranges_add(&search->open, uid);
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
	for (size_t i = 0; i < batch->n; i++)
		if (ranges_contains(&search->uids, batch->at[i].uid))
			match_one(s, batch->at[i].uid, &batch->at[i]);
	uint32_t next_uid = batch->next_uid;
	store_messages_destroy(batch);
	if (next_uid == 0) {
		rows_done(s);
		return;
	}
	ranges_remove_range(&search->uids, 1, next_uid - 1);
	scan(s);
}

/* ---- texts ---- */

/* May a text decide for a message whose row decides, too?  Then its key cannot be answered without both. */
static bool is_mixed(const struct imap_search_key *key, bool *has_text, bool *has_row)
{
	if (imap_search_is_text(key))
		*has_text = true;
	else if (!key->children && key->kind != IMAP_SEARCH_AND && key->kind != IMAP_SEARCH_SET && key->kind != IMAP_SEARCH_UID && key->kind != IMAP_SEARCH_RECENT)
		*has_row = true;
	for (const struct imap_search_key *child = key->children; child; child = child->next)
		is_mixed(child, has_text, has_row);
	return *has_text && *has_row;
}

static bool needs_both(const struct search *search)
{
	for (const struct imap_search_key *key = search->keys.key->children; key; key = key->next) {
		bool has_text = false, has_row = false;
		if (is_mixed(key, &has_text, &has_row))
			return true;
	}
	return false;
}

static void answered(struct imapd_session *s, const struct error *err)
{
	struct search *search = s->work;

	if (err) {
		failed(s, err);
		return;
	}
	search->is_answered = true;
	if (needs_both(search) && !ranges_is_empty(&search->open)) {
		ranges_copy(&search->uids, &search->open);
		ranges_clear(&search->open);
		scan(s);
		return;
	}
	ranges_add_all(&search->found, &search->open);
	finish(s);
}

/*
 * A long search shows that it lives.  To a client that closed its side this is sent at once: one that is gone answers with a reset, which the stream
 * tells only by taking no more, and then nobody waits for the result.
 */
static void beat(void *owner)
{
	struct imapd_session *s = owner;
	struct search *search = s->work;

	if (++search->n_pulses % SIGN_OF_LIFE == 0 || s->has_ended)
		imapd_untagged(s, "OK Still searching");
	if (!imapd_session_flush(s) && net_stream_pending(s->stream) <= NET_STREAM_OUTPUT_HIGH)
		imapd_session_bye(s, "Nobody waits for the result");
	else
		net_timer_start(&search->pulse, s->loop->net, PULSE_MS, beat, s);
}

static void look_for_texts(struct imapd_session *s)
{
	struct search *search = s->work;

	net_timer_start(&search->pulse, s->loop->net, PULSE_MS, beat, s);

	search->text = (struct imapd_search_text){ .all = search->keys.key, .open = &search->open, .then = answered };
	imapd_search_text_start(s, &search->text);
}

static void rows_done(struct imapd_session *s)
{
	struct search *search = s->work;

	if (search->is_answered || ranges_is_empty(&search->open))
		finish(s);
	else
		look_for_texts(s);
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

/* Nothing but sets, which narrow has looked at, and perhaps texts: no row needs to be read. */
static bool is_narrow(const struct imap_search_key *all, bool with_texts)
{
	for (const struct imap_search_key *key = all->children; key; key = key->next)
		if (key->kind != IMAP_SEARCH_UID && key->kind != IMAP_SEARCH_SET && (key->kind != IMAP_SEARCH_AND || key->children) &&
		    !(with_texts && imap_search_is_text(key)))
			return false;
	return true;
}

/* [CHARSET x] and keys. */
static enum imapd_after start(struct imapd_session *s, struct bytes arguments, imapd_search_found_fn *then, void *owner)
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
	search->now_s = clock_now_s();
	narrow(s, search);
	search->then = then;
	search->owner = owner;
	s->work = search;
	s->release_work = release_search;
	if (is_narrow(search->keys.key, false))
		return then(s, owner, &search->uids);
	if (ranges_is_empty(&search->uids))
		return then(s, owner, &search->found);
	if (search->keys.needs & IMAP_SEARCH_NEEDS_TEXT && !(search->keys.needs & IMAP_SEARCH_NEEDS_ROW)) {
		if (is_narrow(search->keys.key, true))
			ranges_copy(&search->open, &search->uids);
		else
			for (uint32_t cursor = 0, uid; ranges_next(&search->uids, &cursor, &uid);)
				match_one(s, uid, NULL);
		if (ranges_is_empty(&search->open))
			return then(s, owner, &search->found);
		look_for_texts(s);
	} else {
		scan(s);
	}
	return IMAPD_WAIT;
}

enum imapd_after imapd_search_start_in(struct imapd_session *s, struct bytes charset_and_keys, imapd_search_found_fn *then, void *owner)
{
	static const char word[] = "CHARSET ";
	size_t len = sizeof word - 1 + charset_and_keys.len;
	char *text = arena_alloc(&s->arena, len + 1);

	memcpy(text, word, sizeof word - 1);
	memcpy(text + sizeof word - 1, charset_and_keys.at, charset_and_keys.len);
	return start(s, bytes_of(text, len), then, owner);
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
	return start(s, arguments, write_found, NULL);
}
