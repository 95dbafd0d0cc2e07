#include "mua/mua_sync_folder.h"

#include <stdlib.h>

#include "base/memory.h"
#include "imap/imap_mailbox_name.h"
#include "imap/imap_write.h"
#include "mua/mua_cache_folder.h"
#include "mua/mua_exit.h"
#include "mua/mua_sync_operation.h"

/* UIDs asked for at once: the newest few first, then more and more, for they may lie far apart. */
#define FIRST_SPAN 500

static void enable(struct mua_sync *);
static void on_enabled(struct mua_sync *, const struct imap_reply *);
static void select_folder(struct mua_sync *);
static void on_selected(struct mua_sync *, const struct imap_reply *);
static void fetch_flags(struct mua_sync *, uint64_t since);
static void on_flags(struct mua_sync *, const struct imap_reply *);
static void fetch_new(struct mua_sync *);
static void on_new(struct mua_sync *, const struct imap_reply *);
static void settle(struct mua_sync *);
static void on_all_flags(struct mua_sync *, const struct imap_reply *);

void mua_sync_folder(struct mua_sync *s, const char *name, struct mua_folder *folder, mua_sync_fn *done, void *owner)
{
	free(s->folder_name);
	s->folder_name = xstrdup(name);
	s->folder = folder;
	mua_sync_begin(s, enable, done, owner);
}

const struct mua_sync_counts *mua_sync_folder_counts(const struct mua_sync *s)
{
	return &s->counts;
}

/* Only before anything is selected: RFC 5161. */
static void enable(struct mua_sync *s)
{
	struct buffer command = { 0 };

	if (s->has_qresync || !(imap_client_can(s->client) & IMAP_CAN_QRESYNC)) {
		select_folder(s);
		return;
	}
	buffer_add_text(&command, "ENABLE QRESYNC");
	mua_sync_run(s, &command, on_enabled);
}

static void on_enabled(struct mua_sync *s, const struct imap_reply *reply)
{
	s->has_qresync = reply->kind == IMAP_REPLY_OK;
	select_folder(s);
}

static void take_vanished(struct mua_sync *s, const struct imap_reply *reply)
{
	bool is_earlier;

	if (!imap_reply_vanished(reply->rest, &s->gone, &is_earlier))
		error_set(&s->failure, ERROR_SYNTAX, "the server sent a VANISHED that cannot be read");
}

/* Before its OK a SELECT tells of the folder; with QRESYNC also what happened in it. */
static void take_selection(struct mua_sync *s, const struct imap_reply *reply)
{
	struct mua_selection *told = &s->selection;
	uint64_t number;

	if (reply->kind == IMAP_REPLY_EXISTS)
		told->exists = reply->number;
	if (reply->kind == IMAP_REPLY_VANISHED)
		take_vanished(s, reply);
	/* Without QRESYNC they speak of messages that nobody has asked for. */
	if (reply->kind == IMAP_REPLY_FETCH && s->has_qresync)
		mua_sync_take(s, reply);
	if (reply->kind != IMAP_REPLY_OK || !imap_reply_code_number(reply, 0, &number))
		return;
	if (bytes_equal_nocase(reply->code, BYTES("HIGHESTMODSEQ")) && number <= INT64_MAX)
		told->modseq = number;
	if (number > UINT32_MAX)
		return;
	if (bytes_equal_nocase(reply->code, BYTES("UIDVALIDITY")))
		told->uidvalidity = (uint32_t)number;
	if (bytes_equal_nocase(reply->code, BYTES("UIDNEXT")))
		told->uidnext = (uint32_t)number;
}

/* Behind it the server may tell what vanished in between. */
static void take_news(struct mua_sync *s, const struct imap_reply *reply)
{
	if (reply->kind == IMAP_REPLY_VANISHED)
		take_vanished(s, reply);
	mua_sync_take(s, reply);
}

static void select_folder(struct mua_sync *s)
{
	struct mua_cache *cache = s->options.cache;
	struct buffer command = { 0 }, name = { 0 };
	unsigned can = imap_client_can(s->client);

	if (!mua_cache_folder_find(cache, s->folder_name, s->folder, &s->failure) && s->failure.kind != ERROR_NOT_FOUND) {
		mua_sync_check_cache(s, false);
		return;
	}
	s->failure = (struct error){ 0 };
	s->selection = (struct mua_selection){ 0 };
	s->counts = (struct mua_sync_counts){ 0 };
	ranges_clear(&s->gone);
	mua_changes_begin(&s->changes, cache, s->folder);
	s->take = take_selection;
	imap_mailbox_name_encode(bytes_text(s->folder_name), &name);
	buffer_add_text(&command, "SELECT ");
	imap_write_astring(&command, buffer_bytes(&name));
	if (s->has_qresync && s->folder->modseq > 0)
		buffer_printf(&command, " (QRESYNC (%u %llu))", s->folder->uidvalidity, (unsigned long long)s->folder->modseq);
	else if (!s->has_qresync && (can & IMAP_CAN_CONDSTORE))
		buffer_add_text(&command, " (CONDSTORE)");
	buffer_release(&name);
	mua_sync_run(s, &command, on_selected);
}

/* The cheapest way to what changed among the messages that are known. */
static void fetch_known(struct mua_sync *s, bool was_told)
{
	uint64_t known = s->folder->modseq;

	s->is_whole = true;
	if (s->folder->uidnext <= 1) {
		fetch_new(s);
	} else if (known == 0 || s->selection.modseq == 0) {
		fetch_flags(s, 0);
	} else {
		s->is_whole = false;
		if (was_told || s->selection.modseq == known)
			fetch_new(s);
		else
			fetch_flags(s, known);
	}
}

static void on_selected(struct mua_sync *s, const struct imap_reply *reply)
{
	struct mua_cache *cache = s->options.cache;
	uint32_t uidvalidity = s->selection.uidvalidity;
	bool was_asked = s->has_qresync && s->folder->modseq > 0, ok;

	/* A SELECT that fails leaves nothing selected. */
	if (reply->kind != IMAP_REPLY_OK)
		s->folder = NULL;
	if (!mua_sync_check(s, reply, s->folder_name))
		return;
	s->is_read_only = bytes_equal_nocase(reply->code, BYTES("READ-ONLY"));
	s->is_dirty = false;
	s->take = take_news;
	if (uidvalidity == 0) {
		mua_sync_fail(s, ERROR_SYNTAX, MUA_EXIT_PROTOCOL, "%s: the server tells no UIDVALIDITY", s->folder_name);
		return;
	}
	ok = s->folder->folder_id != 0 || mua_cache_folder_make(cache, s->folder_name, s->folder, &s->failure);
	if (ok && s->folder->uidvalidity != uidvalidity) {
		ranges_clear(&s->gone);
		mua_changes_begin(&s->changes, cache, s->folder);
		ok = mua_cache_folder_reset(cache, s->folder, uidvalidity, &s->failure);
	}
	if (!mua_sync_check_cache(s, ok) || !mua_sync_flush(s))
		return;
	s->fetched_from = s->selection.uidnext;
	s->fetch_span = FIRST_SPAN;
	fetch_known(s, was_asked);
}

/* since: only what has a higher modseq; 0 = all */
static void fetch_flags(struct mua_sync *s, uint64_t since)
{
	struct buffer command = { 0 };

	buffer_printf(&command, "UID FETCH 1:%u (FLAGS)", s->folder->uidnext - 1);
	if (since > 0)
		buffer_printf(&command, " (CHANGEDSINCE %llu)", (unsigned long long)since);
	mua_sync_run(s, &command, on_flags);
}

static void on_flags(struct mua_sync *s, const struct imap_reply *reply)
{
	if (mua_sync_check(s, reply, "FETCH") && mua_sync_flush(s))
		fetch_new(s);
}

static void fetch_new(struct mua_sync *s)
{
	struct buffer command = { 0 };
	uint32_t first = s->folder->uidnext > 0 ? s->folder->uidnext : 1, from = first;

	if (s->selection.uidnext != 0) {
		if (first >= s->fetched_from) {
			settle(s);
			return;
		}
		if (s->fetched_from - first > s->fetch_span)
			from = s->fetched_from - s->fetch_span;
		s->fetch_span = s->fetch_span < UINT32_MAX / 2 ? 2 * s->fetch_span : UINT32_MAX;
	}
	/* UIDNEXT may be missing (RFC 3501 6.3.1): "*" is the last message, whatever its UID. */
	buffer_printf(&command, "UID FETCH %u:", from);
	if (s->selection.uidnext != 0)
		buffer_printf(&command, "%u", s->fetched_from - 1);
	else
		buffer_add_octet(&command, '*');
	buffer_add_text(&command, " (FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE)");
	s->fetched_from = from;
	mua_sync_run(s, &command, on_new);
}

static void on_new(struct mua_sync *s, const struct imap_reply *reply)
{
	if (!mua_sync_check(s, reply, "FETCH") || !mua_sync_flush(s))
		return;
	if (s->selection.uidnext != 0)
		fetch_new(s);
	else
		settle(s);
}

/* What is not among the messages that the server told of. */
static void find_gone(struct mua_sync *s, uint32_t uidnext)
{
	ranges_clear(&s->gone);
	if (uidnext > 1)
		ranges_add_range(&s->gone, 1, uidnext - 1);
	ranges_remove_all(&s->gone, &s->changes.uids);
}

static bool write_settlement(struct mua_sync *s)
{
	uint32_t uidnext = s->selection.uidnext, last = ranges_last(&s->changes.uids);
	uint64_t n_gone = 0;
	bool ok;

	if (uidnext == 0)
		uidnext = last > 0 && last < UINT32_MAX ? last + 1 : 1;
	if (s->is_whole)
		find_gone(s, uidnext);
	ok = mua_cache_folder_settle(s->options.cache, s->folder, &(struct mua_settlement){ &s->gone, uidnext, s->selection.modseq },
	                             &n_gone, &s->failure);
	s->counts.n_new = ranges_count(&s->changes.new_uids);
	s->counts.n_changed = s->changes.n_changed;
	s->counts.n_vanished += n_gone;
	return mua_sync_check_cache(s, ok);
}

static void settle(struct mua_sync *s)
{
	struct buffer command = { 0 };
	uint64_t n;

	if (!write_settlement(s))
		return;
	if (!mua_sync_check_cache(s, mua_cache_folder_count(s->options.cache, s->folder, &n, &s->failure)))
		return;
	if (s->is_whole || n == s->selection.exists || s->folder->uidnext <= 1) {
		mua_sync_end(s, NULL, MUA_EXIT_OK);
		return;
	}
	/* CONDSTORE alone does not tell what vanished. */
	s->is_whole = true;
	ranges_clear(&s->changes.uids);
	buffer_printf(&command, "UID FETCH 1:%u (FLAGS)", s->folder->uidnext - 1);
	mua_sync_run(s, &command, on_all_flags);
}

static void on_all_flags(struct mua_sync *s, const struct imap_reply *reply)
{
	if (mua_sync_check(s, reply, "FETCH") && mua_sync_flush(s) && write_settlement(s))
		mua_sync_end(s, NULL, MUA_EXIT_OK);
}
