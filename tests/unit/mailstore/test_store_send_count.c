#include "tests/unit/mailstore/fixture.h"

static enum error_kind submit(struct fixture *f, int64_t sender, int64_t limit, size_t n_recipients)
{
	struct store_recipient recipients[4];

	for (size_t i = 0; i < n_recipients; i++)
		recipients[i] = (struct store_recipient){ .original = i, .address = "x@b.test" };
	struct store_delivery delivery = a_delivery(f, 100, recipients, n_recipients);
	delivery.sender_user_id = sender;
	delivery.messages_per_day = limit;
	return deliver(f, &delivery);
}

static void what_is_accepted_is_counted(struct fixture *f, int64_t bob)
{
	CHECK(submit(f, bob, 0, 1) == ERROR_NONE && submit(f, bob, 0, 3) == ERROR_NONE);
	CHECK(get_user(f, "bob@a.test") == ERROR_NONE && answer.user.n_sent == 2 && answer.user.n_sent_to == 4);
	CHECK_ROW(submit(f, 0, 1, 1) == ERROR_NONE && submit(f, 0, 1, 1) == ERROR_NONE, "nobody's mail is not counted");
	answer_clear();
	store_user_list(f->client, on_users, f);
	CHECK(wait_for(f) == ERROR_NONE && answer.n == 2 && answer.user.n_sent == 2);
}

static void beyond_the_limit_nothing_is_stored(struct fixture *f, int64_t bob)
{
	int64_t before = ask(f, "SELECT count(*) FROM qrcpt");

	CHECK(submit(f, bob, 3, 1) == ERROR_NONE);
	CHECK(submit(f, bob, 3, 1) == ERROR_LIMIT && answer.n == 0);
	CHECK(strstr(answer.error.text, "3 messages a day") != NULL);
	CHECK(ask(f, "SELECT count(*) FROM qrcpt") == before + 1);
	CHECK(get_user(f, "bob@a.test") == ERROR_NONE && answer.user.n_sent == 3);
	CHECK_ROW(submit(f, bob, 4, 1) == ERROR_NONE, "a higher limit counts at once");
}

static void each_user_and_each_day_has_its_own(struct fixture *f, int64_t bob, int64_t carol)
{
	CHECK(submit(f, carol, 1, 1) == ERROR_NONE && submit(f, carol, 1, 1) == ERROR_LIMIT);
	ask(f, "UPDATE send_count SET day = day - 1");
	CHECK(get_user(f, "bob@a.test") == ERROR_NONE && answer.user.n_sent == 0);
	CHECK(submit(f, bob, 1, 1) == ERROR_NONE && submit(f, bob, 1, 1) == ERROR_LIMIT);
	ask(f, "UPDATE send_count SET day = day - 30");
	CHECK(submit(f, bob, 1, 1) == ERROR_NONE);
	CHECK_ROW(ask(f, "SELECT count(*) FROM send_count c JOIN user u USING(user_id) WHERE u.name = 'bob@a.test'") == 1, "a month later it is forgotten");
}

static void who_is_gone_or_disabled_sends_nothing(struct fixture *f, int64_t carol)
{
	answer_clear();
	store_user_set(f->client, BYTES("carol@a.test"), &(struct store_user_change){ .sets_disabled = true, .disabled = true }, on_done, f);
	wait_for(f);
	CHECK(submit(f, carol, 0, 1) == ERROR_DENIED && answer.n == 0);
	answer_clear();
	store_user_delete(f->client, BYTES("carol@a.test"), on_done, f);
	wait_for(f);
	CHECK(submit(f, carol, 0, 1) == ERROR_DENIED);
	CHECK(ask(f, "SELECT count(*) FROM send_count WHERE user_id NOT IN (SELECT user_id FROM user)") == 0);
}

static void a_refused_message_is_not_counted(struct fixture *f, int64_t bob)
{
	struct store_recipient nobody = { .user_id = 9999, .address = "gone@a.test" };
	struct store_delivery delivery = a_delivery(f, 100, &nobody, 1);

	get_user(f, "bob@a.test");
	uint64_t before = answer.user.n_sent;
	delivery.sender_user_id = bob;
	CHECK(deliver(f, &delivery) == ERROR_NOT_FOUND && answer.n == 1);
	CHECK(get_user(f, "bob@a.test") == ERROR_NONE && answer.user.n_sent == before);
}

int main(void)
{
	struct fixture f = { 0 };

	fixture_start(&f, "send_count");
	int64_t bob = add_user(&f, "bob@a.test"), carol = add_user(&f, "carol@a.test");
	what_is_accepted_is_counted(&f, bob);
	beyond_the_limit_nothing_is_stored(&f, bob);
	each_user_and_each_day_has_its_own(&f, bob, carol);
	who_is_gone_or_disabled_sends_nothing(&f, carol);
	a_refused_message_is_not_counted(&f, bob);
	CHECK(findings(&f) == 0);
	fixture_close(&f);
	return check_finish();
}
