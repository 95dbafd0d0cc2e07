#include "message/transfer_encoding.h"

#include "base/codec.h"
#include "base/text.h"

#define LINE_OCTETS 57                  /* what 76 characters of base64 hold */
#define LINE_CHARACTERS 76
#define SPACES_MAX 1000                 /* white space held back before a line end; more is passed on */

enum transfer_encoding transfer_encoding_parse(struct bytes name)
{
	name = bytes_trim(name);
	if (name.len == 0 || bytes_equal_nocase(name, BYTES("7bit")) || bytes_equal_nocase(name, BYTES("8bit")) ||
	    bytes_equal_nocase(name, BYTES("binary")))
		return TRANSFER_IDENTITY;
	if (bytes_equal_nocase(name, BYTES("base64")))
		return TRANSFER_BASE64;
	if (bytes_equal_nocase(name, BYTES("quoted-printable")))
		return TRANSFER_QUOTED_PRINTABLE;
	return TRANSFER_UNKNOWN;
}

static void feed_base64(struct transfer_decoder *d, struct bytes in, struct buffer *out)
{
	char *to = buffer_reserve(out, in.len / 4 * 3 + 3);
	size_t n = 0;

	for (size_t i = 0; i < in.len; i++) {
		unsigned char octet = (unsigned char)in.at[i];
		int value = codec_base64_value(octet);
		if (value < 0) {
			if (octet == '=') {
				d->ended = true;        /* what is left of the quantum is complete, or waste */
				d->n_bits = 0;
			} else if (!text_is_space(octet)) {
				d->is_damaged = true;
			}
			continue;
		}
		if (d->ended)                   /* several encoded pieces, one after the other */
			d->ended = false;
		d->bits = d->bits << 6 | (uint32_t)value;
		d->n_bits += 6;
		if (d->n_bits >= 8) {
			d->n_bits -= 8;
			to[n++] = (char)(d->bits >> d->n_bits);
		}
	}
	buffer_added(out, n);
}

static void drop_held(struct transfer_decoder *d, struct buffer *out)
{
	d->is_damaged = true;
	buffer_add(out, d->held, d->n_held);
	d->n_held = 0;
}

static void give_spaces(struct transfer_decoder *d, struct buffer *out)
{
	buffer_add_bytes(out, buffer_bytes(&d->spaces));
	buffer_clear(&d->spaces);
}

static int hex_value(char octet)
{
	if (octet >= '0' && octet <= '9')
		return octet - '0';
	octet = (char)text_upper((unsigned char)octet);
	return octet >= 'A' && octet <= 'F' ? octet - 'A' + 10 : -1;
}

/* One octet behind "=": a pair of digits, or a soft line break with white space before it.  False: the octet is not used up. */
static bool feed_escape(struct transfer_decoder *d, char octet, struct buffer *out)
{
	char first = d->n_held > 1 ? d->held[1] : '\0';

	if (d->n_held == 1 && (octet == ' ' || octet == '\t'))
		return true;
	if (octet == '\n' && (d->n_held == 1 || first == '\r')) {
		d->n_held = 0;
		return true;
	}
	if (d->n_held == 1 && (octet == '\r' || hex_value(octet) >= 0)) {
		d->held[d->n_held++] = octet;
		return true;
	}
	int high = hex_value(first), low = hex_value(octet);
	if (d->n_held == 2 && high >= 0 && low >= 0) {
		buffer_add_octet(out, (char)(high << 4 | low));
		d->n_held = 0;
		return true;
	}
	drop_held(d, out);
	return false;
}

static void feed_quoted_printable(struct transfer_decoder *d, struct bytes in, struct buffer *out)
{
	for (size_t i = 0; i < in.len; i++) {
		char octet = in.at[i];
		if (d->n_held > 0 && feed_escape(d, octet, out))
			continue;
		if (octet == ' ' || octet == '\t') {
			if (d->spaces.len >= SPACES_MAX)
				give_spaces(d, out);
			buffer_add_octet(&d->spaces, octet);
			continue;
		}
		if (octet == '\r' || octet == '\n')
			buffer_clear(&d->spaces);       /* RFC 2045 6.7 (3): added in transport */
		else if (d->spaces.len > 0)
			give_spaces(d, out);
		if (octet == '=')
			d->held[d->n_held++] = octet;
		else
			buffer_add_octet(out, octet);
	}
}

void transfer_decoder_feed(struct transfer_decoder *d, struct bytes in, struct buffer *out)
{
	switch (d->encoding) {
	case TRANSFER_BASE64:
		feed_base64(d, in, out);
		break;
	case TRANSFER_QUOTED_PRINTABLE:
		feed_quoted_printable(d, in, out);
		break;
	case TRANSFER_IDENTITY:
	case TRANSFER_UNKNOWN:
		buffer_add_bytes(out, in);
		break;
	}
}

void transfer_decoder_finish(struct transfer_decoder *d, struct buffer *out)
{
	if (d->encoding == TRANSFER_UNKNOWN || (d->encoding == TRANSFER_BASE64 && d->n_bits >= 6))
		d->is_damaged = true;
	if (d->n_held > 1)
		drop_held(d, out);              /* a lone "=" at the end is a soft break */
	d->n_held = 0;
	d->bits = 0;
	d->n_bits = 0;
	d->ended = false;
	buffer_release(&d->spaces);
}

bool transfer_decode(enum transfer_encoding encoding, struct bytes in, struct buffer *out)
{
	struct transfer_decoder d = { .encoding = encoding };

	transfer_decoder_feed(&d, in, out);
	transfer_decoder_finish(&d, out);
	return !d.is_damaged;
}

void transfer_encode_base64(struct bytes in, struct buffer *out)
{
	while (in.len > 0) {
		codec_base64_encode(bytes_slice(in, 0, LINE_OCTETS), out);
		buffer_add_text(out, "\r\n");
		in = bytes_skip(in, LINE_OCTETS);
	}
}

static void add_escaped(struct buffer *out, unsigned char octet)
{
	static const char digits[] = "0123456789ABCDEF";
	char text[3] = { '=', digits[octet >> 4], digits[octet & 15] };

	buffer_add(out, text, sizeof text);
}

/* One line without its line end. */
static void encode_line(struct bytes line, struct buffer *out)
{
	size_t column = 0;
	bool from = bytes_starts(line, BYTES("From ")) || bytes_starts(line, BYTES("."));

	for (size_t i = 0; i < line.len; i++) {
		unsigned char octet = (unsigned char)line.at[i];
		bool last = i + 1 == line.len;
		bool plain = octet >= 0x20 && octet < 0x7f && octet != '=';
		if ((octet == ' ' || octet == '\t') && !last)
			plain = true;
		else if (octet == ' ')
			plain = false;
		if (i == 0 && from)
			plain = false;
		size_t width = plain ? 1 : 3;
		if (column + width > LINE_CHARACTERS - (last ? 0u : 1u)) {
			buffer_add_text(out, "=\r\n");
			column = 0;
			plain = plain && octet != '.';
			width = plain ? 1 : 3;
		}
		if (plain)
			buffer_add_octet(out, (char)octet);
		else
			add_escaped(out, octet);
		column += width;
	}
}

void transfer_encode_quoted_printable(struct bytes in, struct buffer *out)
{
	while (in.len > 0) {
		size_t end = bytes_find(in, '\n');
		struct bytes line = bytes_slice(in, 0, end);
		if (end < in.len && line.len > 0 && line.at[line.len - 1] == '\r')
			line.len--;
		encode_line(line, out);
		if (end < in.len)
			buffer_add_text(out, "\r\n");
		in = bytes_skip(in, end + 1);
	}
}
