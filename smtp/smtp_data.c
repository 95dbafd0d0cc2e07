#include "smtp/smtp_data.h"

enum state {
	LINE_START,                     /* also right after DATA: the CRLF of the command counts */
	TEXT,
	CR,                             /* a CR was read: is it half of a line end? */
	DOT,                            /* a dot at the start of a line was read and not handed out */
	DOT_CR,
};

/* Octets of plain text at the front. */
static size_t plain_length(struct bytes in)
{
	size_t i = 0;

	while (i < in.len && in.at[i] != '\r' && in.at[i] != '\n' && in.at[i] != '\0')
		i++;
	return i;
}

static unsigned flaw_of(char octet)
{
	return octet == '\n' ? SMTP_DATA_BARE_LF : octet == '\0' ? SMTP_DATA_NUL : 0;
}

/* One octet of a line that does not begin with a dot. */
static void step(struct smtp_data_decoder *d, char octet)
{
	if (octet == '\n' && d->state == CR) {
		d->state = LINE_START;
		return;
	}
	if (d->state == CR)
		d->flaws |= SMTP_DATA_BARE_CR;
	d->flaws |= flaw_of(octet);
	d->state = octet == '\r' ? CR : TEXT;
}

enum smtp_data_status smtp_data_decode(struct smtp_data_decoder *d, struct bytes in, size_t *used, struct bytes *content)
{
	size_t i = 0;

	*content = (struct bytes){ 0 };
	if (in.len > 0 && d->state == DOT && in.at[0] == '\r') {
		d->state = DOT_CR;
		*used = 1;
		return SMTP_DATA_MORE;
	}
	if (in.len > 0 && d->state == DOT_CR) {
		if (in.at[0] == '\n') {
			*used = 1;
			return SMTP_DATA_END;
		}
		/* The CR that was held back goes unsaid: nobody will read this message. */
		d->flaws |= SMTP_DATA_BARE_CR;
	}
	if (in.len > 0 && (d->state == DOT || d->state == DOT_CR)) {
		d->state = TEXT;
		step(d, in.at[i++]);
	}
	while (i < in.len) {
		if (d->state == LINE_START && in.at[i] == '.') {
			d->state = DOT;
			*content = bytes_slice(in, 0, i);
			*used = i + 1;
			return SMTP_DATA_MORE;
		}
		step(d, in.at[i++]);
		if (d->state == TEXT)
			i += plain_length(bytes_skip(in, i));
	}
	*content = in;
	*used = in.len;
	return SMTP_DATA_MORE;
}

bool smtp_data_encode(struct smtp_data_encoder *e, struct bytes in, struct buffer *out)
{
	size_t i = 0;

	while (i < in.len) {
		char octet = in.at[i];

		if (e->state == CR) {
			if (octet != '\n') {
				e->flaws |= SMTP_DATA_BARE_CR;
				return false;
			}
			buffer_add(out, "\r\n", 2);
			e->state = LINE_START;
			i++;
			continue;
		}
		if (e->state == LINE_START && octet == '.')
			buffer_add_octet(out, '.');
		size_t n = plain_length(bytes_skip(in, i));
		buffer_add(out, in.at + i, n);
		i += n;
		if (n > 0)
			e->state = TEXT;
		if (i == in.len)
			break;
		if (in.at[i] != '\r') {
			e->flaws |= flaw_of(in.at[i]);
			return false;
		}
		/* The CR is written with its LF, so that a bare one never leaves. */
		e->state = CR;
		i++;
	}
	return true;
}

bool smtp_data_encode_end(struct smtp_data_encoder *e, struct buffer *out)
{
	if (e->state == CR) {
		e->flaws |= SMTP_DATA_BARE_CR;
		return false;
	}
	if (e->state == TEXT)
		buffer_add(out, "\r\n", 2);
	buffer_add(out, ".\r\n", 3);
	e->state = LINE_START;
	return true;
}

void smtp_data_check(struct smtp_data_checker *c, struct bytes in)
{
	for (size_t i = 0; i < in.len; i++) {
		char octet = in.at[i];
		if (c->is_after_cr && octet != '\n')
			c->flaws |= SMTP_DATA_BARE_CR;
		if (!c->is_after_cr && octet == '\n')
			c->flaws |= SMTP_DATA_BARE_LF;
		if (octet == '\0')
			c->flaws |= SMTP_DATA_NUL;
		c->is_after_cr = octet == '\r';
	}
}

void smtp_data_check_end(struct smtp_data_checker *c)
{
	if (c->is_after_cr)
		c->flaws |= SMTP_DATA_BARE_CR;
}
