#include "tests/unit/mailstore/fixture_mailboxes.h"

static void what_is_below_goes_along(struct fixture *f)
{
	int64_t bob = add_user(f, "bob@a.test");

	create_mailbox(f, bob, "a/b/c", 0);
	create_mailbox(f, bob, "a-b", 0);
	create_mailbox(f, bob, "a0", 0);
	struct store_mailbox before = get_mailbox(f, bob, "a/b/c");
	CHECK(rename_mailbox(f, bob, "a", "Old/2026") == ERROR_NONE);
	CHECK_TEXT(list_mailboxes(f, bob), "INBOX Archive Drafts Junk Old Old/2026 Old/2026/b Old/2026/b/c Sent Trash a-b a0", "names that only begin alike stay");
	struct store_mailbox after = get_mailbox(f, bob, "Old/2026/b/c");
	CHECK(after.mailbox_id == before.mailbox_id && after.uidvalidity == before.uidvalidity && after.uidnext == before.uidnext);
	CHECK(rename_mailbox(f, bob, "Old/2026/b", "Old/x") == ERROR_NONE && get_mailbox(f, bob, "Old/x/c").mailbox_id == before.mailbox_id);
	CHECK(rename_mailbox(f, bob, "Sent", "Wires") == ERROR_NONE && get_mailbox(f, bob, "Wires").special_use == STORE_USE_SENT);
}

static void a_level_that_is_no_mailbox_can_be_renamed(struct fixture *f)
{
	int64_t ann = add_user(f, "ann@a.test");

	create_mailbox(f, ann, "a/a/a", 0);
	delete_mailbox(f, ann, "a");
	CHECK(rename_mailbox(f, ann, "a", "b") == ERROR_NONE && get_mailbox(f, ann, "b/a/a").mailbox_id != 0);
	CHECK_ROW(rename_mailbox(f, ann, "b/a", "b") == ERROR_NONE && get_mailbox(f, ann, "b/a").mailbox_id != 0, "upward, into its own place");
	CHECK(get_mailbox(f, ann, "b/a/a").mailbox_id == 0);
	create_mailbox(f, ann, "c/d/d/z", 0);
	create_mailbox(f, ann, "c/d/z", 0);
	delete_mailbox(f, ann, "c");
	CHECK_ROW(rename_mailbox(f, ann, "c/d", "c") == ERROR_NONE && get_mailbox(f, ann, "c/z").mailbox_id != 0 && get_mailbox(f, ann, "c/d/z").mailbox_id != 0,
	          "one into the place another leaves");
}

static void what_cannot_be_is_refused_and_nothing_changes(struct fixture *f)
{
	static const struct { const char *from, *to; enum error_kind kind; } rows[] = {
		{ "a", "a", ERROR_EXISTS }, { "a", "Trash", ERROR_EXISTS }, { "a", "inbox", ERROR_EXISTS }, { "a", "a/x", ERROR_SYNTAX },
		{ "a", "a/b/x", ERROR_SYNTAX }, { "a", "x//y", ERROR_SYNTAX }, { "a", "", ERROR_SYNTAX }, { "nowhere", "x", ERROR_NOT_FOUND },
		{ "a", "c", ERROR_EXISTS }, { "INBOX", "a", ERROR_EXISTS }, { "INBOX", "x//", ERROR_SYNTAX },
		{ "a", "1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17/18/19/20/21/22/23/24/25/26/27/28/29/30/31/32", ERROR_SYNTAX },
	};
	int64_t eve = add_user(f, "eve@a.test");

	create_mailbox(f, eve, "a/b", 0);
	create_mailbox(f, eve, "c/b", 0);
	delete_mailbox(f, eve, "c");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		CHECK_ROW(rename_mailbox(f, eve, rows[i].from, rows[i].to) == rows[i].kind, rows[i].to);
	CHECK_TEXT(list_mailboxes(f, eve), "INBOX Archive Drafts Junk Sent Trash a a/b c/b", "as before");
}

static void a_name_never_shows_a_lower_uidvalidity(struct fixture *f)
{
	int64_t kim = add_user(f, "kim@a.test");

	create_mailbox(f, kim, "old", 0);
	uint32_t old = answer.mailboxes[0].uidvalidity;
	create_mailbox(f, kim, "new", 0);
	CHECK(rename_mailbox(f, kim, "new", "newer") == ERROR_NONE && get_mailbox(f, kim, "newer").uidvalidity == old + 1);
	CHECK(rename_mailbox(f, kim, "old", "new") == ERROR_NONE);
	CHECK_ROW(get_mailbox(f, kim, "new").uidvalidity == old + 2, "the name had a higher one");
	CHECK(rename_mailbox(f, kim, "new", "elsewhere") == ERROR_NONE && get_mailbox(f, kim, "elsewhere").uidvalidity == old + 2);
	CHECK(rename_mailbox(f, kim, "elsewhere", "new") == ERROR_NONE);
	CHECK_ROW(get_mailbox(f, kim, "new").uidvalidity == old + 2, "its own of before is none");
	ask(f, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000) "
	       "INSERT INTO past_name(user_id, name, uidvalidity) SELECT (SELECT user_id FROM user WHERE name LIKE 'kim%'), 'p' || i, 1 FROM n");
	create_mailbox(f, kim, "last", 0);
	delete_mailbox(f, kim, "last");
	CHECK_ROW(rename_mailbox(f, kim, "new", "unseen") == ERROR_NONE && get_mailbox(f, kim, "unseen").uidvalidity == old + 4,
	          "when there are too many names to remember, any may have been higher");
}

static void inbox_stays_and_its_messages_go(struct fixture *f)
{
	int64_t joe = add_user(f, "joe@a.test"), inbox = inbox_of(f, joe);

	create_mailbox(f, joe, "INBOX/Lists", 0);
	for (int i = 0; i < 3; i++)
		deliver_to(f, 100, &joe, 1);
	add_flags(f, inbox, 2, 2, STORE_SEEN);
	struct store_mailbox before = get_mailbox(f, joe, "INBOX");
	CHECK(rename_mailbox(f, joe, "inbox", "Old/Mail") == ERROR_NONE);
	struct store_mailbox after = get_mailbox(f, joe, "INBOX"), made = get_mailbox(f, joe, "Old/Mail");
	CHECK(after.mailbox_id == inbox && after.uidvalidity == before.uidvalidity && after.uidnext == 4 && after.n_messages == 0 && after.modseq > before.modseq);
	CHECK(made.uidvalidity > before.uidvalidity && made.n_messages == 3 && made.n_unseen == 2 && made.n_octets == 300);
	CHECK(get_mailbox(f, joe, "INBOX/Lists").mailbox_id != 0);
	CHECK(changes_since(f, inbox, before.modseq) == ERROR_NONE && ranges_count(&answer.changes->vanished) == 3);
	CHECK_ROW(rename_mailbox(f, joe, "INBOX", "Nothing") == ERROR_NONE && get_mailbox(f, joe, "Nothing").n_messages == 0, "an empty one too");
}

int main(void)
{
	struct fixture f = { .options = { .ephemeral = true } };

	fixture_start(&f, "rename");
	what_is_below_goes_along(&f);
	a_level_that_is_no_mailbox_can_be_renamed(&f);
	what_cannot_be_is_refused_and_nothing_changes(&f);
	a_name_never_shows_a_lower_uidvalidity(&f);
	inbox_stays_and_its_messages_go(&f);
	CHECK(findings(&f) == 0);
	fixture_close(&f);
	return check_finish();
}
