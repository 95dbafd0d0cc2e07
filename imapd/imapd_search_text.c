#include "imapd/imapd_search_text.h"

#include "imapd/imapd_match.h"
#include "mailstore/search.h"

/* The session's work begins with it: see imapd_search.c. */
static struct imapd_search_text *work(struct imapd_session *s)
{
	return s->work;
}

static void look_for(struct imapd_session *);

/* Up to STORE_NEEDLES_MAX texts below key that are not answered. */
static size_t gather(struct imap_search_key *key, struct imap_search_key **asked, size_t n)
{
	if (imap_search_is_text(key) && !key->is_answered && n < STORE_NEEDLES_MAX)
		asked[n++] = key;
	for (struct imap_search_key *child = key->children; child; child = child->next)
		n = gather(child, asked, n);
	return n;
}

/* Take away what the key, as far as it is known now, answers with no. */
static void narrow(struct imapd_session *s, const struct imap_search_key *key)
{
	struct ranges *open = work(s)->open, left = { 0 };
	struct imapd_match match = { .view = s->view };
	uint32_t cursor = 0;

	if (imap_search_is_text(key)) {
		ranges_intersect(open, &key->set);
		return;
	}
	while (ranges_next(open, &cursor, &match.uid))
		if (imapd_match(&match, key) != IMAPD_NO)
			ranges_add(&left, match.uid);
	ranges_release(open);
	*open = left;
}

static void answer(struct imapd_session *s, struct imap_search_key *key, const struct ranges *uids)
{
	struct range *at = arena_alloc(&s->arena, uids->n * sizeof *at + 1);

	for (size_t i = 0; i < uids->n; i++)
		at[i] = uids->at[i];
	key->set = (struct ranges){ at, uids->n, uids->n };
	key->is_answered = true;
}

static void searched(void *owner, const struct error *err, const struct ranges *found, size_t n)
{
	struct imapd_session *s = owner;
	struct imapd_search_text *text = work(s);

	s->request = NULL;
	if (err) {
		text->then(s, err);
		return;
	}
	for (size_t i = 0; i < n; i++)
		answer(s, text->asked[i], &found[i]);
	if (gather(text->child, text->asked, 0) == 0) {
		narrow(s, text->child);
		text->child = text->child->next;
	}
	look_for(s);
}

static struct store_needle needle_of(const struct imap_search_key *key)
{
	return (struct store_needle){
		.place = key->kind == IMAP_SEARCH_HEADER ? STORE_IN_FIELD : key->kind == IMAP_SEARCH_BODY ? STORE_IN_BODY : STORE_IN_TEXT,
		.field = key->name, .text = key->text,
	};
}

static void look_for(struct imapd_session *s)
{
	struct imapd_search_text *text = work(s);
	struct store_needle needles[STORE_NEEDLES_MAX];
	size_t n = 0;

	while (text->child && (n = gather(text->child, text->asked, 0)) == 0)
		text->child = text->child->next;
	if (!text->child) {
		text->then(s, NULL);
		return;
	}
	for (size_t i = 0; i < n; i++)
		needles[i] = needle_of(text->asked[i]);
	s->request = store_search(s->loop->store, s->view->mailbox_id, text->open, needles, n, searched, s);
}

void imapd_search_text_start(struct imapd_session *s, struct imapd_search_text *text)
{
	text->child = text->all->children;
	text->asked = arena_alloc(&s->arena, STORE_NEEDLES_MAX * sizeof *text->asked);
	look_for(s);
}
