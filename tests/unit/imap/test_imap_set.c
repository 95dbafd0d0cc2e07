#include "imap/imap_set.h"

#include <string.h>

#include "tests/support/check.h"

static const struct row {
	const char *claim, *text;
	uint32_t star;
	const char *want;               /* NULL: refused */
} rows[] = {
	{ "one number", "7", 9, "7" },
	{ "a range", "2:4", 9, "2:4" },
	{ "a range backwards is the same", "4:2", 9, "2:4" },
	{ "neighbours join", "3,1,2", 9, "1:3" },
	{ "overlaps join", "1:5,3:8,20", 9, "1:8,20" },
	{ "a range inside another goes", "1:9,2:3,11", 9, "1:9,11" },
	{ "star is the last", "*", 9, "9" },
	{ "n:* goes up to the last", "5:*", 9, "5:9" },
	{ "*:n is the same", "*:5", 9, "5:9" },
	{ "n:* above the last still holds the last", "12:*", 9, "9:12" },
	{ "star alone in nothing is nothing", "*", 0, "" },
	{ "the largest number", "4294967295,1:4294967295", 9, "1:4294967295" },
	{ "zero is refused", "0", 9, NULL },
	{ "an open range is refused", "3:", 9, NULL },
	{ "a lone comma is refused", "1,,2", 9, NULL },
	{ "more than 32 bits are refused", "4294967296", 9, NULL },
	{ "a word is refused", "x", 9, NULL },
};

int main(void)
{
	struct arena arena = { 0 };

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct bytes rest = bytes_text(rows[i].text);
		struct ranges set;
		struct buffer out = { 0 };
		bool ok = imap_set_parse(&rest, rows[i].star, &arena, &set);
		CHECK_ROW(ok == (rows[i].want != NULL), rows[i].claim);
		if (ok) {
			imap_set_format(&set, &out);
			check_expect_bytes(out.at, out.len, rows[i].want, strlen(rows[i].want), rows[i].claim, __FILE__, __LINE__);
			CHECK_ROW(rest.len == 0, rows[i].claim);
		} else {
			CHECK_ROW(rest.len == strlen(rows[i].text), rows[i].claim);
		}
		buffer_release(&out);
	}
	arena_reset(&arena);
	return check_finish();
}
