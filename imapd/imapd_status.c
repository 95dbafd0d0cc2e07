#include "imapd/imapd_status.h"

#include "imap/imap_argument.h"
#include "imap/imap_object_id.h"
#include "imapd/imapd_mailbox.h"
#include "imapd/imapd_reply.h"

static const char *const names[IMAPD_STATUS_ITEMS] = { "MESSAGES", "RECENT", "UIDNEXT", "UIDVALIDITY", "UNSEEN", "DELETED", "SIZE", "MAILBOXID" };

#define MAILBOX_ID (IMAPD_STATUS_ITEMS - 1)     /* the one that is no number */

void imapd_status_write(struct imapd_session *s, const struct store_mailbox *m, const struct imapd_status_items *items)
{
	const uint64_t values[IMAPD_STATUS_ITEMS] = { m->n_messages, m->n_recent, m->uidnext, m->uidvalidity, m->n_unseen, m->n_deleted, m->n_octets };

	buffer_add_text(&s->out, "* STATUS ");
	imapd_mailbox_write(&s->out, bytes_text(m->name));
	buffer_add_text(&s->out, " (");
	for (size_t i = 0; i < items->n; i++) {
		unsigned asked = items->asked[i];
		buffer_printf(&s->out, "%s%s ", i > 0 ? " " : "", names[asked]);
		if (asked == MAILBOX_ID)
			imap_object_id_format(&s->out, IMAP_OBJECT_MAILBOX, m->mailbox_id);
		else
			buffer_add_u64(&s->out, values[asked]);
	}
	buffer_add_text(&s->out, ")\r\n");
}

static void mailbox_came(void *owner, const struct error *err, const struct store_mailbox *mailbox, size_t n)
{
	struct imapd_session *s = owner;

	s->request = NULL;
	if (err || n != 1) {
		static const struct error gone = { .kind = ERROR_NOT_FOUND };
		imapd_session_resume(s, imapd_finish_error(s, err ? err : &gone, "The mailbox"));
		return;
	}
	imapd_status_write(s, mailbox, s->work);
	imapd_session_resume(s, imapd_finish(s, "OK Status told"));
}

static bool take_item(struct bytes *rest, struct imapd_status_items *items)
{
	for (unsigned i = 0; i < IMAPD_STATUS_ITEMS; i++) {
		if (!imap_argument_word(rest, names[i]))
			continue;
		for (size_t k = 0; k < items->n; k++)
			if (items->asked[k] == i)
				return true;
		items->asked[items->n++] = (unsigned char)i;
		return true;
	}
	return false;
}

bool imapd_status_take_items(struct bytes *rest, struct imapd_status_items *items)
{
	if (!imap_argument_octet(rest, '('))
		return false;
	do {
		if (!take_item(rest, items))
			return false;
	} while (imap_argument_space(rest));
	return imap_argument_octet(rest, ')');
}

enum imapd_after imapd_status(struct imapd_session *s, struct bytes arguments)
{
	struct imapd_status_items *items = arena_alloc(&s->arena, sizeof *items);
	struct bytes name;
	enum imapd_mailbox_status found = imapd_mailbox_take(s, &arguments, &name);

	if (found == IMAPD_MAILBOX_SYNTAX || !imap_argument_space(&arguments) || !imapd_status_take_items(&arguments, items) || arguments.len > 0)
		return imapd_bad_syntax(s);
	if (found != IMAPD_MAILBOX_OK)
		return imapd_mailbox_refuse(s, found);
	s->work = items;
	s->request = store_mailbox_get(s->loop->store, s->user_id, name, mailbox_came, s);
	return IMAPD_WAIT;
}
