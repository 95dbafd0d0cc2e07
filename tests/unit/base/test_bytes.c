#include "base/bytes.h"

#include <stdlib.h>
#include <string.h>

#include "tests/support/check.h"

static const struct search_row {
	const char *claim, *text, *needle;
	size_t at;
} searches[] = {
	{ "at the front", "abc", "ab", 0 },
	{ "at the end", "abcd", "cd", 2 },
	{ "after a false start", "aab", "ab", 1 },
	{ "absent gives the length", "abc", "x", 3 },
	{ "a needle cut off by the end is absent", "abca", "ab\r", 4 },
	{ "longer than the text", "a", "ab", 1 },
	{ "the empty needle is at the front", "abc", "", 0 },
	{ "nothing in an empty text", "", "a", 0 },
};

static const struct number_row {
	const char *claim, *text;
	uint64_t max, value;
	bool ok;
} numbers[] = {
	{ "zero", "0", 10, 0, true },
	{ "the largest of all", "18446744073709551615", UINT64_MAX, UINT64_MAX, true },
	{ "one more does not wrap", "18446744073709551616", UINT64_MAX, 0, false },
	{ "far more does not wrap", "99999999999999999999999", UINT64_MAX, 0, false },
	{ "the maximum is allowed", "10", 10, 10, true },
	{ "above the maximum", "11", 10, 0, false },
	{ "empty is no number", "", 10, 0, false },
	{ "a sign is no digit", "+1", 10, 0, false },
	{ "white space is no digit", "1 ", 10, 0, false },
};

static const struct pair_row {
	const char *claim, *a, *b;
	bool equal_nocase, starts_nocase, ends_nocase;
	int order;
} pairs[] = {
	{ "the same", "abc", "abc", true, true, true, 0 },
	{ "another case", "aBc", "AbC", true, true, true, 1 },
	{ "a prefix", "abc", "AB", false, true, false, 1 },
	{ "a suffix", "abc", "BC", false, false, true, 1 },
	{ "longer than the text", "ab", "abc", false, false, false, -1 },
	{ "empty fits everywhere", "abc", "", false, true, true, 1 },
	{ "only ASCII letters fold", "\xc3\x84", "\xc3\xa4", false, false, false, -1 },
};

static void check_pairs(void)
{
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		const struct pair_row *row = &pairs[i];
		struct bytes a = bytes_text(row->a), b = bytes_text(row->b);
		int order = bytes_compare(a, b);
		CHECK_ROW(bytes_equal_nocase(a, b) == row->equal_nocase, row->claim);
		CHECK_ROW(bytes_starts_nocase(a, b) == row->starts_nocase, row->claim);
		CHECK_ROW(bytes_ends_nocase(a, b) == row->ends_nocase, row->claim);
		CHECK_ROW((order > 0) - (order < 0) == row->order, row->claim);
		CHECK_ROW(bytes_equal(a, b) == (order == 0), row->claim);
	}
}

static void check_cutting(void)
{
	struct bytes rest = BYTES("a,b,"), front, none = { 0 };
	char text[4];

	CHECK(bytes_cut(&rest, ',', &front) && bytes_equal(front, BYTES("a")));
	CHECK(bytes_cut(&rest, ',', &front) && bytes_equal(front, BYTES("b")));
	CHECK(!bytes_cut(&rest, ',', &front) && front.len == 0 && rest.len == 0);
	CHECK(!bytes_cut(&none, ',', &front) && front.len == 0);

	CHECK(bytes_equal(bytes_slice(BYTES("abcd"), 1, 3), BYTES("bc")));
	CHECK(bytes_slice(BYTES("abcd"), 3, 1).len == 0);
	CHECK(bytes_equal(bytes_slice(BYTES("abcd"), 2, 99), BYTES("cd")));
	CHECK(bytes_skip(BYTES("ab"), 3).len == 0);
	CHECK(bytes_equal(bytes_trim(BYTES(" \ta b\t ")), BYTES("a b")));
	CHECK(bytes_trim(BYTES("  ")).len == 0);

	CHECK(bytes_copy_text(BYTES("abc"), text, sizeof text) && strcmp(text, "abc") == 0);
	CHECK(!bytes_copy_text(BYTES("abcd"), text, sizeof text) && text[0] == '\0');
	CHECK(!bytes_copy_text(BYTES("a\0b"), text, sizeof text) && text[0] == '\0');
	char *copy = bytes_dup(BYTES("a\0b"));
	CHECK(memcmp(copy, "a\0b", 4) == 0);
	free(copy);
}

int main(void)
{
	for (size_t i = 0; i < sizeof searches / sizeof *searches; i++) {
		const struct search_row *row = &searches[i];
		/* a block of its own, so that reading past the end is seen */
		char *text = malloc(strlen(row->text) + 1);
		struct bytes in = bytes_of(memcpy(text, row->text, strlen(row->text)), strlen(row->text));
		CHECK_ROW(bytes_find_bytes(in, bytes_text(row->needle)) == row->at, row->claim);
		free(text);
	}
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		const struct number_row *row = &numbers[i];
		uint64_t value = 0;
		CHECK_ROW(bytes_to_u64(bytes_text(row->text), row->max, &value) == row->ok, row->claim);
		CHECK_ROW(value == row->value, row->claim);
	}
	check_pairs();
	check_cutting();
	return check_finish();
}
