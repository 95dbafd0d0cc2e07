#include "mailstore/store_mailbox_name.h"

#include <string.h>

#include "mailstore/mailboxes.h"
#include "tests/support/check.h"

static void inbox_counts_in_any_case_as_the_first_level(void)
{
	static const struct { const char *name, *want; } rows[] = {
		{ "inbox", "INBOX" }, { "INBOX", "INBOX" }, { "iNbOx/Lists", "INBOX/Lists" }, { "inboxes", "inboxes" },
		{ "Work/inbox", "Work/inbox" }, { "inbo", "inbo" }, { "", "" }, { "inbox/", "INBOX/" },
	};
	struct arena arena = { 0 };

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		CHECK_ROW(bytes_equal(store_mailbox_name(bytes_text(rows[i].name), &arena), bytes_text(rows[i].want)), rows[i].name);
	arena_reset(&arena);
}

static void some_names_are_none(void)
{
	static const struct { const char *name; bool is_good; } rows[] = {
		{ "Work", true }, { "Work/2026/June", true }, { "Entw\xc3\xbcrfe", true }, { "R&D", true }, { "#news", true }, { " ", true }, { "~", true },
		{ "", false }, { "/", false }, { "/a", false }, { "a/", false }, { "a//b", false },
		{ "50%", false }, { "a*", false }, { "a\tb", false }, { "a\x7f", false }, { "\xc2\x85", false }, { "\xff", false }, { "a\xc3", false },
	};
	char longest[STORE_MAILBOX_NAME_MAX + 2];
	struct error err = { 0 };

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		CHECK_ROW(store_mailbox_name_check(bytes_text(rows[i].name), &err) == rows[i].is_good, rows[i].name);
	CHECK(err.kind == ERROR_SYNTAX);
	memset(longest, 'x', sizeof longest);
	CHECK(store_mailbox_name_check(bytes_of(longest, STORE_MAILBOX_NAME_MAX), &err));
	CHECK(!store_mailbox_name_check(bytes_of(longest, STORE_MAILBOX_NAME_MAX + 1), &err));
	for (size_t i = 1; i < sizeof longest; i += 2)
		longest[i] = '/';
	CHECK(store_mailbox_name_check(bytes_of(longest, 2 * STORE_MAILBOX_LEVELS_MAX - 1), &err));
	CHECK(!store_mailbox_name_check(bytes_of(longest, 2 * STORE_MAILBOX_LEVELS_MAX + 1), &err));
}

static void levels_above_a_name_come_topmost_first(void)
{
	struct bytes name = BYTES("a/bc/d"), level;
	size_t at = 0;

	CHECK(store_mailbox_name_next_level(name, &at, &level) && bytes_equal(level, BYTES("a")));
	CHECK(store_mailbox_name_next_level(name, &at, &level) && bytes_equal(level, BYTES("a/bc")));
	CHECK(!store_mailbox_name_next_level(name, &at, &level) && bytes_equal(level, name));
}

static void a_name_holds_itself_and_what_is_below(void)
{
	CHECK(store_mailbox_name_holds(BYTES("a"), BYTES("a")));
	CHECK(store_mailbox_name_holds(BYTES("a"), BYTES("a/b")));
	CHECK(!store_mailbox_name_holds(BYTES("a"), BYTES("ab")));
	CHECK(!store_mailbox_name_holds(BYTES("a/b"), BYTES("a")));
}

int main(void)
{
	inbox_counts_in_any_case_as_the_first_level();
	some_names_are_none();
	levels_above_a_name_come_topmost_first();
	a_name_holds_itself_and_what_is_below();
	return check_finish();
}
