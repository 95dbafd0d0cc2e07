#include "message/encoded_word.h"

#include "base/codec.h"
#include "base/text.h"
#include "message/charset.h"
#include "message/transfer_encoding.h"

#define CHARSET_MAX 64
#define BASE64_OCTETS 45                /* "=?UTF-8?B?" + 60 + "?=" = 72 of the 75 allowed */
#define Q_CHARACTERS 63

struct word {
	struct bytes charset, text;
	bool is_base64;
	size_t len;                     /* of the whole word */
};

/* =?charset[*language]?encoding?text?= at the front. */
static bool take_word(struct bytes in, struct word *word)
{
	struct bytes rest = bytes_skip(in, 2), text;

	size_t end = bytes_find(bytes_slice(rest, 0, CHARSET_MAX), '?');
	if (end == 0 || end + 3 > rest.len || rest.at[end] != '?' || rest.at[end + 2] != '?')
		return false;
	word->charset = bytes_slice(rest, 0, end);
	word->charset.len = bytes_find(word->charset, '*');
	int encoding = text_lower((unsigned char)rest.at[end + 1]);
	if (encoding != 'b' && encoding != 'q')
		return false;
	word->is_base64 = encoding == 'b';
	rest = bytes_skip(rest, end + 3);
	if (!bytes_cut(&rest, '?', &text) || rest.len == 0 || rest.at[0] != '=')
		return false;
	word->text = text;
	word->len = (size_t)(rest.at + 1 - in.at);
	return true;
}

static int hex_value(char octet)
{
	int lower = text_lower((unsigned char)octet);

	return text_is_digit(lower) ? lower - '0' : lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

static void decode_q(struct bytes text, struct buffer *out)
{
	for (size_t i = 0; i < text.len; i++) {
		int high, low;
		if (text.at[i] == '_') {
			buffer_add_octet(out, ' ');
		} else if (text.at[i] == '=' && i + 2 < text.len && (high = hex_value(text.at[i + 1])) >= 0 && (low = hex_value(text.at[i + 2])) >= 0) {
			buffer_add_octet(out, (char)(high << 4 | low));
			i += 2;
		} else {
			buffer_add_octet(out, text.at[i]);
		}
	}
}

/* Octets of neighbouring words in one charset: some programs split a character over two words. */
struct run {
	struct bytes charset;
	struct buffer raw;
};

static void end_run(struct run *run, struct buffer *out)
{
	if (run->charset.len > 0)
		charset_to_utf8(run->charset, buffer_bytes(&run->raw), out);
	run->charset = (struct bytes){ 0 };
	buffer_clear(&run->raw);
}

static void add_word(struct run *run, const struct word *word, struct buffer *out)
{
	if (!bytes_equal_nocase(run->charset, word->charset))
		end_run(run, out);
	run->charset = word->charset;
	if (word->is_base64)
		transfer_decode(TRANSFER_BASE64, word->text, &run->raw);
	else
		decode_q(word->text, &run->raw);
}

static size_t count_space(struct bytes text)
{
	size_t n = 0;

	while (n < text.len && text_is_space((unsigned char)text.at[n]))
		n++;
	return n;
}

bool encoded_word_is_needed(struct bytes text)
{
	return !text_is_ascii(text) || bytes_find_bytes(text, BYTES("=?")) < text.len;
}

void encoded_word_decode(struct bytes text, struct buffer *out)
{
	struct run run = { 0 };

	while (text.len > 0) {
		size_t next = bytes_find_bytes(text, BYTES("=?"));
		struct word word;
		size_t blank = run.charset.len > 0 ? count_space(text) : 0;
		if (next < text.len && take_word(bytes_skip(text, next), &word) && word.charset.len > 0) {
			if (next > blank) {
				end_run(&run, out);
				charset_guess_to_utf8(bytes_slice(text, 0, next), out);
			}
			add_word(&run, &word, out);
			text = bytes_skip(text, next + word.len);
			continue;
		}
		end_run(&run, out);
		if (next < text.len)
			next += 2;
		charset_guess_to_utf8(bytes_slice(text, 0, next), out);
		text = bytes_skip(text, next);
	}
	end_run(&run, out);
	buffer_release(&run.raw);
}

/* What stands for itself in a Q word in every place, a phrase included: RFC 2047 5 (3). */
static bool is_plain_q(uint32_t code)
{
	return code < 0x80 && (text_is_alpha((int)code) || text_is_digit((int)code) || (code != 0 && strchr("!*+-/", (int)code) != NULL));
}

/* Octets of the front of text that fit in one word, whole characters only; *q_width: how wide they are in Q. */
static size_t fit(struct bytes text, size_t *q_width)
{
	size_t n = 0;

	*q_width = 0;
	while (n < text.len) {
		uint32_t code = 0;
		size_t len = text_utf8_decode(bytes_skip(text, n), &code);
		size_t width = is_plain_q(code) || code == ' ' ? 1 : 3 * len;
		if (n + len > BASE64_OCTETS)
			break;
		n += len;
		*q_width += width;
	}
	return n;
}

static void add_q(struct bytes text, struct buffer *out)
{
	static const char digits[] = "0123456789ABCDEF";

	buffer_add_text(out, "=?UTF-8?Q?");
	for (size_t i = 0; i < text.len; i++) {
		unsigned char octet = (unsigned char)text.at[i];
		if (octet == ' ') {
			buffer_add_octet(out, '_');
		} else if (is_plain_q(octet)) {
			buffer_add_octet(out, (char)octet);
		} else {
			buffer_add_octet(out, '=');
			buffer_add_octet(out, digits[octet >> 4]);
			buffer_add_octet(out, digits[octet & 15]);
		}
	}
	buffer_add_text(out, "?=");
}

void encoded_word_encode(struct bytes utf8, struct buffer *out)
{
	struct buffer clean = { 0 };

	charset_to_utf8(BYTES("utf-8"), utf8, &clean);
	for (struct bytes rest = buffer_bytes(&clean); rest.len > 0;) {
		size_t q_width, n = fit(rest, &q_width);
		struct bytes piece = bytes_slice(rest, 0, n);
		if (q_width <= Q_CHARACTERS && q_width <= 2 * n) {
			add_q(piece, out);
		} else {
			buffer_add_text(out, "=?UTF-8?B?");
			codec_base64_encode(piece, out);
			buffer_add_text(out, "?=");
		}
		rest = bytes_skip(rest, n);
		if (rest.len > 0)
			buffer_add_octet(out, ' ');
	}
	buffer_release(&clean);
}
