#include "tests/unit/mailstore/fixture_mailboxes.h"

static char names[4096];

static void on_names(void *owner, const struct error *err, const char *const *list, size_t n)
{
	on_done(owner, err);
	names[0] = '\0';
	for (size_t i = 0; i < n; i++)
		snprintf(names + strlen(names), sizeof names - strlen(names), "%s%s", i > 0 ? " " : "", list[i]);
}

static const char *subscriptions(struct fixture *f, int64_t user_id)
{
	answer_clear();
	store_subscription_list(f->client, user_id, on_names, f);
	wait_for(f);
	return names;
}

static void a_name_need_not_exist(struct fixture *f)
{
	int64_t bob = add_user(f, "bob@a.test");

	CHECK_TEXT(subscriptions(f, bob), "Archive Drafts INBOX Junk Sent Trash", "a new user's mailboxes");
	CHECK(subscribe(f, bob, "News/comp.mail", true) == ERROR_NONE && subscribe(f, bob, "News/comp.mail", true) == ERROR_NONE);
	CHECK(subscribe(f, bob, "inbox/x", true) == ERROR_NONE);
	CHECK_TEXT(subscriptions(f, bob), "Archive Drafts INBOX INBOX/x Junk News/comp.mail Sent Trash", "twice is once");
	CHECK(delete_mailbox(f, bob, "Junk") == ERROR_NONE && rename_mailbox(f, bob, "Sent", "Wires") == ERROR_NONE);
	CHECK_TEXT(subscriptions(f, bob), "Archive Drafts INBOX INBOX/x Junk News/comp.mail Sent Trash", "names outlive mailboxes");
	CHECK(!get_mailbox(f, bob, "Wires").subscribed);
	CHECK(subscribe(f, bob, "News/comp.mail", false) == ERROR_NONE && subscribe(f, bob, "Trash", false) == ERROR_NONE);
	CHECK(subscribe(f, bob, "never was", false) == ERROR_NONE);
	CHECK_TEXT(subscriptions(f, bob), "Archive Drafts INBOX INBOX/x Junk Sent", "no more");
	CHECK(!get_mailbox(f, bob, "Trash").subscribed && get_mailbox(f, bob, "Drafts").subscribed);
	CHECK(subscribe(f, bob, "a//b", true) == ERROR_SYNTAX);
	CHECK(subscribe(f, 4711, "a", true) == ERROR_NOT_FOUND);
}

static void there_are_so_many(struct fixture *f)
{
	int64_t ann = add_user(f, "ann@a.test");

	ask(f, "WITH RECURSIVE n(i) AS (SELECT 7 UNION ALL SELECT i + 1 FROM n WHERE i < 10000) "
	       "INSERT INTO subscription(user_id, name) SELECT (SELECT user_id FROM user WHERE name LIKE 'ann%'), 'p' || i FROM n");
	CHECK(subscribe(f, ann, "more", true) == ERROR_LIMIT && subscribe(f, ann, "p7", false) == ERROR_NONE && subscribe(f, ann, "more", true) == ERROR_NONE);
}

int main(void)
{
	struct fixture f = { .options = { .ephemeral = true } };

	fixture_start(&f, "subscription");
	a_name_need_not_exist(&f);
	there_are_so_many(&f);
	fixture_close(&f);
	return check_finish();
}
