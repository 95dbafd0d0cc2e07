#include "imap/imap_write.h"

#include <string.h>

#include "imap/imap_argument.h"

/* Short, 7-bit, no CR, LF or NUL. */
static bool is_quotable(struct bytes text)
{
	if (text.len > IMAP_QUOTED_MAX)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		unsigned char octet = (unsigned char)text.at[i];
		if (octet == '\r' || octet == '\n' || octet == '\0' || octet > 0x7f)
			return false;
	}
	return true;
}

static void write_quoted(struct buffer *out, struct bytes text)
{
	buffer_add_octet(out, '"');
	for (size_t i = 0; i < text.len; i++) {
		if (text.at[i] == '"' || text.at[i] == '\\')
			buffer_add_octet(out, '\\');
		buffer_add_octet(out, text.at[i]);
	}
	buffer_add_octet(out, '"');
}

void imap_write_literal(struct buffer *out, uint64_t size)
{
	buffer_add_octet(out, '{');
	buffer_add_u64(out, size);
	buffer_add_text(out, "}\r\n");
}

void imap_write_string(struct buffer *out, struct bytes text)
{
	if (is_quotable(text)) {
		write_quoted(out, text);
		return;
	}
	imap_write_literal(out, text.len);
	char *to = buffer_reserve(out, text.len);
	memcpy(to, text.at, text.len);
	for (char *nul = to; (nul = memchr(nul, '\0', text.len - (size_t)(nul - to))) != NULL;)
		*nul = ' ';
	buffer_added(out, text.len);
}

void imap_write_nstring(struct buffer *out, struct bytes text, bool is_present)
{
	if (is_present)
		imap_write_string(out, text);
	else
		buffer_add_text(out, "NIL");
}

void imap_write_astring(struct buffer *out, struct bytes text)
{
	bool is_atom = text.len > 0 && !bytes_equal_nocase(text, BYTES("NIL"));

	for (size_t i = 0; is_atom && i < text.len; i++)
		is_atom = imap_is_astring_octet((unsigned char)text.at[i]);
	if (is_atom)
		buffer_add_bytes(out, text);
	else
		imap_write_string(out, text);
}
