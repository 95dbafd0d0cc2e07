#include "imapd/imapd_view.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "imap/imap_flag.h"
#include "imapd/imapd_idle.h"

static void changed(void *owner, uint64_t modseq)
{
	struct imapd_session *s = owner;

	if (modseq != 0 && modseq <= s->view->told_modseq)
		return;
	s->view->is_dirty = true;
	imapd_idle_wake(s);
}

struct imapd_view *imapd_view_create(struct imapd_session *s, const struct store_snapshot *snapshot, bool is_read_only)
{
	struct imapd_view *view = xcalloc(1, sizeof *view);

	view->mailbox_id = snapshot->mailbox.mailbox_id;
	view->is_read_only = is_read_only;
	view->told_modseq = snapshot->mailbox.modseq;
	view->next_uid = snapshot->mailbox.uidnext;
	ranges_copy(&view->uids, &snapshot->uids);
	if (snapshot->first_recent_uid > 0 && snapshot->first_recent_uid < snapshot->mailbox.uidnext) {
		ranges_add_range(&view->recent, snapshot->first_recent_uid, snapshot->mailbox.uidnext - 1);
		ranges_intersect(&view->recent, &view->uids);
	}
	imapd_view_set_keywords(view, &snapshot->keywords);
	/* A change between the snapshot and this watch is found by the next command's end. */
	view->is_unsure = true;
	service_watch_start(&view->watch, s->loop, view->mailbox_id, changed, s);
	return view;
}

static void free_keywords(struct imapd_view *view)
{
	if (!view->keywords)
		return;
	for (unsigned bit = 0; bit < IMAP_FLAG_BITS; bit++)
		free(view->keywords[bit]);
	free(view->keywords);
	view->keywords = NULL;
}

void imapd_view_destroy(struct imapd_view *view)
{
	if (!view)
		return;
	service_watch_stop(&view->watch);
	ranges_release(&view->uids);
	ranges_release(&view->gone);
	ranges_release(&view->recent);
	free_keywords(view);
	free(view);
}

uint32_t imapd_view_count(const struct imapd_view *view)
{
	return (uint32_t)ranges_count(&view->uids);
}

uint32_t imapd_view_count_recent(const struct imapd_view *view)
{
	struct ranges told = { 0 };

	ranges_copy(&told, &view->recent);
	ranges_intersect(&told, &view->uids);
	uint32_t n = (uint32_t)ranges_count(&told);
	ranges_release(&told);
	return n;
}

bool imapd_view_set_keywords(struct imapd_view *view, const struct store_keywords *keywords)
{
	bool is_new = false, is_any = false;

	for (unsigned bit = 0; bit < IMAP_FLAG_BITS; bit++) {
		const char *was = view->keywords ? view->keywords[bit] : NULL, *is = keywords->names[bit];
		is_any = is_any || is;
		if (was != is && (!was || !is || strcmp(was, is) != 0))
			is_new = true;
	}
	if (!is_new)
		return false;
	free_keywords(view);
	if (!is_any)
		return true;
	view->keywords = xcalloc(IMAP_FLAG_BITS, sizeof *view->keywords);
	for (unsigned bit = 0; bit < IMAP_FLAG_BITS; bit++)
		if (keywords->names[bit])
			view->keywords[bit] = xstrdup(keywords->names[bit]);
	return true;
}

const char *const *imapd_view_keywords(const struct imapd_view *view)
{
	return (const char *const *)view->keywords;
}

/* Positions to UIDs: both sides are sorted, so one walk over the view's ranges serves all of the set. */
static void resolve_numbers(const struct ranges *view, const struct ranges *asked, struct ranges *uids)
{
	uint64_t before = 0;            /* messages in the ranges behind us */
	size_t v = 0;

	for (size_t a = 0; a < asked->n; a++) {
		uint64_t first = asked->at[a].first, last = asked->at[a].last;
		while (v < view->n) {
			struct range r = view->at[v];
			uint64_t count = (uint64_t)r.last - r.first + 1;
			uint64_t from = first > before + 1 ? first : before + 1, to = last < before + count ? last : before + count;
			if (from <= to)
				ranges_add_range(uids, (uint32_t)(r.first + (from - before - 1)), (uint32_t)(r.first + (to - before - 1)));
			if (last <= before + count)
				break;
			before += count;
			v++;
		}
	}
}

bool imapd_view_resolve(const struct imapd_view *view, const struct ranges *asked, bool by_uid, struct ranges *uids)
{
	*uids = (struct ranges){ 0 };
	if (by_uid) {
		ranges_copy(uids, &view->uids);
		ranges_intersect(uids, asked);
		return true;
	}
	if (ranges_is_empty(asked) || ranges_last(asked) > imapd_view_count(view))
		return false;
	resolve_numbers(&view->uids, asked, uids);
	return true;
}

uint32_t imapd_view_star(const struct imapd_view *view, bool by_uid)
{
	return by_uid ? ranges_last(&view->uids) : imapd_view_count(view);
}

struct imapd_numbers imapd_view_numbers(const struct imapd_view *view, bool by_uid, struct arena *arena)
{
	const struct ranges *uids = &view->uids;
	struct imapd_numbers numbers = { .uids = uids };
	uint32_t *before, n = 0;

	if (by_uid)
		return numbers;
	before = arena_alloc(arena, (uids->n + 1) * sizeof *before);
	for (size_t i = 0; i < uids->n; i++) {
		before[i] = n;
		n += uids->at[i].last - uids->at[i].first + 1;
	}
	numbers.before = before;
	return numbers;
}

uint32_t imapd_number_of(const struct imapd_numbers *numbers, uint32_t uid)
{
	size_t low = 0, high = numbers->uids->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		struct range r = numbers->uids->at[middle];
		if (uid > r.last)
			low = middle + 1;
		else if (uid < r.first)
			high = middle;
		else
			return numbers->before ? numbers->before[middle] + uid - r.first + 1 : uid;
	}
	return 0;
}
