#include "base/codec.h"

#include <string.h>

#include "tests/support/check.h"

enum codec { BASE64, HEX, XTEXT };

static const struct codec_row {
	const char *claim;
	enum codec codec;
	const char *plain;
	size_t plain_len;
	const char *coded;
} both_ways[] = {
	{ "RFC 4648 10: nothing", BASE64, "", 0, "" },
	{ "RFC 4648 10: f", BASE64, "f", 1, "Zg==" },
	{ "RFC 4648 10: fo", BASE64, "fo", 2, "Zm8=" },
	{ "RFC 4648 10: foo", BASE64, "foo", 3, "Zm9v" },
	{ "RFC 4648 10: foob", BASE64, "foob", 4, "Zm9vYg==" },
	{ "RFC 4648 10: foobar", BASE64, "foobar", 6, "Zm9vYmFy" },
	{ "high octets and both last digits", BASE64, "\xfb\xff\x00", 3, "+/8A" },
	{ "hexadecimal", HEX, "\x00\x7f\xff", 3, "007fff" },
	{ "xtext leaves printables", XTEXT, "rfc822;ann@x.test", 17, "rfc822;ann@x.test" },
	{ "xtext codes plus, equals, space", XTEXT, "a+b=c d", 7, "a+2Bb+3Dc+20d" },
	{ "xtext codes controls and high octets", XTEXT, "\r\xc3", 2, "+0D+C3" },
};

static const struct refused_row {
	const char *claim;
	enum codec codec;
	const char *coded;
} refused[] = {
	{ "padding is missing", BASE64, "Zg" },
	{ "half a padding", BASE64, "Zg=" },
	{ "too much padding", BASE64, "Z===" },
	{ "padding alone", BASE64, "====" },
	{ "padding in the middle", BASE64, "Zg==Zm8=" },
	{ "padding before a digit", BASE64, "Zm=v" },
	{ "stray bits of one octet", BASE64, "Zh==" },
	{ "stray bits of two octets", BASE64, "Zm9=" },
	{ "white space", BASE64, "Zm9v\r\n" },
	{ "a digit of another alphabet", BASE64, "Zm_v" },
	{ "an odd number of digits", HEX, "123" },
	{ "no hexadecimal digit", HEX, "0g" },
	{ "a bare equals sign", XTEXT, "a=b" },
	{ "a bare space", XTEXT, "a b" },
	{ "a plus at the end", XTEXT, "a+" },
	{ "a plus with one digit", XTEXT, "a+2" },
	{ "a plus with no digits", XTEXT, "a+zz" },
	{ "an octet above ASCII", XTEXT, "a\xc3" },
};

static void (*const encode[])(struct bytes, struct buffer *) = { codec_base64_encode, codec_hex_encode, codec_xtext_encode };
static bool (*const decode[])(struct bytes, struct buffer *) = { codec_base64_decode, codec_hex_decode, codec_xtext_decode };

static void check_ids(void)
{
	static const struct { uint64_t id; const char *text; } ids[] = {
		{ 0, "0000000000000" }, { 31, "000000000000v" }, { 32, "0000000000010" },
		{ INT64_MAX, "7vvvvvvvvvvvv" }, { UINT64_MAX, "fvvvvvvvvvvvv" },
	};
	static const char *const wrong[] = {
		"g000000000000", "000000000000", "00000000000000", "000000000000w", "000000000000V", "0000000 00000",
	};
	char text[CODEC_ID_LEN + 1];
	uint64_t id;

	for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
		codec_id_encode(ids[i].id, text);
		CHECK_TEXT(text, ids[i].text, "id to text");
		CHECK_ROW(codec_id_decode(bytes_text(text), &id) && id == ids[i].id, ids[i].text);
	}
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		CHECK_ROW(!codec_id_decode(bytes_text(wrong[i]), &id), wrong[i]);
	CHECK(!codec_id_decode(BYTES("00000000000\0000"), &id));
}

int main(void)
{
	struct buffer out = { 0 };

	for (size_t i = 0; i < sizeof both_ways / sizeof *both_ways; i++) {
		const struct codec_row *row = &both_ways[i];
		buffer_clear(&out);
		buffer_add_octet(&out, '>');
		encode[row->codec](bytes_of(row->plain, row->plain_len), &out);
		check_expect_bytes(out.at + 1, out.len - 1, row->coded, strlen(row->coded), row->claim, __FILE__, __LINE__);
		buffer_truncate(&out, 1);
		CHECK_ROW(decode[row->codec](bytes_text(row->coded), &out), row->claim);
		check_expect_bytes(out.at + 1, out.len - 1, row->plain, row->plain_len, row->claim, __FILE__, __LINE__);
	}
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		buffer_truncate(&out, 1);
		CHECK_ROW(!decode[refused[i].codec](bytes_text(refused[i].coded), &out), refused[i].claim);
		CHECK_ROW(out.len == 1, refused[i].claim);
	}
	buffer_truncate(&out, 0);
	CHECK(codec_hex_decode(BYTES("fF"), &out) && codec_xtext_decode(BYTES("+2b"), &out));
	CHECK_TEXT(out.at, "\xff+", "digits of either case are read");
	check_ids();
	buffer_release(&out);
	return check_finish();
}
