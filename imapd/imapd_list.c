#include "imapd/imapd_list.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "imap/imap_mailbox_name.h"
#include "imapd/imapd_list_options.h"
#include "imapd/imapd_mailbox.h"
#include "imapd/imapd_reply.h"
#include "imapd/imapd_status.h"

struct list_work {
	struct imapd_list_options options;
	bool is_lsub;
};

/* A name to list: a mailbox, or a level above one that is no mailbox itself. */
struct entry {
	struct bytes name;
	const struct store_mailbox *mailbox;    /* NULL: \Noselect */
	bool has_children, is_selected_below;
};

static const struct {
	unsigned use;
	const char *attribute;
} special_uses[] = {
	{ STORE_USE_DRAFTS, "\\Drafts" }, { STORE_USE_SENT, "\\Sent" }, { STORE_USE_ARCHIVE, "\\Archive" },
	{ STORE_USE_JUNK, "\\Junk" }, { STORE_USE_TRASH, "\\Trash" },
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

static bool is_selected(const struct list_work *work, const struct store_mailbox *mailbox)
{
	return mailbox && (mailbox->subscribed || !work->options.only_subscribed) && (mailbox->special_use != 0 || !work->options.only_special_use);
}

/* Mailboxes and all levels above them, sorted; returns how many.  The caller frees *entries. */
static size_t collect(const struct list_work *work, const struct store_mailbox *mailboxes, size_t n, struct entry **entries)
{
	size_t n_entries = 0, capacity = 0;

	*entries = NULL;
	for (size_t i = 0; i < n; i++) {
		struct bytes name = bytes_text(mailboxes[i].name);
		if (work->is_lsub && !mailboxes[i].subscribed)
			continue;
		for (size_t at = 1; at <= name.len; at++) {
			if (at < name.len && name.at[at] != IMAP_DELIMITER)
				continue;
			if (n_entries == capacity)
				*entries = xreallocarray(*entries, capacity = capacity ? 2 * capacity : 32, sizeof **entries);
			(*entries)[n_entries++] = (struct entry){
				.name = bytes_slice(name, 0, at), .mailbox = at == name.len ? &mailboxes[i] : NULL,
				.has_children = at < name.len, .is_selected_below = at < name.len && is_selected(work, &mailboxes[i]),
			};
		}
	}
	if (n_entries > 1)
		qsort(*entries, n_entries, sizeof **entries, compare);
	return n_entries;
}

/* Entries of one name become one: at the front stands the mailbox, if there is one. */
static size_t join(struct entry *entries, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		if (kept > 0 && bytes_equal(entries[kept - 1].name, entries[i].name)) {
			entries[kept - 1].has_children |= entries[i].has_children;
			entries[kept - 1].is_selected_below |= entries[i].is_selected_below;
		} else {
			entries[kept++] = entries[i];
		}
	}
	return kept;
}

static void write_entry(struct imapd_session *s, const struct list_work *work, const struct entry *entry)
{
	const struct imapd_list_options *options = &work->options;
	struct buffer *out = &s->out;

	buffer_add_text(out, work->is_lsub ? "* LSUB (" : "* LIST (");
	if (!entry->mailbox)
		buffer_add_text(out, options->is_extended ? "\\NonExistent " : "\\Noselect ");
	buffer_add_text(out, entry->has_children ? "\\HasChildren" : "\\HasNoChildren");
	if (entry->mailbox && entry->mailbox->subscribed && options->tells_subscribed)
		buffer_add_text(out, " \\Subscribed");
	for (size_t i = 0; entry->mailbox && i < sizeof special_uses / sizeof *special_uses; i++)
		if (entry->mailbox->special_use & special_uses[i].use)
			buffer_printf(out, " %s", special_uses[i].attribute);
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
	if (is_selected(work, entry->mailbox) || (options->is_recursive && entry->is_selected_below))
		return true;
	return !entry->mailbox && ends_in_percent && !is_choosy;
}

static void mailboxes_came(void *owner, const struct error *err, const struct store_mailbox *mailboxes, size_t n)
{
	struct imapd_session *s = owner;
	const struct list_work *work = s->work;
	struct entry *entries;

	s->request = NULL;
	if (err) {
		imapd_session_resume(s, imapd_finish_error(s, err, "The user"));
		return;
	}
	size_t n_entries = collect(work, mailboxes, n, &entries);
	n_entries = join(entries, n_entries);
	for (size_t i = 0; i < n_entries; i++)
		if (is_shown(work, &entries[i]))
			write_entry(s, work, &entries[i]);
	free(entries);
	imapd_session_resume(s, imapd_finish(s, "OK Listed"));
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
