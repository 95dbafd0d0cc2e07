#include "imapd/imapd_create.h"

#include <inttypes.h>

#include "base/log.h"
#include "imap/imap_argument.h"
#include "imap/imap_object_id.h"
#include "imapd/imapd_mailbox.h"
#include "imapd/imapd_reply.h"
#include "imapd/imapd_special_use.h"
#include "mailstore/mailboxes.h"

static void created(void *owner, const struct error *err, const struct store_mailbox *mailbox, size_t n)
{
	struct imapd_session *s = owner;

	(void)n;
	s->request = NULL;
	if (!err) {
		log_info("imapd", "create", "user=%s session=%s mailbox=%s", s->user, s->id, mailbox->name);
		imapd_session_resume(s, imapd_finish(s, "OK [MAILBOXID (%c%" PRId64 ")] Created", IMAP_OBJECT_MAILBOX, mailbox->mailbox_id));
	} else if (err->kind == ERROR_DENIED) {
		imapd_session_resume(s, imapd_finish(s, "NO [USEATTR] Another mailbox has that special use"));
	} else {
		imapd_session_resume(s, imapd_finish_error(s, err, "The mailbox"));
	}
}

/* After "USE (": attributes up to ")".  *is_known: all of them are. */
static bool take_uses(struct bytes *rest, unsigned *uses, bool *is_known)
{
	*is_known = true;
	if (imap_argument_octet(rest, ')'))
		return true;
	do {
		struct bytes start = *rest, atom;
		if (!imap_argument_octet(rest, '\\') || !imap_argument_atom(rest, &atom))
			return false;
		unsigned use = imapd_special_use_find(bytes_of(start.at, atom.len + 1));
		*is_known &= use != 0;
		*uses |= use;
	} while (imap_argument_space(rest));
	return imap_argument_octet(rest, ')');
}

/* SP "(USE (\Sent))", or nothing. */
static bool take_parameters(struct bytes *rest, unsigned *uses, bool *is_known)
{
	*is_known = true;
	if (rest->len == 0)
		return true;
	return imap_argument_space(rest) && imap_argument_octet(rest, '(') && imap_argument_word(rest, "USE") && imap_argument_space(rest) &&
	       imap_argument_octet(rest, '(') && take_uses(rest, uses, is_known) && imap_argument_octet(rest, ')') && rest->len == 0;
}

enum imapd_after imapd_create(struct imapd_session *s, struct bytes arguments)
{
	struct bytes name;
	unsigned uses = 0;
	bool is_known;
	enum imapd_mailbox_status found = imapd_mailbox_take(s, &arguments, &name);

	if (found == IMAPD_MAILBOX_SYNTAX || !take_parameters(&arguments, &uses, &is_known))
		return imapd_bad_syntax(s);
	if (found != IMAPD_MAILBOX_OK)
		return imapd_mailbox_refuse(s, found);
	if (!is_known)
		return imapd_finish(s, "NO [USEATTR] Special uses here are \\Drafts \\Sent \\Archive \\Junk \\Trash");
	s->request = store_mailbox_create(s->loop->store, s->user_id, name, uses, created, s);
	return IMAPD_WAIT;
}
