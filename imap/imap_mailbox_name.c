#include "imap/imap_mailbox_name.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

static bool is_direct(uint32_t code)
{
	return code >= 0x20 && code <= 0x7e;
}

/* UTF-16 units to UTF-8. */
struct units {
	uint32_t high;                  /* first half of a surrogate pair, or 0 */
};

static bool add_unit(struct units *u, uint32_t unit, struct buffer *out)
{
	if (u->high != 0) {
		if (unit < 0xdc00 || unit > 0xdfff)
			return false;
		text_utf8_add(out, 0x10000 + ((u->high - 0xd800) << 10) + (unit - 0xdc00));
		u->high = 0;
		return true;
	}
	if (unit >= 0xdc00 && unit <= 0xdfff)
		return false;
	if (unit >= 0xd800 && unit <= 0xdbff) {
		u->high = unit;
		return true;
	}
	if (unit == 0 || is_direct(unit))
		return false;
	text_utf8_add(out, unit);
	return true;
}

static bool decode_base64(struct bytes text, struct buffer *out)
{
	struct units units = { 0 };
	uint32_t bits = 0;
	unsigned n_bits = 0;

	for (size_t i = 0; i < text.len; i++) {
		const char *place = text.at[i] ? strchr(alphabet, text.at[i]) : NULL;
		if (!place)
			return false;
		bits = (bits << 6 | (uint32_t)(place - alphabet)) & 0xffffff;
		n_bits += 6;
		if (n_bits < 16)
			continue;
		n_bits -= 16;
		if (!add_unit(&units, bits >> n_bits & 0xffff, out))
			return false;
	}
	return units.high == 0 && n_bits < 6 && (bits & ((1u << n_bits) - 1)) == 0;
}

static bool decode(struct bytes rest, struct buffer *out)
{
	bool was_shifted = false;

	while (rest.len > 0) {
		char octet = rest.at[0];
		struct bytes base64;
		rest = bytes_skip(rest, 1);
		if (octet != '&') {
			if (!is_direct((unsigned char)octet))
				return false;
			buffer_add_octet(out, octet);
			was_shifted = false;
			continue;
		}
		if (!bytes_cut(&rest, '-', &base64))
			return false;
		if (base64.len == 0)
			buffer_add_octet(out, '&');
		else if (was_shifted || !decode_base64(base64, out))
			return false;
		was_shifted = base64.len > 0;
	}
	return true;
}

bool imap_mailbox_name_decode(struct bytes utf7, struct buffer *out)
{
	size_t len = out->len;

	if (decode(utf7, out))
		return true;
	buffer_truncate(out, len);
	return false;
}

struct shift {
	bool is_on;
	uint32_t bits;
	unsigned n_bits;
};

static void shift_add(struct shift *s, uint32_t unit, struct buffer *out)
{
	s->bits = s->bits << 16 | unit;
	s->n_bits += 16;
	while (s->n_bits >= 6) {
		s->n_bits -= 6;
		buffer_add_octet(out, alphabet[s->bits >> s->n_bits & 63]);
	}
	s->bits &= (1u << s->n_bits) - 1;
}

static void shift_end(struct shift *s, struct buffer *out)
{
	if (!s->is_on)
		return;
	if (s->n_bits > 0)
		buffer_add_octet(out, alphabet[s->bits << (6 - s->n_bits) & 63]);
	buffer_add_octet(out, '-');
	*s = (struct shift){ 0 };
}

void imap_mailbox_name_encode(struct bytes utf8, struct buffer *out)
{
	struct shift shift = { 0 };

	while (utf8.len > 0) {
		uint32_t code = 0xfffd;
		size_t n = text_utf8_decode(utf8, &code);
		if (n == 0)
			code = 0xfffd;
		utf8 = bytes_skip(utf8, n ? n : 1);
		if (is_direct(code)) {
			shift_end(&shift, out);
			buffer_add_octet(out, (char)code);
			if (code == '&')
				buffer_add_octet(out, '-');
			continue;
		}
		if (!shift.is_on)
			buffer_add_octet(out, '&');
		shift.is_on = true;
		if (code >= 0x10000) {
			shift_add(&shift, 0xd800 + ((code - 0x10000) >> 10), out);
			code = 0xdc00 + ((code - 0x10000) & 0x3ff);
		}
		shift_add(&shift, code, out);
	}
	shift_end(&shift, out);
}

/* How many octets at the front of the name compare without case: "INBOX" as the whole name or as its first level. */
static size_t nocase_length(struct bytes name)
{
	if (!bytes_starts_nocase(name, BYTES("INBOX")))
		return 0;
	return name.len == 5 || name.at[5] == IMAP_DELIMITER ? 5 : 0;
}

static bool same(struct bytes name, size_t at, char octet, size_t nocase)
{
	if (at < nocase)
		return text_lower((unsigned char)name.at[at]) == text_lower((unsigned char)octet);
	return name.at[at] == octet;
}

/* reached[i]: the pattern so far matches name[0..i).  One pass an octet of the pattern: no pattern is expensive. */
bool imap_mailbox_name_match(struct bytes pattern, struct bytes name)
{
	bool *reached = xcalloc(name.len + 1, sizeof *reached);
	size_t nocase = nocase_length(name);

	reached[0] = true;
	for (size_t p = 0; p < pattern.len; p++) {
		char octet = pattern.at[p];
		if (octet == '*' || octet == '%') {
			for (size_t i = 0; i < name.len; i++)
				if (reached[i] && (octet == '*' || name.at[i] != IMAP_DELIMITER))
					reached[i + 1] = true;
			continue;
		}
		for (size_t i = name.len; i > 0; i--)
			reached[i] = reached[i - 1] && same(name, i - 1, octet, nocase);
		reached[0] = false;
	}
	bool matches = reached[name.len];
	free(reached);
	return matches;
}
