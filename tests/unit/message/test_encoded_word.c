#include "message/encoded_word.h"

#include "base/text.h"
#include "tests/support/check.h"

static const struct decode_case {
	const char *claim, *text, *want;
} cases[] = {
	{ "nothing to decode", "plain = ? text", "plain = ? text" },
	{ "Q", "=?iso-8859-1?q?Andr=E9_Lee?=", "Andr\xc3\xa9 Lee" },
	{ "B", "=?UTF-8?B?QW5kcsOp?=", "Andr\xc3\xa9" },
	{ "a language is let go", "=?utf-8*en?q?hi?=", "hi" },
	{ "white space between two words goes", "=?utf-8?q?a?= \t =?utf-8?q?b?=", "ab" },
	{ "white space beside text stays", "x =?utf-8?q?a?= y =?utf-8?q?b?= z", "x a y b z" },
	{ "words without space between", "=?utf-8?q?a?==?utf-8?q?b?=", "ab" },
	{ "a character split over two words", "=?utf-8?q?=C3?= =?utf-8?q?=A9?=", "\xc3\xa9" },
	{ "two charsets side by side", "=?utf-8?q?=C3=A9?= =?iso-8859-1?q?=E9?=", "\xc3\xa9\xc3\xa9" },
	{ "a word inside text", "(=?utf-8?q?a?=)", "(a)" },
	{ "an open word stays", "=?utf-8?q?abc", "=?utf-8?q?abc" },
	{ "an unknown encoding stays", "=?utf-8?x?abc?=", "=?utf-8?x?abc?=" },
	{ "an unknown charset is guessed", "=?nonesuch?q?=E9?=", "\xc3\xa9" },
	{ "a bad escape stays", "=?utf-8?q?=G1a=4?=", "=G1a=4" },
	{ "base64 without padding", "=?utf-8?b?YWI?=", "ab" },
	{ "KOI8-R", "=?koi8-r?B?9MXT1A==?=", "\xd0\xa2\xd0\xb5\xd1\x81\xd1\x82" },
	{ "ISO-2022-JP", "=?ISO-2022-JP?B?GyRCJUYlOSVIGyhC?=", "\xe3\x83\x86\xe3\x82\xb9\xe3\x83\x88" },
	{ "raw UTF-8 passes", "Andr\xc3\xa9", "Andr\xc3\xa9" },
	{ "raw 8-bit is windows-1252", "Andr\xe9 \x80", "Andr\xc3\xa9 \xe2\x82\xac" },
	{ "empty", "", "" },
};

static const struct encode_case {
	const char *claim, *text, *want;
} encodes[] = {
	{ "mostly ASCII is Q", "Andr\xc3\xa9 Lee", "=?UTF-8?Q?Andr=C3=A9_Lee?=" },
	{ "mostly not is B", "\xd0\xa2\xd0\xb5\xd1\x81\xd1\x82", "=?UTF-8?B?0KLQtdGB0YI=?=" },
	{ "invalid UTF-8 is replaced", "a\xff", "=?UTF-8?B?Ye+/vQ==?=" },
};

static void check_long(void)
{
	struct buffer text = { 0 }, encoded = { 0 }, again = { 0 };

	for (int i = 0; i < 300; i++)
		buffer_add_text(&text, i % 7 == 0 ? "\xf0\x9f\x90\x9f" : i % 5 == 0 ? " " : "\xc3\xa9x");
	encoded_word_encode(buffer_bytes(&text), &encoded);
	struct bytes rest = buffer_bytes(&encoded), word;
	bool more = true;
	while (more) {
		struct buffer one = { 0 };
		more = bytes_cut(&rest, ' ', &word);
		CHECK_ROW(word.len <= 75, "a word has at most 75 octets");
		encoded_word_decode(word, &one);
		CHECK_ROW(text_is_utf8(buffer_bytes(&one)), "no character is split over two words");
		buffer_release(&one);
	}
	encoded_word_decode(buffer_bytes(&encoded), &again);
	CHECK_TEXT(again.at, text.at, "long text comes back");
	buffer_release(&text);
	buffer_release(&encoded);
	buffer_release(&again);
}

int main(void)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct buffer got = { 0 };
		buffer_reserve(&got, 1);
		encoded_word_decode(bytes_text(cases[i].text), &got);
		CHECK_TEXT(got.at, cases[i].want, cases[i].claim);
		buffer_release(&got);
	}
	for (size_t i = 0; i < sizeof encodes / sizeof *encodes; i++) {
		struct buffer got = { 0 };
		encoded_word_encode(bytes_text(encodes[i].text), &got);
		CHECK_TEXT(got.at, encodes[i].want, encodes[i].claim);
		buffer_release(&got);
	}
	check_long();
	return check_finish();
}
