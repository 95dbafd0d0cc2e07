#include "imapd/imapd_mailbox.h"

#include "base/text.h"
#include "imap/imap_argument.h"
#include "imap/imap_mailbox_name.h"
#include "imap/imap_write.h"
#include "imapd/imapd_reply.h"

enum imapd_mailbox_status imapd_mailbox_take(struct imapd_session *s, struct bytes *rest, struct bytes *name)
{
	struct bytes wire;
	struct buffer utf8 = { 0 }, normal = { 0 };

	if (!imap_argument_astring(rest, &s->arena, &wire))
		return IMAPD_MAILBOX_SYNTAX;
	bool is_name = imap_mailbox_name_decode(wire, &utf8);
	text_normalize(buffer_bytes(&utf8), &normal);
	*name = arena_bytes(&s->arena, buffer_bytes(&normal));
	buffer_release(&utf8);
	buffer_release(&normal);
	if (bytes_equal_nocase(*name, BYTES("INBOX")))
		*name = BYTES("INBOX");
	return is_name ? IMAPD_MAILBOX_OK : IMAPD_MAILBOX_BAD_NAME;
}

enum imapd_after imapd_mailbox_refuse(struct imapd_session *s, enum imapd_mailbox_status status)
{
	if (status == IMAPD_MAILBOX_SYNTAX)
		return imapd_bad_syntax(s);
	return imapd_finish(s, "NO [CANNOT] A mailbox name is printable ASCII or modified UTF-7");
}

void imapd_mailbox_write(struct buffer *out, struct bytes name)
{
	struct buffer wire = { 0 };

	imap_mailbox_name_encode(name, &wire);
	imap_write_astring(out, buffer_bytes(&wire));
	buffer_release(&wire);
}
