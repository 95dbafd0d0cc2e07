#include "imapd/imapd_status.h"

#include <inttypes.h>

#include "imap/imap_argument.h"
#include "imapd/imapd_mailbox.h"
#include "imapd/imapd_reply.h"
#include "mailstore/store.h"

static const char *const items[] = { "MESSAGES", "RECENT", "UIDNEXT", "UIDVALIDITY", "UNSEEN", "DELETED", "SIZE" };
#define N_ITEMS (sizeof items / sizeof *items)

struct status {
	unsigned char asked[N_ITEMS];   /* in their order */
	size_t n;
};

static uint64_t value(const struct store_mailbox *m, unsigned item)
{
	const uint64_t values[N_ITEMS] = { m->n_messages, m->n_recent, m->uidnext, m->uidvalidity, m->n_unseen, m->n_deleted, m->n_octets };

	return values[item];
}

static void mailbox_came(void *owner, const struct error *err, const struct store_mailbox *mailbox, size_t n)
{
	struct imapd_session *s = owner;
	const struct status *status = s->work;

	s->request = NULL;
	if (err || n != 1) {
		static const struct error gone = { .kind = ERROR_NOT_FOUND };
		imapd_session_resume(s, imapd_finish_error(s, err ? err : &gone, "The mailbox"));
		return;
	}
	buffer_add_text(&s->out, "* STATUS ");
	imapd_mailbox_write(&s->out, bytes_text(mailbox->name));
	buffer_add_text(&s->out, " (");
	for (size_t i = 0; i < status->n; i++)
		buffer_printf(&s->out, "%s%s %" PRIu64, i > 0 ? " " : "", items[status->asked[i]], value(mailbox, status->asked[i]));
	buffer_add_text(&s->out, ")\r\n");
	imapd_session_resume(s, imapd_finish(s, "OK Status told"));
}

static bool take_item(struct bytes *rest, struct status *status)
{
	for (unsigned i = 0; i < N_ITEMS; i++) {
		if (!imap_argument_word(rest, items[i]))
			continue;
		for (size_t k = 0; k < status->n; k++)
			if (status->asked[k] == i)
				return true;
		status->asked[status->n++] = (unsigned char)i;
		return true;
	}
	return false;
}

enum imapd_after imapd_status(struct imapd_session *s, struct bytes arguments)
{
	struct status *status = arena_alloc(&s->arena, sizeof *status);
	struct bytes name;
	enum imapd_mailbox_status found = imapd_mailbox_take(s, &arguments, &name);

	if (found != IMAPD_MAILBOX_OK)
		return imapd_mailbox_refuse(s, found);
	if (!imap_argument_space(&arguments) || !imap_argument_octet(&arguments, '('))
		return imapd_bad_syntax(s);
	do {
		if (!take_item(&arguments, status))
			return imapd_bad(s, "STATUS knows MESSAGES RECENT UIDNEXT UIDVALIDITY UNSEEN DELETED SIZE");
	} while (imap_argument_space(&arguments));
	if (!imap_argument_octet(&arguments, ')') || arguments.len > 0)
		return imapd_bad_syntax(s);
	s->work = status;
	s->request = store_mailbox_get(s->loop->store, s->user_id, name, mailbox_came, s);
	return IMAPD_WAIT;
}
