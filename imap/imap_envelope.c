#include "imap/imap_envelope.h"

#include "imap/imap_write.h"
#include "message/summary.h"

static void add_address(const struct summary_address *a, struct buffer *out)
{
	buffer_add_octet(out, '(');
	imap_write_nstring(out, a->name, a->name.len > 0);
	buffer_add_text(out, " NIL ");
	/* A host that is NIL marks a group: an address without one says "". */
	imap_write_nstring(out, a->mailbox, !a->is_group || a->mailbox.len > 0);
	buffer_add_octet(out, ' ');
	imap_write_nstring(out, a->host, !a->is_group);
	buffer_add_octet(out, ')');
}

static void add_addresses(struct summary_addresses list, struct buffer *out)
{
	if (list.n == 0) {
		buffer_add_text(out, "NIL ");
		return;
	}
	buffer_add_octet(out, '(');
	for (size_t i = 0; i < list.n; i++)
		add_address(&list.at[i], out);
	buffer_add_text(out, ") ");
}

bool imap_envelope_format(struct bytes packed, struct arena *arena, struct buffer *out)
{
	struct summary_envelope e;

	if (!summary_envelope_unpack(packed, arena, &e))
		return false;
	buffer_add_octet(out, '(');
	imap_write_nstring(out, e.date, e.has_date);
	buffer_add_octet(out, ' ');
	imap_write_nstring(out, e.subject, e.has_subject);
	buffer_add_octet(out, ' ');
	add_addresses(e.from, out);
	add_addresses(e.sender.n > 0 ? e.sender : e.from, out);
	add_addresses(e.reply_to.n > 0 ? e.reply_to : e.from, out);
	add_addresses(e.to, out);
	add_addresses(e.cc, out);
	add_addresses(e.bcc, out);
	imap_write_nstring(out, e.in_reply_to, e.has_in_reply_to);
	buffer_add_octet(out, ' ');
	imap_write_nstring(out, e.message_id, e.has_message_id);
	buffer_add_octet(out, ')');
	return true;
}
