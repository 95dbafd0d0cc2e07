#include "tests/unit/mailstore/fixture_requests.h"

#define DAY 86400

static void what_is_older_than_its_mailbox_keeps_it_goes(void)
{
	struct fixture f = { .options = { .ephemeral = true } };

	fixture_start(&f, "expiry");
	int64_t bob = add_user(&f, "bob@a.test"), inbox = inbox_of(&f, bob);
	for (int i = 0; i < 1200; i++)
		deliver_to(&f, 10, &bob, 1);
	deliver_to(&f, 20, &bob, 1);
	deliver_to(&f, 30, &bob, 1);
	add_flags(&f, inbox, 1, 10, STORE_SEEN);
	add_flags(&f, inbox, 5, 6, STORE_DELETED);
	ask(&f, "UPDATE msg SET saved_after = saved_after - 10 * 86400 WHERE id & 4294967295 <= 1200");
	ask(&f, "UPDATE msg SET saved_after = saved_after - 5 * 86400 WHERE id & 4294967295 = 1201");
	CHECK(maintain(&f) == ERROR_NONE);
	CHECK_ROW(ask(&f, "SELECT count(*) FROM msg") == 1202, "a mailbox keeps its messages unless it is told not to");
	ask(&f, "UPDATE mailbox SET expire_after = 7 * 86400 WHERE name = 'INBOX'");
	fixture_close(&f);
	fixture_open(&f);               /* the next round is not due for ten minutes in the same process */
	open_mailbox(&f, bob, "INBOX", false);
	uint64_t since = answer.snapshot->mailbox.modseq;
	CHECK(maintain(&f) == ERROR_NONE);
	open_mailbox(&f, bob, "INBOX", false);
	CHECK_ROW(answer.snapshot->mailbox.n_messages == 2 && answer.snapshot->mailbox.n_octets == 50, "the old ones went");
	CHECK_ROW(answer.snapshot->mailbox.n_unseen == 2 && answer.snapshot->mailbox.n_deleted == 0, "and are counted no more");
	CHECK(changes_since(&f, inbox, since) == ERROR_NONE);
	CHECK_ROW(ranges_count(&answer.changes->vanished) == 1200, "who asks what changed is told of each");
	CHECK_ROW(scan(&f, inbox, 1, 1, 0, true) == ERROR_NONE && answer.messages->n == 1, "who was not told yet can still read them");
	CHECK_ROW(findings(&f) == 0, "counters are exact");
	fixture_close(&f);
}

int main(void)
{
	what_is_older_than_its_mailbox_keeps_it_goes();
	return check_finish();
}
