#include "imap/imap_argument.h"

#include <string.h>

#include "imap/imap_flag.h"
#include "tests/support/check.h"

enum kind { ATOM, ASTRING, STRING, NSTRING, PATTERN, TAG, SKIP };

static const struct row {
	const char *claim;
	enum kind kind;
	const char *text, *want, *rest; /* want NULL: refused, and the rest is untouched */
} rows[] = {
	{ "an atom ends at a space", ATOM, "abc def", "abc", " def" },
	{ "an atom holds no bracket", ATOM, "a]b", "a", "]b" },
	{ "an atom is not empty", ATOM, "(x", NULL, NULL },
	{ "an astring may hold a bracket", ASTRING, "a]b", "a]b", "" },
	{ "a quoted string loses its escapes", ASTRING, "\"a\\\"b\\\\\" x", "a\"b\\", " x" },
	{ "a quoted string may be empty", STRING, "\"\"", "", "" },
	{ "an unknown escape is an error", STRING, "\"\\n\"", NULL, NULL },
	{ "a quoted string must end", STRING, "\"abc", NULL, NULL },
	{ "a quoted string holds no line end", STRING, "\"a\r\nb\"", NULL, NULL },
	{ "a literal is taken by its length", ASTRING, "{3}\r\na b c", "a b", " c" },
	{ "a literal with a plus too", STRING, "{1+}\r\nx", "x", "" },
	{ "a binary literal too", STRING, "~{1}\r\nx", "x", "" },
	{ "a literal must be whole", STRING, "{4}\r\nabc", NULL, NULL },
	{ "NIL is no string", NSTRING, "NIL)", "", ")" },
	{ "NIL has no case", NSTRING, "nil", "", "" },
	{ "NILs is not NIL", NSTRING, "NILs", NULL, NULL },
	{ "a pattern may hold wildcards", PATTERN, "a/%*", "a/%*", "" },
	{ "a tag holds no plus", TAG, "a+b x", "a", "+b x" },
	{ "a list is skipped whole", SKIP, "(a (\"b)\" {2}\r\n)) NIL) c) d", "", " d" },
	{ "a section is skipped with its item", SKIP, "BODY[HEADER.FIELDS (A B)]<0> x", "", " x" },
	{ "an open list is an error", SKIP, "(a (b)", NULL, NULL },
	{ "nesting has a bound", SKIP, "((((((((((((((((((((((((((((((((((((((((a))))))))))))))))))))))))))))))))))))))))", NULL, NULL },
};

static bool take(enum kind kind, struct bytes *rest, struct arena *arena, struct bytes *got)
{
	bool is_nil;

	*got = BYTES("");
	switch (kind) {
	case ATOM: return imap_argument_atom(rest, got);
	case ASTRING: return imap_argument_astring(rest, arena, got);
	case STRING: return imap_argument_string(rest, arena, got);
	case NSTRING: return imap_argument_nstring(rest, arena, got, &is_nil);
	case PATTERN: return imap_argument_pattern(rest, arena, got);
	case TAG: return imap_argument_tag(rest, got);
	case SKIP: return imap_argument_skip(rest);
	}
	return false;
}

static void check_flags(struct arena *arena)
{
	struct bytes rest = BYTES("(\\Seen $Forwarded \\deleted $forwarded \\Recent) x");
	struct imap_flags flags;
	struct buffer out = { 0 };
	const char *names[64] = { [8] = "work" };

	CHECK(imap_flags_parse(&rest, arena, &flags) && bytes_equal(rest, BYTES(" x")));
	CHECK(flags.bits == (IMAP_FLAG_SEEN | IMAP_FLAG_DELETED) && flags.recent);
	CHECK_ROW(flags.n_keywords == 1 && strcmp(flags.keywords[0], "$Forwarded") == 0, "keywords have no case, the first spelling stays");
	rest = BYTES("()");
	CHECK_ROW(imap_flags_parse(&rest, arena, &flags) && rest.len == 0, "a flag list may be empty");
	rest = BYTES("\\Seen \\Flagged");
	CHECK_ROW(imap_flags_parse(&rest, arena, &flags) && flags.bits == (IMAP_FLAG_SEEN | IMAP_FLAG_FLAGGED), "STORE takes flags without parentheses");
	rest = BYTES("(\\Frobnicated)");
	CHECK_ROW(!imap_flags_parse(&rest, arena, &flags), "an unknown system flag is refused");
	rest = BYTES("(a b");
	CHECK_ROW(!imap_flags_parse(&rest, arena, &flags), "an open list is refused");
	imap_flags_format(&out, IMAP_FLAG_SEEN | 1u << 8 | 1u << 9, names, true);
	CHECK_TEXT(out.at, "(\\Recent \\Seen work)", "flags are written with \\Recent first");
	buffer_release(&out);
}

int main(void)
{
	struct arena arena = { 0 };

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct bytes rest = bytes_text(rows[i].text), got;
		bool ok = take(rows[i].kind, &rest, &arena, &got);
		CHECK_ROW(ok == (rows[i].want != NULL), rows[i].claim);
		const char *want_rest = ok ? rows[i].rest : rows[i].text;
		check_expect_bytes(rest.at, rest.len, want_rest, strlen(want_rest), rows[i].claim, __FILE__, __LINE__);
		if (ok && rows[i].want)
			check_expect_bytes(got.at, got.len, rows[i].want, strlen(rows[i].want), rows[i].claim, __FILE__, __LINE__);
	}
	uint32_t number;
	struct bytes rest = BYTES("4294967296");
	CHECK_ROW(!imap_argument_number(&rest, &number), "numbers end at 32 bits");
	check_flags(&arena);
	arena_reset(&arena);
	return check_finish();
}
