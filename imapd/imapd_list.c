#include "imapd/imapd_list.h"

#include <stdlib.h>

#include "base/memory.h"
#include "imap/imap_mailbox_name.h"
#include "imapd/imapd_list_options.h"
#include "imapd/imapd_mailbox.h"
#include "imapd/imapd_reply.h"
#include "imapd/imapd_special_use.h"
#include "imapd/imapd_status.h"

struct list_work {
	struct imapd_list_options options;
	bool is_lsub;
	struct bytes *subscriptions;    /* when only they are asked for: a name may be there without a mailbox */
	size_t n_subscriptions;
};

/* A name to list: a mailbox, a level above one that is no mailbox itself, or a subscription to nothing. */
struct entry {
	struct bytes name;
	const struct store_mailbox *mailbox;    /* NULL: \Noselect */
	bool is_subscribed, has_children, is_selected_below;
};

struct entries {
	struct entry *at;
	size_t n, capacity;
};

static int compare(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	bool x_inbox = bytes_equal(x->name, BYTES("INBOX")), y_inbox = bytes_equal(y->name, BYTES("INBOX"));

	if (x_inbox != y_inbox)
		return x_inbox ? -1 : 1;
	int order = bytes_compare(x->name, y->name);
	/* The mailbox before the level of the same name, which is then passed over. */
	return order ? order : (x->mailbox == NULL) - (y->mailbox == NULL);
}

static bool is_selected(const struct list_work *work, const struct entry *entry)
{
	const struct imapd_list_options *options = &work->options;

	if (options->only_subscribed && !entry->is_subscribed)
		return false;
	if (options->only_special_use && (!entry->mailbox || entry->mailbox->special_use == 0))
		return false;
	return entry->mailbox || options->only_subscribed;
}

/* The entry and all levels above it. */
static void add(const struct list_work *work, struct entries *entries, const struct entry *entry)
{
	bool selected = is_selected(work, entry);

	for (size_t at = 1; at <= entry->name.len; at++) {
		bool is_level = at < entry->name.len;
		if (is_level && entry->name.at[at] != IMAP_DELIMITER)
			continue;
		if (entries->n == entries->capacity)
			entries->at = xreallocarray(entries->at, entries->capacity = entries->capacity ? 2 * entries->capacity : 32, sizeof *entries->at);
		entries->at[entries->n++] = is_level
			? (struct entry){ .name = bytes_slice(entry->name, 0, at), .has_children = entry->mailbox, .is_selected_below = selected }
			: *entry;
	}
}

/* Mailboxes, subscriptions and all levels above them, sorted.  The caller frees entries->at. */
static void collect(const struct list_work *work, const struct store_mailbox *mailboxes, size_t n, struct entries *entries)
{
	for (size_t i = 0; i < n; i++)
		if (mailboxes[i].subscribed || !work->is_lsub)
			add(work, entries, &(struct entry){ .name = bytes_text(mailboxes[i].name), .mailbox = &mailboxes[i], .is_subscribed = mailboxes[i].subscribed });
	for (size_t i = 0; i < work->n_subscriptions; i++)
		add(work, entries, &(struct entry){ .name = work->subscriptions[i], .is_subscribed = true });
	if (entries->n > 1)
		qsort(entries->at, entries->n, sizeof *entries->at, compare);
}

/* Entries of one name become one: at the front stands the mailbox, if there is one. */
static void join(struct entries *entries)
{
	size_t kept = 0;

	for (size_t i = 0; i < entries->n; i++) {
		struct entry *entry = &entries->at[i], *before = kept > 0 ? &entries->at[kept - 1] : NULL;
		if (before && bytes_equal(before->name, entry->name)) {
			before->is_subscribed |= entry->is_subscribed;
			before->has_children |= entry->has_children;
			before->is_selected_below |= entry->is_selected_below;
		} else {
			entries->at[kept++] = *entry;
		}
	}
	entries->n = kept;
}

static void write_entry(struct imapd_session *s, const struct list_work *work, const struct entry *entry)
{
	const struct imapd_list_options *options = &work->options;
	struct buffer *out = &s->out;

	buffer_add_text(out, work->is_lsub ? "* LSUB (" : "* LIST (");
	/* in LSUB \Noselect is a level of subscriptions; what is subscribed to is shown as if it existed: RFC 3501 6.3.9 */
	if (!entry->mailbox && !(work->is_lsub && entry->is_subscribed))
		buffer_add_text(out, options->is_extended ? "\\NonExistent " : "\\Noselect ");
	buffer_add_text(out, entry->has_children ? "\\HasChildren" : "\\HasNoChildren");
	if (entry->is_subscribed && options->tells_subscribed)
		buffer_add_text(out, " \\Subscribed");
	if (entry->mailbox)
		imapd_special_use_write(out, entry->mailbox->special_use);
	buffer_add_text(out, ") \"/\" ");
	imapd_mailbox_write(out, entry->name);
	if (options->is_recursive && options->only_subscribed && entry->is_selected_below)
		buffer_add_text(out, " (\"CHILDINFO\" (\"SUBSCRIBED\"))");
	buffer_add_text(out, "\r\n");
	if (entry->mailbox && options->status.n > 0)
		imapd_status_write(s, entry->mailbox, &options->status);
}

/* "*" does not show levels that are no mailboxes; "%", which cannot reach below them, does. */
static bool is_shown(const struct list_work *work, const struct entry *entry)
{
	const struct imapd_list_options *options = &work->options;
	bool is_choosy = !work->is_lsub && (options->only_subscribed || options->only_special_use), ends_in_percent;

	if (!imapd_list_options_match(options, entry->name, &ends_in_percent))
		return false;
	if (is_selected(work, entry) || (options->is_recursive && entry->is_selected_below))
		return true;
	if (entry->mailbox || !ends_in_percent || is_choosy)
		return false;
	return work->is_lsub ? entry->is_selected_below : entry->has_children;
}

static void mailboxes_came(void *owner, const struct error *err, const struct store_mailbox *mailboxes, size_t n)
{
	struct imapd_session *s = owner;
	const struct list_work *work = s->work;
	struct entries entries = { 0 };

	s->request = NULL;
	if (err) {
		imapd_session_resume(s, imapd_finish_error(s, err, "The user"));
		return;
	}
	collect(work, mailboxes, n, &entries);
	join(&entries);
	for (size_t i = 0; i < entries.n; i++)
		if (is_shown(work, &entries.at[i]))
			write_entry(s, work, &entries.at[i]);
	free(entries.at);
	imapd_session_resume(s, imapd_finish(s, "OK Listed"));
}

static void subscriptions_came(void *owner, const struct error *err, const char *const *names, size_t n)
{
	struct imapd_session *s = owner;
	struct list_work *work = s->work;

	s->request = NULL;
	if (err) {
		imapd_session_resume(s, imapd_finish_error(s, err, "The user"));
		return;
	}
	work->subscriptions = arena_alloc(&s->arena, (n + 1) * sizeof *work->subscriptions);
	for (; work->n_subscriptions < n; work->n_subscriptions++)
		work->subscriptions[work->n_subscriptions] = arena_bytes(&s->arena, bytes_text(names[work->n_subscriptions]));
	s->request = store_mailbox_list(s->loop->store, s->user_id, mailboxes_came, s);
}

static enum imapd_after list(struct imapd_session *s, struct bytes arguments, bool is_lsub)
{
	struct list_work *work = arena_alloc(&s->arena, sizeof *work);

	work->is_lsub = is_lsub;
	switch (imapd_list_options_parse(s, arguments, is_lsub, &work->options)) {
	case IMAPD_LIST_SYNTAX:
		return imapd_bad_syntax(s);
	case IMAPD_LIST_TOO_LONG:
		return imapd_bad(s, "Too many patterns, or too long a one");
	case IMAPD_LIST_OK:
		break;
	}
	if (work->options.is_root) {
		imapd_untagged(s, "LIST (\\Noselect) \"/\" \"\"");
		return imapd_finish(s, "OK The delimiter is /");
	}
	s->work = work;
	if (work->options.only_subscribed)
		s->request = store_subscription_list(s->loop->store, s->user_id, subscriptions_came, s);
	else
		s->request = store_mailbox_list(s->loop->store, s->user_id, mailboxes_came, s);
	return IMAPD_WAIT;
}

enum imapd_after imapd_list(struct imapd_session *s, struct bytes arguments)
{
	return list(s, arguments, false);
}

enum imapd_after imapd_lsub(struct imapd_session *s, struct bytes arguments)
{
	return list(s, arguments, true);
}
