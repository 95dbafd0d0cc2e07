#include "base/text.h"

#include <string.h>

#include "tests/support/check.h"

static const struct utf8_row {
	const char *claim, *text;
	size_t len;
	uint32_t code;
} sequences[] = {
	{ "ASCII", "a", 1, 'a' },
	{ "two octets", "\xc3\xa4", 2, 0xe4 },
	{ "three octets", "\xe2\x82\xac", 3, 0x20ac },
	{ "four octets", "\xf0\x9f\x98\x80", 4, 0x1f600 },
	{ "the last code point", "\xf4\x8f\xbf\xbf", 4, 0x10ffff },
	{ "past the last code point", "\xf4\x90\x80\x80", 0, 0 },
	{ "a continuation octet alone", "\x80", 0, 0 },
	{ "overlong in two", "\xc0\xaf", 0, 0 },
	{ "overlong in three", "\xe0\x80\xaf", 0, 0 },
	{ "overlong in four", "\xf0\x80\x80\xaf", 0, 0 },
	{ "a surrogate", "\xed\xa0\x80", 0, 0 },
	{ "cut short", "\xe2\x82", 0, 0 },
	{ "cut short by ASCII", "\xe2\x82" "a", 0, 0 },
	{ "no such lead octet", "\xff", 0, 0 },
};

enum mapping { FOLD, NORMALIZE, ESCAPE };

static const struct mapping_row {
	const char *claim;
	enum mapping mapping;
	const char *from, *to;
} mappings[] = {
	{ "ASCII folds", FOLD, "Ann@X.Test", "ann@x.test" },
	{ "an umlaut folds", FOLD, "\xc3\x84", "\xc3\xa4" },
	{ "sharp s folds to two", FOLD, "\xc3\x9f", "ss" },
	{ "folding composes", FOLD, "A\xcc\x88", "\xc3\xa4" },
	{ "an invalid octet becomes U+FFFD", FOLD, "\xc3\x84\xff", "\xc3\xa4\xef\xbf\xbd" },
	{ "normalising composes and keeps case", NORMALIZE, "A\xcc\x88", "\xc3\x84" },
	{ "normalising leaves compatibility forms", NORMALIZE, "\xef\xac\x81", "\xef\xac\x81" },
	{ "ASCII is normal", NORMALIZE, "abc\r\n", "abc\r\n" },
	{ "controls are escaped", ESCAPE, "a\r\n\x1b[0m\x7f", "a\\x0d\\x0a\\x1b[0m\\x7f" },
	{ "C1 is escaped", ESCAPE, "\xc2\x9b" "1", "\\xc2\\x9b1" },
	{ "invalid UTF-8 is escaped", ESCAPE, "a\xff\xe2\x82", "a\\xff\\xe2\\x82" },
	{ "valid UTF-8 stays", ESCAPE, "\xc3\xa4\xe2\x82\xac", "\xc3\xa4\xe2\x82\xac" },
};

static void (*const map[])(struct bytes, struct buffer *) = { text_fold, text_normalize };

static const struct unit_row {
	const char *text;
	bool ok;
	int64_t value;
} sizes[] = {
	{ "0", true, 0 }, { "50M", true, 50 << 20 }, { "64K", true, 64 << 10 }, { "2G", true, INT64_C(2) << 30 }, { "17", true, 17 },
	{ "", false, 0 }, { "M", false, 0 }, { "5m", false, 0 }, { "5 M", false, 0 }, { "-1", false, 0 }, { "5MB", false, 0 },
	{ "99999999999999999G", false, 0 },
}, durations[] = {
	{ "30", true, 30 }, { "30s", true, 30 }, { "15m", true, 900 }, { "4h", true, 14400 }, { "5d", true, 432000 }, { "0", true, 0 },
	{ "", false, 0 }, { "s", false, 0 }, { "5D", false, 0 }, { "1h30m", false, 0 }, { "99999999999999999999d", false, 0 },
};

static const struct nearest_row {
	const char *word, *nearest;
} words[] = {
	{ "startls", "starttls" }, { "Implicit", "implicit" }, { "implict", "implicit" }, { "non", "none" },
	{ "required", NULL }, { "x", NULL }, { "", NULL },
};

static const struct host_row {
	const char *claim, *text;
	bool ok;
} hosts[] = {
	{ "labels", "mx.A-1.test", true }, { "one label", "localhost", true }, { "its xn-- form", "xn--mnchen-3ya.test", true },
	{ "nothing", "", false }, { "a final dot", "a.test.", false }, { "an empty label", "a..test", false }, { "a hyphen in front", "-a.test", false },
	{ "a hyphen behind", "a-.test", false }, { "an underscore", "a_b.test", false }, { "beyond ASCII", "m\xc3\xbcnchen.test", false },
	{ "a literal", "[127.0.0.1]", false },
	{ "a label of 63", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.test", true },
	{ "a label of 64", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.test", false },
};

static void check_units(void)
{
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		uint64_t value = 0;
		CHECK_ROW(text_parse_size(sizes[i].text, &value) == sizes[i].ok, sizes[i].text);
		CHECK_ROW(value == (uint64_t)sizes[i].value, sizes[i].text);
	}
	for (size_t i = 0; i < sizeof durations / sizeof *durations; i++) {
		int64_t value = 0;
		CHECK_ROW(text_parse_duration_s(durations[i].text, &value) == durations[i].ok, durations[i].text);
		CHECK_ROW(value == durations[i].value, durations[i].text);
	}
}

static void check_nearest(void)
{
	static const char *const choices[] = { "none", "starttls", "implicit" };
	char longest[500];

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		const char *nearest = text_nearest(words[i].word, choices, 3);
		CHECK_ROW((nearest == NULL) == (words[i].nearest == NULL), words[i].word);
		CHECK_ROW(nearest == NULL || strcmp(nearest, words[i].nearest) == 0, words[i].word);
	}
	memset(longest, 'n', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	CHECK(text_nearest(longest, choices, 3) == NULL);
}

static void check_octets(void)
{
	char text[] = "A-Z \xc3\x84";

	text_lower_bytes(text, strlen(text));
	CHECK_TEXT(text, "a-z \xc3\x84", "only ASCII letters change");
	CHECK(text_upper('a') == 'A' && text_upper(0xe4) == 0xe4 && text_lower('[') == '[');
	CHECK(text_is_alpha('z') && !text_is_alpha('@') && !text_is_alpha(0xe4));
	CHECK(text_is_space('\t') && text_is_space('\n') && !text_is_space('\v') && !text_is_space('\0'));
	CHECK(text_is_ascii(BYTES("a\x7f")) && !text_is_ascii(BYTES("\x80")));
	CHECK(text_is_printable(BYTES(" ~")) && !text_is_printable(BYTES("\x7f")) && !text_is_printable(BYTES("\xe4")));
	CHECK(text_is_utf8(BYTES("a\xc3\xa4")) && !text_is_utf8(BYTES("a\xc3")) && !text_is_utf8(BYTES("a\0")));
}

int main(void)
{
	struct buffer out = { 0 };

	for (size_t i = 0; i < sizeof sequences / sizeof *sequences; i++) {
		const struct utf8_row *row = &sequences[i];
		uint32_t code = 0;
		CHECK_ROW(text_utf8_decode(bytes_text(row->text), &code) == row->len && code == row->code, row->claim);
		buffer_clear(&out);
		text_utf8_add(&out, row->code);
		CHECK_ROW(row->len == 0 || bytes_equal(buffer_bytes(&out), bytes_text(row->text)), row->claim);
	}
	for (size_t i = 0; i < sizeof mappings / sizeof *mappings; i++) {
		const struct mapping_row *row = &mappings[i];
		buffer_clear(&out);
		if (row->mapping == ESCAPE)
			text_escape(&out, bytes_text(row->from));
		else
			map[row->mapping](bytes_text(row->from), &out);
		CHECK_TEXT(out.at, row->to, row->claim);
	}
	buffer_clear(&out);
	text_utf8_add(&out, 0xd800);
	CHECK_TEXT(out.at, "\xef\xbf\xbd", "a surrogate is written as U+FFFD");
	for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++)
		CHECK_ROW(text_is_host_name(bytes_text(hosts[i].text)) == hosts[i].ok, hosts[i].claim);
	check_units();
	check_nearest();
	check_octets();
	buffer_release(&out);
	return check_finish();
}
