#include "smtp/smtp_reply.h"

#include <stdint.h>

#define DESCRIPTION_MAX 500

/* "5.1.1" at the front with a space or nothing behind it, of the reply's class: RFC 3463 2.  Returns its length or 0. */
static size_t enhanced_length(struct bytes text, int class)
{
	struct bytes code = bytes_slice(text, 0, bytes_find(text, ' ')), rest = code, part;
	unsigned n = 0;
	uint64_t value;
	bool more;

	if (code.len > 9 || code.len < 5 || code.at[0] != '0' + class)
		return 0;
	do {
		more = bytes_cut(&rest, '.', &part);
		if (part.len == 0 || part.len > 3 || !bytes_to_u64(part, 999, &value))
			return 0;
		n++;
	} while (more);
	return n == 3 ? code.len : 0;
}

static bool read_code(struct bytes line, int *code)
{
	uint64_t value;

	if (line.len < 3 || !bytes_to_u64(bytes_slice(line, 0, 3), 599, &value) || value < 200)
		return false;
	*code = (int)value;
	return line.len == 3 || line.at[3] == ' ' || line.at[3] == '-';
}

enum smtp_reply_status smtp_reply_line(struct smtp_reply *r, struct bytes line)
{
	int code;

	if (!read_code(line, &code) || (r->n_lines > 0 && code != r->code) || r->n_lines == SMTP_REPLY_LINES_MAX)
		return SMTP_REPLY_BAD;
	bool is_last = line.len == 3 || line.at[3] == ' ';
	struct bytes text = bytes_skip(line, 4);
	size_t n = enhanced_length(text, code / 100);
	if (n > 0) {
		bytes_copy_text(bytes_slice(text, 0, n), r->enhanced, sizeof r->enhanced);
		text = bytes_skip(text, n + 1);
	}
	r->code = code;
	if (r->n_lines++ > 0 && r->text.len < SMTP_REPLY_TEXT_MAX)
		buffer_add_octet(&r->text, '\n');
	buffer_add_bytes(&r->text, bytes_slice(text, 0, SMTP_REPLY_TEXT_MAX - r->text.len));
	return is_last ? SMTP_REPLY_DONE : SMTP_REPLY_MORE;
}

void smtp_reply_clear(struct smtp_reply *r)
{
	struct buffer text = r->text;

	buffer_clear(&text);
	*r = (struct smtp_reply){ .text = text };
}

void smtp_reply_release(struct smtp_reply *r)
{
	buffer_release(&r->text);
	*r = (struct smtp_reply){ 0 };
}

void smtp_reply_describe(const struct smtp_reply *r, struct buffer *out)
{
	size_t start = out->len;

	buffer_printf(out, "%d", r->code);
	if (r->enhanced[0] != '\0')
		buffer_printf(out, " %s", r->enhanced);
	if (r->text.len > 0)
		buffer_add_octet(out, ' ');
	for (size_t i = 0; i < r->text.len && out->len - start < DESCRIPTION_MAX; i++) {
		char octet = r->text.at[i];

		buffer_add_octet(out, octet == '\n' || octet == '\t' ? ' ' : octet < ' ' || octet > '~' ? '?' : octet);
	}
}
