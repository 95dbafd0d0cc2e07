#include "tests/unit/mailstore/fixture_requests.h"

/* bob has room for nothing, carol for all. */
static enum error_kind deliver_to_both(struct fixture *f, int64_t bob, int64_t carol)
{
	struct store_recipient recipients[] = {
		{ .original = 0, .user_id = bob, .address = "bob+tag@a.test" }, { .original = 0, .user_id = carol, .address = "carol@a.test" },
	};
	struct store_delivery delivery = a_delivery(f, 600, recipients, 2);

	delivery.n_originals = 1;
	delivery.lease = true;
	delivery.lease_s = 60;
	return deliver(f, &delivery);
}

static void set_quota(struct fixture *f, uint64_t quota)
{
	answer_clear();
	store_user_set(f->client, BYTES("bob@a.test"), &(struct store_user_change){ .sets_quota = true, .quota = quota }, on_done, f);
	wait_for(f);
}

static void make_due(struct fixture *f)
{
	ask(f, "UPDATE qrcpt SET next_at = 1 WHERE kind = 4");
}

static uint64_t messages_of_bob(struct fixture *f)
{
	get_user(f, "bob@a.test");
	return answer.user.n_messages;
}

static void a_copy_for_a_full_mailbox_waits(struct fixture *f, int64_t bob, int64_t carol)
{
	CHECK(deliver_to_both(f, bob, carol) == ERROR_NONE && answer.results[0].kind == ERROR_NONE);
	CHECK_ROW(answer.items == NULL || answer.items->n == 0, "the relay is not asked");
	CHECK(claim(f, 10, 60) == ERROR_NONE && answer.items->n == 0);
	CHECK_ROW(answer.items->next_due_s >= clock_now_s() + 1700, "it is due in half an hour");
	make_due(f);
	CHECK(claim(f, 10, 60) == ERROR_NONE && answer.items->n == 0);
	CHECK_ROW(ask(f, "SELECT tries FROM qrcpt WHERE kind = 4 AND next_at >= unixepoch() + 1700") == 1, "still full: put off");
	CHECK(messages_of_bob(f) == 0);
}

static void with_room_it_is_stored(struct fixture *f)
{
	set_quota(f, 1000);
	make_due(f);
	CHECK(claim(f, 10, 60) == ERROR_NONE && answer.items->n == 0);
	CHECK(messages_of_bob(f) == 1);
	CHECK(ask(f, "SELECT count(*) FROM qrcpt") == 0 && ask(f, "SELECT count(*) FROM qmsg") == 0);
	CHECK(reads_back(f, ask(f, "SELECT message_id FROM msg ORDER BY id LIMIT 1"), 600));
	CHECK_ROW(ask(f, "SELECT count(*) FROM journal WHERE stage = 2 AND recipient = 'bob+tag@a.test'") == 1, "and told in the journal");
	CHECK(findings(f) == 0);
}

static const struct end_case {
	const char *claim, *change, *why;
} ends[] = {
	{ "the grace time is over", "UPDATE user SET over_quota_since = 1 WHERE name = 'bob@a.test'", "bob+tag@a.test: over quota" },
	{ "the queue gives up before", "UPDATE qmsg SET expires = 1", "bob+tag@a.test: over quota" },
	{ "the user is disabled", "UPDATE user SET state = 1 WHERE name = 'bob@a.test'", "bob+tag@a.test: the account is disabled" },
	{ "the user went", "UPDATE user SET name = 'bert@a.test' WHERE name = 'bob@a.test'", "bob+tag@a.test: no such user any more" },
};

static void in_the_end_it_is_reported(struct fixture *f, int64_t bob, int64_t carol)
{
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		set_quota(f, 1000);
		CHECK_ROW(deliver_to_both(f, bob, carol) == ERROR_NONE, ends[i].claim);
		ask(f, ends[i].change);
		make_due(f);
		CHECK_ROW(claim(f, 10, 60) == ERROR_NONE && answer.items->n == 1, ends[i].claim);
		CHECK_TEXT(answer.items->n > 0 ? answer.items->at[0].refused : "", ends[i].why, ends[i].claim);
		int64_t item_id = answer.items->n > 0 ? answer.items->at[0].item_id : 0;
		finish(f, item_id, STORE_QUEUE_FAILED, 0);
		ask(f, "UPDATE user SET state = 0, over_quota_since = 0 WHERE name = 'bob@a.test'");
		CHECK_ROW(ask(f, "SELECT count(*) FROM qrcpt") == 0, ends[i].claim);
	}
	CHECK(findings(f) == 0);
}

static void whoever_shares_the_waiting_copy_counts_as_served(struct fixture *f, int64_t bob, int64_t carol)
{
	struct store_recipient recipients[] = {
		{ .original = 0, .user_id = bob, .address = "bob@a.test" }, { .original = 0, .user_id = carol, .address = "carol@a.test" },
		{ .original = 1, .user_id = bob, .address = "bob@a.test" }, { .original = 1, .user_id = STORE_USER_GONE, .address = "gone@a.test" },
		{ .original = 2, .user_id = STORE_USER_GONE, .address = "else@a.test" },
	};
	struct store_delivery delivery = a_delivery(f, 600, recipients, 5);

	delivery.n_originals = 3;
	CHECK(deliver(f, &delivery) == ERROR_NONE && answer.n == 3);
	CHECK(answer.results[0].kind == ERROR_NONE && answer.results[1].kind == ERROR_NONE && answer.results[2].kind == ERROR_NOT_FOUND);
	CHECK_ROW(ask(f, "SELECT count(*) FROM qrcpt WHERE kind = 4") == 1, "once");
	CHECK_ROW(ask(f, "SELECT count(*) FROM qrcpt WHERE kind = 1") == 1, "and nobody behind them is forgotten");
	CHECK(findings(f) == 0);
}

int main(void)
{
	struct fixture f = { 0 };

	fixture_start(&f, "queue_local");
	int64_t bob = add_user(&f, "bob@a.test"), carol = add_user(&f, "carol@a.test");
	set_quota(&f, 100);
	a_copy_for_a_full_mailbox_waits(&f, bob, carol);
	with_room_it_is_stored(&f);
	whoever_shares_the_waiting_copy_counts_as_served(&f, bob, carol);
	ask(&f, "DELETE FROM qrcpt");
	ask(&f, "INSERT OR REPLACE INTO gc SELECT message_id, 1 FROM qmsg");
	ask(&f, "DELETE FROM qmsg");
	in_the_end_it_is_reported(&f, bob, carol);
	fixture_close(&f);
	return check_finish();
}
