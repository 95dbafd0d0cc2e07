#include "imapd/imapd_mailbox.h"

#include <string.h>

#include "base/text.h"
#include "imap/imap_argument.h"
#include "imap/imap_mailbox_name.h"
#include "imap/imap_write.h"
#include "imapd/imapd_reply.h"

/* "inbox/x" is "INBOX/x", and a delimiter at the end says nothing: RFC 9051 6.3.4. */
static struct bytes in_order(struct bytes name)
{
	static const struct bytes inbox = { "INBOX", 5 };

	if (name.len > 1 && name.at[name.len - 1] == IMAP_DELIMITER)
		name = bytes_slice(name, 0, name.len - 1);
	if (bytes_starts_nocase(name, inbox) && (name.len == inbox.len || name.at[inbox.len] == IMAP_DELIMITER))
		memcpy((char *)name.at, inbox.at, inbox.len);
	return name;
}

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
	*name = in_order(*name);
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
