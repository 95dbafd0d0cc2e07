#include "imapd/imapd_update.h"

#include <stdlib.h>

#include "base/memory.h"
#include "imap/imap_argument.h"
#include "imap/imap_flag.h"
#include "imapd/imapd_commands.h"
#include "imapd/imapd_reply.h"
#include "imapd/imapd_view.h"
#include "mailstore/messages.h"

#define PATIENCE_MS 2                   /* of a command that only asks whether there is news */
#define TELL_LINES 2000                 /* in one pass of the loop, which other sessions wait for: about half a millisecond */

/*
 * A store that is slow does not make NOOP slow: it is answered without news, the request goes on, and what it brings is told at
 * the end of a later command.
 */
struct imapd_update {
	struct store_request *request;
	void (*then)(struct imapd_session *);   /* NULL: nobody waits */
	bool is_old;                    /* asked for by an earlier command */
	struct net_timer timer;         /* patience; or an answer that is already there */
	struct store_changes *changes;
	size_t n_passed;                /* rows of changes that are told, or need not be */
	uint32_t first_new_uid;         /* as of these changes; 0 = nothing of them is told yet */
	bool has_new;
	uint64_t *own;                  /* modseqs to pass over */
	size_t n_own;
	struct ranges told;
};

static struct imapd_update *get_update(struct imapd_session *s)
{
	if (!s->update)
		s->update = xcalloc(1, sizeof *s->update);
	return s->update;
}

bool imapd_update_is_running(const struct imapd_session *s)
{
	return s->update && s->update->then;
}

void imapd_update_end_command(struct imapd_session *s)
{
	struct imapd_update *u = s->update;

	if (!u)
		return;
	u->then = NULL;
	u->is_old = true;
	net_timer_stop(&u->timer);
	if (!u->request && !u->changes)
		imapd_update_forget(s);
}

void imapd_update_forget(struct imapd_session *s)
{
	struct imapd_update *u = s->update;

	if (!u)
		return;
	store_request_forget(u->request);
	net_timer_stop(&u->timer);
	if (u->changes)
		store_changes_destroy(u->changes);
	ranges_release(&u->told);
	free(u->own);
	free(u);
	s->update = NULL;
}

void imapd_update_pass_over(struct imapd_session *s, uint64_t modseq)
{
	struct imapd_update *u = get_update(s);

	u->own = xreallocarray(u->own, u->n_own + 1, sizeof *u->own);
	u->own[u->n_own++] = modseq;
}

const struct ranges *imapd_update_told(const struct imapd_session *s)
{
	static const struct ranges nothing;

	return s->update ? &s->update->told : &nothing;
}

/* Does a line of the waiting input count messages by number?  RFC 9051 5.5: such a command was sent before it could see an EXPUNGE. */
static bool counts_messages(struct bytes line)
{
	static const char *const verbs[] = { "FETCH", "STORE", "SEARCH", "COPY", "MOVE", "SORT", "THREAD" };
	struct bytes tag;

	if (!imap_argument_tag(&line, &tag) || !imap_argument_space(&line))
		return false;
	for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
		if (imap_argument_word(&line, verbs[i]))
			return true;
	return false;
}

static bool must_hold_expunge(const struct imapd_session *s)
{
	unsigned flags = s->command ? s->command->flags : 0;
	bool is_more = true;

	if (flags & (IMAPD_HOLDS_EXPUNGE | IMAPD_EXPUNGES))
		return flags & IMAPD_HOLDS_EXPUNGE;
	for (struct bytes rest = net_stream_input(s->stream), line; is_more && rest.len > 0;) {
		is_more = bytes_cut(&rest, '\n', &line);
		if (counts_messages(line))
			return true;
	}
	return false;
}

bool imapd_update_is_due(const struct imapd_session *s)
{
	unsigned flags = s->command ? s->command->flags : 0;

	if (!s->view)
		return false;
	if (s->view->is_dirty || s->view->is_unsure || (flags & IMAPD_ASKS) || (s->update && s->update->changes))
		return true;
	return s->view->gone.n > 0 && !must_hold_expunge(s);
}

void imapd_update_write_flags(struct imapd_session *s)
{
	uint64_t all = IMAP_FLAG_SYSTEM | ~UINT64_C(0xff);
	const char *const *names = imapd_view_keywords(s->view);

	buffer_add_text(&s->out, "* FLAGS ");
	imap_flags_format(&s->out, all, names, false);
	buffer_add_text(&s->out, "\r\n* OK [PERMANENTFLAGS ");
	imap_flags_format(&s->out, s->view->is_read_only ? 0 : all, names, false);
	if (s->view->is_read_only) {
		buffer_add_text(&s->out, "] Nothing can be changed here\r\n");
		return;
	}
	buffer_truncate(&s->out, s->out.len - 1);
	buffer_add_text(&s->out, " \\*)] Flags that last\r\n");
}

void imapd_update_write_fetch(struct imapd_session *s, uint32_t uid, uint64_t flags)
{
	uint32_t number = ranges_position(&s->view->uids, uid);

	if (number == 0)
		return;
	buffer_printf(&s->out, "* %u FETCH (", number);
	if (s->command && (s->command->flags & IMAPD_BY_UID))
		buffer_printf(&s->out, "UID %u ", uid);
	buffer_add_text(&s->out, "FLAGS ");
	imap_flags_format(&s->out, flags, imapd_view_keywords(s->view), ranges_contains(&s->view->recent, uid));
	buffer_add_text(&s->out, ")\r\n");
}

/* From the highest number down, so that each number is right when it is read.  False: there are more. */
static bool tell_expunged(struct imapd_session *s, size_t *n_left)
{
	struct imapd_view *view = s->view;

	if (view->gone.n == 0 || must_hold_expunge(s))
		return true;
	while (view->gone.n > 0 && *n_left > 0) {
		uint32_t first = view->gone.at[view->gone.n - 1].first, last = view->gone.at[view->gone.n - 1].last;
		if (last - first >= *n_left)
			first = last - (uint32_t)*n_left + 1;
		uint32_t number = ranges_position(&view->uids, last);
		for (uint32_t uid = last; uid >= first; uid--)
			buffer_printf(&s->out, "* %u EXPUNGE\r\n", number--);
		*n_left -= last - first + 1;
		ranges_remove_range(&view->uids, first, last);
		ranges_remove_range(&view->recent, first, last);
		ranges_remove_range(&view->gone, first, last);
	}
	return view->gone.n == 0;
}

/* The rows from next_uid on are new; returns how many. */
static size_t add_new(struct imapd_view *view, const struct store_changes *changes)
{
	size_t n = 0;

	for (size_t i = 0; i < changes->n; i++) {
		if (changes->at[i].uid < view->next_uid)
			continue;
		ranges_add(&view->uids, changes->at[i].uid);
		n++;
	}
	if (changes->mailbox.uidnext > view->next_uid)
		view->next_uid = changes->mailbox.uidnext;
	return n;
}

static bool is_own(const struct imapd_update *u, uint64_t modseq)
{
	for (size_t i = 0; i < u->n_own; i++)
		if (u->own[i] == modseq)
			return true;
	return false;
}

static void tell_new(struct imapd_session *s)
{
	struct imapd_update *u = s->update;
	struct imapd_view *view = s->view;

	u->first_new_uid = view->next_uid;
	u->n_passed = 0;
	u->has_new = add_new(view, u->changes) > 0;
	if (u->has_new)
		imapd_untagged(s, "%u EXISTS", imapd_view_count(view));
	if (imapd_view_set_keywords(view, &u->changes->keywords))
		imapd_update_write_flags(s);
}

/* False: there are more. */
static bool tell_flags(struct imapd_session *s, size_t *n_left)
{
	struct imapd_update *u = s->update;
	const struct store_changes *changes = u->changes;

	for (; u->n_passed < changes->n && changes->at[u->n_passed].uid < u->first_new_uid; u->n_passed++) {
		if (is_own(u, changes->at[u->n_passed].modseq))
			continue;
		if (*n_left == 0)
			return false;
		imapd_update_write_fetch(s, changes->at[u->n_passed].uid, changes->at[u->n_passed].flags);
		ranges_add(&u->told, changes->at[u->n_passed].uid);
		--*n_left;
	}
	return true;
}

static void ask(struct imapd_session *);

/* What an earlier command asked for may be older than what this one did. */
static void end_update(struct imapd_session *s)
{
	struct imapd_update *u = s->update;
	void (*then)(struct imapd_session *) = u->then;

	if (u->is_old && s->view->is_dirty) {
		ask(s);
		return;
	}
	u->is_old = false;
	u->then = NULL;
	net_timer_stop(&u->timer);
	then(s);
}

static void tell_recent(struct imapd_session *s)
{
	imapd_untagged(s, "%u RECENT", imapd_view_count_recent(s->view));
	end_update(s);
}

/* Exactly one session that may write sees a message as \Recent: the first that asks for it. */
static void recent_came(void *owner, const struct error *err, uint32_t first_uid, uint32_t next_uid)
{
	struct imapd_session *s = owner;

	s->update->request = NULL;
	if (!err && first_uid < next_uid)
		ranges_add_range(&s->view->recent, first_uid, next_uid - 1);
	tell_recent(s);
}

static void end_telling(struct imapd_session *s)
{
	struct imapd_update *u = s->update;

	s->view->told_modseq = u->changes->mailbox.modseq;
	store_changes_destroy(u->changes);
	u->changes = NULL;
	if (!u->has_new) {
		end_update(s);
	} else if (s->view->is_read_only) {
		tell_recent(s);
	} else {
		imapd_session_flush(s);
		u->request = store_mailbox_take_recent(s->loop->store, s->view->mailbox_id, recent_came, s);
	}
}

static void tell_more(void *owner);

/* As much as one pass may take, and as the client reads. */
static void tell(struct imapd_session *s)
{
	struct imapd_update *u = s->update;
	size_t n_left = TELL_LINES;
	bool is_all = tell_expunged(s, &n_left);

	if (is_all && u->first_new_uid == 0)
		tell_new(s);
	if (is_all && tell_flags(s, &n_left))
		end_telling(s);
	else if (imapd_session_flush(s))
		net_timer_start(&u->timer, s->loop->net, 0, tell_more, s);
	else
		imapd_session_when_drained(s, tell);
}

static void tell_more(void *owner)
{
	tell(owner);
}

static void apply(struct imapd_session *s)
{
	struct imapd_update *u = s->update;

	u->first_new_uid = 0;
	ranges_intersect(&u->changes->vanished, &s->view->uids);
	ranges_add_all(&s->view->gone, &u->changes->vanished);
	tell(s);
}

static bool failed(struct imapd_session *s, const struct error *err)
{
	if (!err)
		return false;
	if (err->kind == ERROR_NOT_FOUND) {
		imapd_session_bye(s, "The selected mailbox was deleted");
		return true;
	}
	s->view->is_unsure = true;
	s->update->is_old = false;
	if (s->update->then)
		end_update(s);
	return true;
}

static void compared(void *owner, const struct error *err, struct store_snapshot *snapshot);

/* Tell what came; a session that slept longer than tombstones are kept must look what is still there. */
static void use_changes(void *owner)
{
	struct imapd_session *s = owner;
	struct imapd_update *u = s->update;

	net_timer_stop(&u->timer);
	if (u->changes->vanished_is_incomplete)
		u->request = store_mailbox_open(s->loop->store, s->user_id, bytes_text(u->changes->mailbox.name), false, compared, s);
	else
		apply(s);
}

static void compared(void *owner, const struct error *err, struct store_snapshot *snapshot)
{
	struct imapd_session *s = owner;
	struct imapd_update *u = s->update;
	bool is_other = err ? err->kind == ERROR_NOT_FOUND : snapshot->mailbox.mailbox_id != s->view->mailbox_id;

	u->request = NULL;
	if (is_other) {
		/* renamed since the changes were read: its new name is told with them */
		store_snapshot_destroy(snapshot);
		store_changes_destroy(u->changes);
		u->changes = NULL;
		ask(s);
		return;
	}
	if (failed(s, err))
		return;
	ranges_copy(&u->changes->vanished, &s->view->uids);
	ranges_remove_all(&u->changes->vanished, &snapshot->uids);
	store_snapshot_destroy(snapshot);
	apply(s);
}

static void changes_came(void *owner, const struct error *err, struct store_changes *changes)
{
	struct imapd_session *s = owner;
	struct imapd_update *u = s->update;

	u->request = NULL;
	if (failed(s, err))
		return;
	u->changes = changes;
	if (u->then)
		use_changes(s);
}

static void ask(struct imapd_session *s)
{
	struct imapd_update *u = s->update;

	u->is_old = false;
	s->view->is_dirty = s->view->is_unsure = false;
	u->request = store_mailbox_changes(s->loop->store, s->view->mailbox_id, s->view->told_modseq, changes_came, s);
}

static void lose_patience(void *owner)
{
	struct imapd_session *s = owner;
	void (*then)(struct imapd_session *) = s->update->then;

	s->update->then = NULL;
	then(s);
}

void imapd_update_start(struct imapd_session *s, void (*then)(struct imapd_session *))
{
	struct imapd_update *u = get_update(s);
	bool only_asks = !s->view->is_dirty;

	u->then = then;
	ranges_clear(&u->told);
	if (u->changes) {
		net_timer_start(&u->timer, s->loop->net, 0, use_changes, s);
		return;
	}
	if (!u->request)
		ask(s);
	if (only_asks)
		net_timer_start(&u->timer, s->loop->net, PATIENCE_MS, lose_patience, s);
}
