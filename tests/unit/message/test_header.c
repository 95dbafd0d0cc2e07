#include "message/header.h"

#include "tests/support/check.h"

static const struct field_case {
	const char *claim, *block;
	size_t n;
	const char *names, *values;     /* joined with "|" */
} cases[] = {
	{ "two fields", "A: b\r\nC: d\r\n\r\nbody: no\r\n", 2, "A|C|", " b| d|" },
	{ "LF line ends", "A: b\nC: d\n\nbody\n", 2, "A|C|", " b| d|" },
	{ "a fold belongs to the field above", "A: b\r\n\tc\r\n d\r\nE: f\r\n", 2, "A|E|", " b\r\n\tc\r\n d| f|" },
	{ "white space before the colon", "A \t: b\r\n", 1, "A|", " b|" },
	{ "an empty value", "A:\r\nB:\r\n", 2, "A|B|", "||" },
	{ "an mbox line has no name", "From a@b Mon\r\nA: b\r\n", 2, "|A|", "From a@b Mon| b|" },
	{ "a name with a space inside is no name", "A b: c\r\n", 1, "|", "A b: c|" },
	{ "no line end at the end", "A: b", 1, "A|", " b|" },
	{ "an empty block", "", 0, "", "" },
	{ "only the empty line", "\r\nA: b\r\n", 0, "", "" },
	{ "8-bit octets in a value stay", "A: \xc3\xa9\r\n", 1, "A|", " \xc3\xa9|" },
	{ "a line of white space is a fold", "A: b\r\n \r\nC: d\r\n", 2, "A|C|", " b\r\n | d|" },
};

static void check_fields(void)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct bytes rest = bytes_text(cases[i].block);
		struct buffer names = { 0 }, values = { 0 };
		struct header_field field;
		size_t n = 0, whole = 0;

		buffer_reserve(&names, 1);
		buffer_reserve(&values, 1);
		while (header_next(&rest, &field)) {
			n++;
			whole += field.whole.len;
			buffer_add_bytes(&names, field.name);
			buffer_add_octet(&names, '|');
			buffer_add_bytes(&values, field.value);
			buffer_add_octet(&values, '|');
		}
		CHECK_ROW(n == cases[i].n, cases[i].claim);
		CHECK_TEXT(names.at, cases[i].names, cases[i].claim);
		CHECK_TEXT(values.at, cases[i].values, cases[i].claim);
		CHECK_ROW(whole + rest.len == strlen(cases[i].block), "fields and rest are the block");
		buffer_release(&names);
		buffer_release(&values);
	}
}

static void check_unfold(const char *claim, struct bytes value, const char *want)
{
	struct buffer out = { 0 };

	buffer_reserve(&out, 1);
	header_unfold(value, &out);
	CHECK_TEXT(out.at, want, claim);
	buffer_release(&out);
}

int main(void)
{
	struct bytes block = bytes_text("Received: 1\r\nTo: a\r\nreceived: 2\r\n\r\nReceived: 3\r\n"), rest, id;
	struct header_field field;

	check_fields();
	CHECK(header_count(block, BYTES("Received")) == 2);
	CHECK(header_find(block, BYTES("to"), &field) && bytes_equal(field.whole, BYTES("To: a\r\n")));
	CHECK(!header_find(block, BYTES("Cc"), &field));
	CHECK(header_length(block) == 35);
	CHECK_ROW(header_length(BYTES("A: b\r\n")) == 6, "without empty line all of it");

	check_unfold("the CRLF goes, the white space stays", BYTES(" a\r\n\tb\r\n  c "), "a\tb  c");
	check_unfold("LF folds too", BYTES(" a\n b"), "a b");
	check_unfold("a stray CR, LF or NUL is a space", BYTES("a\rb\nc\0d"), "a b c d");
	check_unfold("nothing but white space", BYTES(" \r\n\t"), "");

	rest = BYTES(" junk <a@b> (x)\r\n\t<c@d><<e@f> <> <open");
	CHECK(header_next_id(&rest, &id) && bytes_equal(id, BYTES("<a@b>")));
	CHECK(header_next_id(&rest, &id) && bytes_equal(id, BYTES("<c@d>")));
	CHECK(header_next_id(&rest, &id) && bytes_equal(id, BYTES("<e@f>")));
	CHECK(!header_next_id(&rest, &id));
	return check_finish();
}
