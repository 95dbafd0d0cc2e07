#include "message/address.h"

#include "tests/support/check.h"

/* Elements as name<local@domain>, groups as G(name) and E, joined with "|". */
static const struct list_case {
	const char *claim, *list, *want;
} cases[] = {
	{ "a bare address", "ann@x.test", "<ann@x.test>|" },
	{ "name and angle", "Ann Lee <ann@x.test>", "Ann Lee<ann@x.test>|" },
	{ "a quoted name", "\"Lee, Ann \\\"A\\\"\" <ann@x.test>", "Lee, Ann \"A\"<ann@x.test>|" },
	{ "a name with dots", "J. R. Doe <j@x.test>", "J. R. Doe<j@x.test>|" },
	{ "words and quotes mixed", "Ann \"B\" Lee <ann@x.test>", "Ann B Lee<ann@x.test>|" },
	{ "the comment behind is the name", "ann@x.test (Ann (the) Lee)", "Ann (the) Lee<ann@x.test>|" },
	{ "a comment does not replace a name", "Ann <ann@x.test> (other)", "Ann<ann@x.test>|" },
	{ "several", "a@x, b@y ,c@z", "<a@x>|<b@y>|<c@z>|" },
	{ "empty elements", ",, a@x,,b@y,", "<a@x>|<b@y>|" },
	{ "a group", "Friends: a@x, Bo <b@y>;, c@z", "G(Friends)|<a@x>|Bo<b@y>|E|<c@z>|" },
	{ "an empty group", "undisclosed-recipients:;", "G(undisclosed-recipients)|E|" },
	{ "a group that is not closed", "Friends: a@x", "G(Friends)|<a@x>|E|" },
	{ "a quoted local part", "\"ann lee\"@x.test", "<ann lee@x.test>|" },
	{ "a quoted at sign", "\"a@b\"@x.test", "<a@b@x.test>|" },
	{ "a source route goes", "<@r1,@r2:ann@x.test>", "<ann@x.test>|" },
	{ "white space around dots and at", "ann . lee @ x . test", "<ann.lee@x.test>|" },
	{ "comments inside", "ann(c)@(c)x.test(c)", "c<ann@x.test>|" },
	{ "a literal", "ann@[192.0.2.1]", "<ann@[192.0.2.1]>|" },
	{ "folded", "Ann\r\n Lee\r\n\t<ann@x.test>,\r\n b@y", "Ann Lee<ann@x.test>|<b@y>|" },
	{ "the null address", "<>", "" },
	{ "a name with the null address", "Ann <>", "Ann<>|" },
	{ "one word has no domain", "root", "<root>|" },
	{ "several words are a name", "Ann Lee, b@y", "Ann Lee<>|<b@y>|" },
	{ "an address as its own name", "ann@x.test <bob@y.test>", "ann@x.test<bob@y.test>|" },
	{ "words before a bare address", "Ann Lee ann@x.test", "Ann Lee<ann@x.test>|" },
	{ "an encoded name is not decoded", "=?utf-8?q?Andr=C3=A9?= <a@x>", "=?utf-8?q?Andr=C3=A9?=<a@x>|" },
	{ "raw UTF-8", "Andr\xc3\xa9 <a@x>", "Andr\xc3\xa9<a@x>|" },
	{ "semicolons between", "a@x; b@y", "<a@x>|<b@y>|" },
	{ "a forgotten comma", "a@x b@y <c@z> d@w", "<a@x>|b@y<c@z>|<d@w>|" },
	{ "an open quote", "\"Ann <ann@x.test>, b@y", "\"Ann<ann@x.test>|<b@y>|" },
	{ "an open comment ends with the field", "a@x (Ann, b@y", "Ann, b@y<a@x>|" },
	{ "an open angle", "Ann <ann@x.test", "Ann<ann@x.test>|" },
	{ "an open angle before a comma", "Ann <ann@x.test, b@y", "Ann<ann@x.test>|<b@y>|" },
	{ "stray specials", "Ann) <a@x>> , ]b@y", "Ann<a@x>|<]b@y>|" },
	{ "nothing", "", "" },
	{ "only a comment", "(nobody)", "" },
	{ "no local part", "@x.test", "<@x.test>|" },
	{ "no domain", "ann@", "<ann>|" },
};

static void check_lists(void)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct arena arena = { 0 };
		struct address *list;
		struct buffer got = { 0 };

		buffer_reserve(&got, 1);
		size_t n = address_list_parse(bytes_text(cases[i].list), &arena, 100, &list);
		for (size_t k = 0; k < n; k++) {
			if (list[k].kind == ADDRESS_GROUP_START)
				buffer_printf(&got, "G(%.*s)|", BYTES_PRINT(list[k].local));
			else if (list[k].kind == ADDRESS_GROUP_END)
				buffer_add_text(&got, "E|");
			else
				buffer_printf(&got, "%.*s<%.*s%s%.*s>|", BYTES_PRINT(list[k].name), BYTES_PRINT(list[k].local),
				              list[k].domain.len > 0 ? "@" : "", BYTES_PRINT(list[k].domain));
		}
		CHECK_TEXT(got.at, cases[i].want, cases[i].claim);
		buffer_release(&got);
		arena_reset(&arena);
	}
}

static const struct format_case {
	const char *claim, *name, *local, *domain, *want;
} formats[] = {
	{ "bare", "", "ann", "x.test", "ann@x.test" },
	{ "plain name", "Ann Lee", "ann", "x.test", "Ann Lee <ann@x.test>" },
	{ "a comma needs quotes", "Lee, Ann", "ann", "x.test", "\"Lee, Ann\" <ann@x.test>" },
	{ "quotes are escaped", "A \"B\" \\", "ann", "x.test", "\"A \\\"B\\\" \\\\\" <ann@x.test>" },
	{ "UTF-8 is encoded", "Andr\xc3\xa9", "a", "x", "=?UTF-8?Q?Andr=C3=A9?= <a@x>" },
	{ "what looks encoded is encoded", "=?x", "a", "x", "=?UTF-8?B?PT94?= <a@x>" },
	{ "a local part with space is quoted", "", "ann lee", "x.test", "\"ann lee\"@x.test" },
	{ "two dots need quotes", "", "a..b", "x.test", "\"a..b\"@x.test" },
	{ "a dot at the end too", "", "a.", "x.test", "\"a.\"@x.test" },
};

static void check_formats(void)
{
	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
		struct address a = { .name = bytes_text(formats[i].name), .local = bytes_text(formats[i].local), .domain = bytes_text(formats[i].domain) };
		struct arena arena = { 0 };
		struct buffer got = { 0 };
		struct address *again;

		address_format(&a, &got);
		CHECK_TEXT(got.at, formats[i].want, formats[i].claim);
		CHECK_ROW(address_list_parse(buffer_bytes(&got), &arena, 10, &again) == 1 && bytes_equal(again->local, a.local), "it reads back");
		buffer_release(&got);
		arena_reset(&arena);
	}
}

int main(void)
{
	struct address usable = { .local = BYTES("a"), .domain = BYTES("x") };
	struct address injected = { .local = BYTES("a\r\nRCPT"), .domain = BYTES("x") };
	struct address angled = { .local = BYTES("a"), .domain = BYTES("x>y") };

	check_lists();
	check_formats();
	CHECK(address_is_usable(&usable));
	CHECK(!address_is_usable(&injected));
	CHECK(!address_is_usable(&angled));
	return check_finish();
}
