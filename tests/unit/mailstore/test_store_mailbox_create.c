#include "tests/unit/mailstore/fixture_mailboxes.h"

static void levels_above_are_made_too(struct fixture *f)
{
	int64_t bob = add_user(f, "bob@a.test");
	uint32_t before = get_mailbox(f, bob, "Trash").uidvalidity;

	CHECK(create_mailbox(f, bob, "Work/2026/June", 0) == ERROR_NONE);
	CHECK(answer.n == 1 && answer.mailboxes[0].mailbox_id != 0 && answer.mailboxes[0].uidnext == 1 && !answer.mailboxes[0].subscribed);
	CHECK_TEXT(answer.names[0], "Work/2026/June", "the mailbox is given");
	CHECK_TEXT(list_mailboxes(f, bob), "INBOX Archive Drafts Junk Sent Trash Work Work/2026 Work/2026/June", "with what was missing above it");
	CHECK(get_mailbox(f, bob, "Work").uidvalidity == before + 1);
	CHECK_ROW(get_mailbox(f, bob, "Work/2026/June").uidvalidity == before + 3, "each has a UIDVALIDITY of its own");
	CHECK(get_mailbox(f, bob, "work").mailbox_id == 0);
}

static void what_cannot_be_is_refused(struct fixture *f)
{
	static const struct { const char *name; unsigned use; enum error_kind kind; } rows[] = {
		{ "inbox", 0, ERROR_EXISTS }, { "Sent", 0, ERROR_EXISTS }, { "a//b", 0, ERROR_SYNTAX }, { "x/y*", 0, ERROR_SYNTAX },
		{ "x/y", STORE_USE_SENT, ERROR_DENIED }, { "x/y", STORE_USE_SENT | STORE_USE_JUNK, ERROR_DENIED },
	};
	int64_t eve = add_user(f, "eve@a.test");

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		CHECK_ROW(create_mailbox(f, eve, rows[i].name, rows[i].use) == rows[i].kind, rows[i].name);
	CHECK_TEXT(list_mailboxes(f, eve), "INBOX Archive Drafts Junk Sent Trash", "and leaves nothing");
	CHECK(create_mailbox(f, 4711, "x", 0) == ERROR_NOT_FOUND);
	CHECK(delete_mailbox(f, eve, "Sent") == ERROR_NONE);
	CHECK(create_mailbox(f, eve, "Wires", STORE_USE_SENT) == ERROR_NONE && answer.mailboxes[0].special_use == STORE_USE_SENT);
}

static void a_user_has_so_many_mailboxes(struct fixture *f)
{
	int64_t ann = add_user(f, "ann@a.test");
	char name[40];

	for (int i = 6; i < STORE_MAILBOXES_MAX - 1; i++) {
		snprintf(name, sizeof name, "n%d", i);
		store_mailbox_create(f->client, ann, bytes_text(name), 0, on_mailboxes, f);
		if (i % 500 == 0)
			store_client_wait(f->client);
	}
	store_client_wait(f->client);
	CHECK_ROW(create_mailbox(f, ann, "two/more", 0) == ERROR_LIMIT, "the level counts too");
	CHECK(get_mailbox(f, ann, "two").mailbox_id == 0);
	CHECK(create_mailbox(f, ann, "one", 0) == ERROR_NONE);
	CHECK(create_mailbox(f, ann, "more", 0) == ERROR_LIMIT);
	CHECK_ROW(rename_mailbox(f, ann, "one", "above/one") == ERROR_LIMIT && get_mailbox(f, ann, "one").mailbox_id != 0, "RENAME makes no level more either");
}

int main(void)
{
	struct fixture f = { .options = { .ephemeral = true } };

	fixture_start(&f, "create");
	levels_above_are_made_too(&f);
	what_cannot_be_is_refused(&f);
	a_user_has_so_many_mailboxes(&f);
	CHECK(findings(&f) == 0);
	fixture_close(&f);
	return check_finish();
}
