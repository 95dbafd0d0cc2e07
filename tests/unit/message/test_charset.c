#include "message/charset.h"

#include "tests/support/check.h"

static const struct charset_case {
	const char *claim, *charset, *text, *want;
	bool whole;
} cases[] = {
	{ "us-ascii", "us-ascii", "abc", "abc", true },
	{ "none and ASCII", "", "abc", "abc", true },
	{ "none and UTF-8", "", "\xc3\xa9", "\xc3\xa9", false },
	{ "none and neither: windows-1252", "", "\xe9\x93", "\xc3\xa9\xe2\x80\x9c", false },
	{ "us-ascii with 8-bit UTF-8", "us-ascii", "\xc3\xa9", "\xc3\xa9", false },
	{ "utf-8", "UTF-8", "\xc3\xa9", "\xc3\xa9", true },
	{ "utf-8 with a bad octet", "utf-8", "a\xff" "b\xc3", "a\xef\xbf\xbd" "b\xef\xbf\xbd", false },
	{ "utf-8 with a surrogate", "utf-8", "\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", false },
	{ "iso-8859-1 is read as windows-1252", "ISO-8859-1", "\xe9\x80", "\xc3\xa9\xe2\x82\xac", true },
	{ "iso-8859-15", "iso-8859-15", "\xa4", "\xe2\x82\xac", true },
	{ "koi8-r", "KOI8-R", "\xf4\xc5", "\xd0\xa2\xd0\xb5", true },
	{ "gb2312 is read as its superset", "gb2312", "\xc4\xe3", "\xe4\xbd\xa0", true },
	{ "shift_jis", "Shift_JIS", "\x83\x65", "\xe3\x83\x86", true },
	{ "iso-2022-jp", "iso-2022-jp", "\x1b$B%F\x1b(B", "\xe3\x83\x86", true },
	{ "an invalid sequence is replaced, the rest converts", "euc-jp", "\xff" "a", "\xef\xbf\xbd" "a", false },
	{ "an unknown name is guessed", "x-nonesuch", "\xe9", "\xc3\xa9", false },
	{ "iconv's own syntax has no meaning", "utf-8//IGNORE", "a\xff", "a\xc3\xbf", false },
};

/* The same in pieces of n octets. */
static void check_pieces(const struct charset_case *c, size_t n)
{
	struct charset_decoder d = { 0 };
	struct buffer got = { 0 };

	charset_decoder_start(&d, bytes_text(c->charset));
	for (struct bytes rest = bytes_text(c->text); rest.len > 0; rest = bytes_skip(rest, n))
		charset_decoder_feed(&d, bytes_slice(rest, 0, n), &got);
	charset_decoder_finish(&d, &got);
	CHECK_TEXT(got.at, c->want, c->claim);
	buffer_release(&got);
}

int main(void)
{
	struct buffer out = { 0 };

	charset_prepare();
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct buffer got = { 0 };
		bool whole = charset_to_utf8(bytes_text(cases[i].charset), bytes_text(cases[i].text), &got);
		CHECK_TEXT(got.at, cases[i].want, cases[i].claim);
		CHECK_ROW(whole == cases[i].whole, cases[i].claim);
		buffer_release(&got);
		for (size_t n = 1; n < 5; n++)
			check_pieces(&cases[i], n);
	}
	CHECK(!charset_to_utf8(BYTES("iso-8859-2"), BYTES("a\0b"), &out));
	CHECK_TEXT(out.at, "a\xef\xbf\xbd" "b", "NUL is replaced");
	buffer_release(&out);
	return check_finish();
}
