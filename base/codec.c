#include "base/codec.h"

#include <string.h>

static const char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char id_digits[] = "0123456789abcdefghijklmnopqrstuv";

/* The value of one digit, -1 when it is none. */
static int digit_value(const char *digits, char octet)
{
	const char *found = octet != '\0' ? strchr(digits, octet) : NULL;

	return found != NULL ? (int)(found - digits) : -1;
}

void codec_base64_encode(struct bytes in, struct buffer *out)
{
	const unsigned char *at = (const unsigned char *)in.at;

	for (size_t left = in.len; left > 0; ) {
		size_t n = left < 3 ? left : 3;
		unsigned word = (unsigned)at[0] << 16 | (n > 1 ? (unsigned)at[1] << 8 : 0) | (n > 2 ? at[2] : 0u);
		char four[4] = {
			base64_digits[word >> 18], base64_digits[word >> 12 & 63],
			n > 1 ? base64_digits[word >> 6 & 63] : '=', n > 2 ? base64_digits[word & 63] : '=',
		};
		buffer_add(out, four, 4);
		at += n;
		left -= n;
	}
}

/* Four digits at a time; `pad` of them are "=" and stand for no octet. */
static bool decode_four(const char *at, int pad, struct buffer *out)
{
	unsigned word = 0;

	for (int i = 0; i < 4; i++) {
		int value = i < 4 - pad ? codec_base64_value(at[i]) : 0;
		if (value < 0)
			return false;
		word = word << 6 | (unsigned)value;
	}
	char three[3] = { (char)(word >> 16), (char)(word >> 8), (char)word };
	for (int i = 3 - pad; i < 3; i++) {
		if (three[i] != 0)
			return false;
	}
	buffer_add(out, three, (size_t)(3 - pad));
	return true;
}

bool codec_base64_decode(struct bytes in, struct buffer *out)
{
	size_t before = out->len;

	if (in.len % 4 != 0)
		return false;
	for (size_t i = 0; i < in.len; i += 4) {
		const char *at = in.at + i;
		int pad = 0;
		if (i + 4 == in.len && at[3] == '=')
			pad = at[2] == '=' ? 2 : 1;
		if (!decode_four(at, pad, out)) {
			buffer_truncate(out, before);
			return false;
		}
	}
	return true;
}

static int hex_value(char octet)
{
	if (octet >= '0' && octet <= '9')
		return octet - '0';
	if (octet >= 'a' && octet <= 'f')
		return octet - 'a' + 10;
	return octet >= 'A' && octet <= 'F' ? octet - 'A' + 10 : -1;
}

/* Two hexadecimal digits as an octet, -1 when they are not. */
static int hex_pair(const char *at)
{
	int high = hex_value(at[0]), low = hex_value(at[1]);

	return high < 0 || low < 0 ? -1 : high << 4 | low;
}

void codec_hex_encode(struct bytes in, struct buffer *out)
{
	for (size_t i = 0; i < in.len; i++) {
		buffer_add_octet(out, id_digits[(unsigned char)in.at[i] >> 4]);
		buffer_add_octet(out, id_digits[(unsigned char)in.at[i] & 15]);
	}
}

bool codec_hex_decode(struct bytes in, struct buffer *out)
{
	size_t before = out->len;

	if (in.len % 2 != 0)
		return false;
	for (size_t i = 0; i < in.len; i += 2) {
		int octet = hex_pair(in.at + i);
		if (octet < 0) {
			buffer_truncate(out, before);
			return false;
		}
		buffer_add_octet(out, (char)octet);
	}
	return true;
}

void codec_id_encode(uint64_t id, char text[CODEC_ID_LEN + 1])
{
	for (int i = CODEC_ID_LEN - 1; i >= 0; i--) {
		text[i] = id_digits[id & 31];
		id >>= 5;
	}
	text[CODEC_ID_LEN] = '\0';
}

bool codec_id_decode(struct bytes text, uint64_t *id)
{
	uint64_t sum = 0;

	if (text.len != CODEC_ID_LEN)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		int value = digit_value(id_digits, text.at[i]);
		/* 13 digits hold 65 bits: the first has only four */
		if (value < 0 || (i == 0 && value > 15))
			return false;
		sum = sum << 5 | (uint64_t)value;
	}
	*id = sum;
	return true;
}

static bool is_xchar(char octet)
{
	return octet >= '!' && octet <= '~' && octet != '+' && octet != '=';
}

void codec_xtext_encode(struct bytes in, struct buffer *out)
{
	for (size_t i = 0; i < in.len; i++) {
		if (is_xchar(in.at[i]))
			buffer_add_octet(out, in.at[i]);
		else
			buffer_printf(out, "+%02X", (unsigned)(unsigned char)in.at[i]);
	}
}

bool codec_xtext_decode(struct bytes in, struct buffer *out)
{
	size_t before = out->len;

	for (size_t i = 0; i < in.len; i++) {
		int octet = is_xchar(in.at[i]) ? (unsigned char)in.at[i] : -1;
		if (in.at[i] == '+' && in.len - i > 2) {
			octet = hex_pair(in.at + i + 1);
			i += 2;
		}
		if (octet < 0) {
			buffer_truncate(out, before);
			return false;
		}
		buffer_add_octet(out, (char)octet);
	}
	return true;
}
