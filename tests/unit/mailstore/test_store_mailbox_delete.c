#include "tests/unit/mailstore/fixture_mailboxes.h"

static void its_messages_go_and_what_is_below_stays(struct fixture *f)
{
	int64_t bob = add_user(f, "bob@a.test"), inbox = inbox_of(f, bob);

	create_mailbox(f, bob, "a/b", 0);
	deliver_to(f, 100, &bob, 1);
	deliver_to(f, 100, &bob, 1);
	add_flags(f, inbox, 1, 2, STORE_DELETED | STORE_SEEN);
	CHECK(transfer_range(f, bob, inbox, 1, 2, "a", false) == ERROR_NONE);
	set_flags(f, copied.mailbox_id, 1, 1, STORE_FLAGS_ADD, 0, "word", UINT64_MAX);
	struct store_mailbox a = get_mailbox(f, bob, "a");
	CHECK(a.n_messages == 2 && a.n_deleted == 2);
	CHECK(delete_mailbox(f, bob, "a") == ERROR_NONE && (int64_t)answer.n == a.mailbox_id);
	CHECK(get_mailbox(f, bob, "a").mailbox_id == 0 && get_mailbox(f, bob, "a/b").mailbox_id != 0);
	CHECK(get_user(f, "bob@a.test") == ERROR_NONE && answer.user.used == 200 && answer.user.n_messages == 2);
	CHECK_ROW(changes_since(f, a.mailbox_id, 1) == ERROR_NOT_FOUND, "who has it open is told");
	CHECK(scan(f, a.mailbox_id, 1, 2, 0, true) == ERROR_NOT_FOUND);
	CHECK_ROW(delete_mailbox(f, bob, "a") == ERROR_DENIED, "a level is no mailbox");
	CHECK(create_mailbox(f, bob, "a", 0) == ERROR_NONE);
	CHECK_ROW(answer.mailboxes[0].uidvalidity > a.uidvalidity && answer.mailboxes[0].mailbox_id != a.mailbox_id, "made again, it is another one");
}

static void some_cannot_be_deleted(struct fixture *f)
{
	int64_t eve = add_user(f, "eve@a.test");

	CHECK(delete_mailbox(f, eve, "nowhere") == ERROR_NOT_FOUND);
	CHECK(delete_mailbox(f, eve, "Inbox") == ERROR_SYNTAX);
	CHECK(delete_mailbox(f, 4711, "Sent") == ERROR_NOT_FOUND);
}

static void a_body_nobody_else_has_is_reaped(struct fixture *f)
{
	int64_t ann = add_user(f, "ann@a.test");

	deliver_to(f, 100, &ann, 1);
	CHECK(rename_mailbox(f, ann, "INBOX", "Old") == ERROR_NONE && delete_mailbox(f, ann, "Old") == ERROR_NONE);
	CHECK(ask(f, "SELECT count(*) FROM gc WHERE message_id = (SELECT max(message_id) FROM message)") == 1);
	CHECK(get_user(f, "ann@a.test") == ERROR_NONE && answer.user.used == 0);
	CHECK_ROW(ask(f, "SELECT count(*) FROM tomb WHERE id >> 32 NOT IN (SELECT mailbox_id FROM mailbox)") == 0, "no tombstone stays behind");
}

/* Rows are made by SQL, for there are many. */
static void a_big_one_goes_in_parts(struct fixture *f)
{
	int64_t joe = add_user(f, "joe@a.test"), inbox = inbox_of(f, joe);

	deliver_to(f, 100, &joe, 1);
	ask(f, "WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 12000) "
	       "INSERT INTO msg(id, modseq, flags, internal_date, saved_after, size, sent, message_id) "
	       "SELECT (id & ~4294967295) + i, modseq, 0, 0, 0, size, 0, message_id FROM n, (SELECT * FROM msg ORDER BY id DESC LIMIT 1)");
	ask(f, "UPDATE mailbox SET n_messages = 12000, n_unseen = 12000, n_octets = 1200000, uidnext = 12001 WHERE mailbox_id = (SELECT max(id) >> 32 FROM msg)");
	ask(f, "UPDATE user SET used_messages = 12000, used_octets = 1200000 WHERE user_id = (SELECT max(user_id) FROM user)");
	CHECK(findings(f) == 0);
	CHECK(transfer_range(f, joe, inbox, 1, 12000, "Archive", true) == ERROR_NONE && ranges_count(&copied.to) == 12000);
	CHECK(transfer_range(f, joe, copied.mailbox_id, 1, 6000, "Junk", true) == ERROR_NONE);
	CHECK(delete_mailbox(f, joe, "Archive") == ERROR_NONE && delete_mailbox(f, joe, "Junk") == ERROR_NONE);
	CHECK(get_user(f, "joe@a.test") == ERROR_NONE && answer.user.used == 0 && answer.user.n_messages == 0);
}

int main(void)
{
	struct fixture f = { .options = { .ephemeral = true } };

	fixture_start(&f, "delete");
	its_messages_go_and_what_is_below_stays(&f);
	some_cannot_be_deleted(&f);
	a_body_nobody_else_has_is_reaped(&f);
	a_big_one_goes_in_parts(&f);
	CHECK(findings(&f) == 0);
	fixture_close(&f);
	copied_release();
	return check_finish();
}
