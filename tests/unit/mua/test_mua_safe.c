#include "mua/mua_safe.h"

#include "tests/support/check.h"

static const struct safe_case {
	const char *name, *text, *line, *multiline;
} cases[] = {
	{ "plain text stays", "Gr\xc3\xbc\xc3\x9f" "e", "Gr\xc3\xbc\xc3\x9f" "e", "Gr\xc3\xbc\xc3\x9f" "e" },
	{ "ESC is shown, not sent", "a\x1b[31mb", "a\xe2\x90\x9b[31mb", "a\xe2\x90\x9b[31mb" },
	{ "BEL and BS are shown", "\x07\x08", "\xe2\x90\x87\xe2\x90\x88", "\xe2\x90\x87\xe2\x90\x88" },
	{ "DEL is shown", "\x7f", "\xe2\x90\xa1", "\xe2\x90\xa1" },
	{ "C1 CSI is shown", "\xc2\x9b", "\\x9b", "\\x9b" },
	{ "a raw 0x9b is no character", "\x9b", "\\x9b", "\\x9b" },
	{ "a line has no line end", "a\nb", "a\xe2\x90\x8a" "b", "a\nb" },
	{ "CRLF is one line end", "a\r\nb", "a\xe2\x90\x8d\xe2\x90\x8a" "b", "a\nb" },
	{ "a lone CR is shown", "a\rb", "a\xe2\x90\x8d" "b", "a\xe2\x90\x8d" "b" },
	{ "right-to-left override is named", "\xe2\x80\xae" "fdp", "\\u{202e}fdp", "\\u{202e}fdp" },
	{ "line separator is named", "\xe2\x80\xa8", "\\u{2028}", "\\u{2028}" },
	{ "tag characters are named", "\xf3\xa0\x81\x81", "\\u{e0041}", "\\u{e0041}" },
	{ "a joiner between emoji stays", "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb", "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb",
	  "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb" },
	{ "a joiner between letters is named", "a\xe2\x80\x8d" "b", "a\\u{200d}b", "a\\u{200d}b" },
};

int main(void)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct buffer line = { 0 }, lines = { 0 };
		mua_safe_line(&line, bytes_text(cases[i].text));
		mua_safe_text(&lines, bytes_text(cases[i].text));
		CHECK_TEXT(line.at, cases[i].line, cases[i].name);
		CHECK_TEXT(lines.at, cases[i].multiline, cases[i].name);
		buffer_release(&line);
		buffer_release(&lines);
	}

	struct buffer column = { 0 };
	mua_safe_column(&column, BYTES("\xe5\xb1\xb1\xe7\x94\xb0" "abc"), 5);
	CHECK_TEXT(column.at, "\xe5\xb1\xb1\xe7\x94\xb0" "a", "wide characters count two columns");
	buffer_clear(&column);
	mua_safe_column(&column, BYTES("\xe5\xb1\xb1\xe7\x94\xb0"), 3);
	CHECK_TEXT(column.at, "\xe5\xb1\xb1 ", "a wide character is not cut in half");
	buffer_release(&column);
	return check_finish();
}
