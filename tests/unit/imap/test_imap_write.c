#include "imap/imap_write.h"

#include <string.h>

#include "tests/support/check.h"

static const struct row {
	const char *claim, *text;
	size_t len;
	const char *string, *astring;
} rows[] = {
	{ "a word", "abc", 3, "\"abc\"", "abc" },
	{ "nothing", "", 0, "\"\"", "\"\"" },
	{ "quotes and backslashes are escaped", "a\"\\", 3, "\"a\\\"\\\\\"", "\"a\\\"\\\\\"" },
	{ "a space needs quotes", "a b", 3, "\"a b\"", "\"a b\"" },
	{ "a bracket is no matter in an astring", "a]", 2, "\"a]\"", "a]" },
	{ "the name NIL is not NIL", "nil", 3, "\"nil\"", "\"nil\"" },
	{ "a line end needs a literal", "a\r\nb", 4, "{4}\r\na\r\nb", "{4}\r\na\r\nb" },
	{ "8-bit octets need a literal", "\xc3\xa4", 2, "{2}\r\n\xc3\xa4", "{2}\r\n\xc3\xa4" },
	{ "a NUL cannot be sent", "a\0b", 3, "{3}\r\na b", "{3}\r\na b" },
};

int main(void)
{
	struct buffer out = { 0 };

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		buffer_clear(&out);
		imap_write_string(&out, bytes_of(rows[i].text, rows[i].len));
		check_expect_bytes(out.at, out.len, rows[i].string, strlen(rows[i].string), rows[i].claim, __FILE__, __LINE__);
		buffer_clear(&out);
		imap_write_astring(&out, bytes_of(rows[i].text, rows[i].len));
		check_expect_bytes(out.at, out.len, rows[i].astring, strlen(rows[i].astring), rows[i].claim, __FILE__, __LINE__);
	}
	buffer_clear(&out);
	imap_write_nstring(&out, BYTES(""), false);
	imap_write_nstring(&out, BYTES(""), true);
	CHECK_TEXT(out.at, "NIL\"\"", "absent is NIL, empty is not");
	buffer_release(&out);
	return check_finish();
}
