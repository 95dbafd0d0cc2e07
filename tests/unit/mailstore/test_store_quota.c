#include "tests/unit/mailstore/fixture_requests.h"

#define DAY_S (24 * 3600)

static const struct judge_case {
	const char *claim;
	struct store_target target;
	uint64_t octets;
	enum error_kind kind;
} judged[] = {
	{ "no quota", { .user_id = 1, .used = 1 << 30 }, 1 << 30, ERROR_NONE },
	{ "up to the last octet", { .user_id = 1, .quota = 100, .used = 60 }, 40, ERROR_NONE },
	{ "one too many", { .user_id = 1, .quota = 100, .used = 60 }, 41, ERROR_FULL },
	{ "over it already", { .user_id = 1, .quota = 100, .used = 160 }, 1, ERROR_FULL },
	{ "a number that would wrap", { .user_id = 1, .quota = 100, .used = 60 }, UINT64_MAX, ERROR_FULL },
	{ "within the grace time", { .user_id = 1, .quota = 100, .used = 100, .full_since_s = 1000 }, 1, ERROR_FULL },
	{ "behind the grace time", { .user_id = 1, .quota = 100, .used = 100, .full_since_s = 999 }, 1, ERROR_LIMIT },
	{ "what fits is taken then too", { .user_id = 1, .quota = 100, .used = 60, .full_since_s = 1 }, 40, ERROR_NONE },
	{ "disabled", { .user_id = 1, .disabled = true }, 1, ERROR_DENIED },
	{ "gone", { .user_id = STORE_USER_GONE }, 1, ERROR_NOT_FOUND },
	{ "made at delivery", { .user_id = STORE_USER_NEW }, 1, ERROR_NONE },
	{ "elsewhere", { .user_id = 0 }, 1, ERROR_NONE },
};

static void a_target_is_judged_by_its_quota(void)
{
	for (size_t i = 0; i < sizeof judged / sizeof *judged; i++)
		CHECK_ROW(store_target_judge(&judged[i].target, judged[i].octets, 1000 + STORE_QUOTA_GRACE_S - 1) == judged[i].kind, judged[i].claim);
}

static enum error_kind set(struct fixture *f, const char *name, const struct store_user_change *change)
{
	answer_clear();
	store_user_set(f->client, bytes_text(name), change, on_done, f);
	return wait_for(f);
}

static enum error_kind set_quota(struct fixture *f, const char *name, uint64_t quota)
{
	return set(f, name, &(struct store_user_change){ .sets_quota = true, .quota = quota });
}

static int64_t full_since(struct fixture *f)
{
	get_user(f, "bob@a.test");
	return answer.user.full_since_s;
}

static void let_days_pass(struct fixture *f, int days)
{
	char *sql = xprintf("UPDATE user SET over_quota_since = over_quota_since - %d WHERE over_quota_since > 0", days * DAY_S);

	ask(f, sql);
	free(sql);
}

static void the_first_refusal_begins_the_grace_time(struct fixture *f, int64_t bob)
{
	CHECK(set_quota(f, "Bob@a.test", 1000) == ERROR_NONE);
	CHECK(deliver_to(f, 600, &bob, 1) == ERROR_NONE && full_since(f) == 0);
	CHECK(deliver_to(f, 600, &bob, 1) == ERROR_FULL && full_since(f) > 0);
	let_days_pass(f, 2);
	CHECK_ROW(deliver_to(f, 600, &bob, 1) == ERROR_FULL, "two days later it still may pass");
	let_days_pass(f, 1);
	CHECK_ROW(deliver_to(f, 600, &bob, 1) == ERROR_LIMIT, "three days later it will not");
	CHECK(answer.n == 1 && answer.results[0].kind == ERROR_LIMIT);
}

static void it_ends_when_mail_is_deleted_or_fits(struct fixture *f, int64_t bob)
{
	int64_t inbox = inbox_of(f, bob);

	add_flags(f, inbox, 1, UINT32_MAX, STORE_DELETED);
	expunge(f, inbox);
	CHECK(get_user(f, "bob@a.test") == ERROR_NONE && answer.user.used == 0 && answer.user.n_messages == 0 && answer.user.full_since_s == 0);
	CHECK(deliver_to(f, 600, &bob, 1) == ERROR_NONE && deliver_to(f, 600, &bob, 1) == ERROR_FULL);
	CHECK(full_since(f) > 0);
	CHECK_ROW(deliver_to(f, 300, &bob, 1) == ERROR_NONE && full_since(f) == 0, "something fits");
}

static void a_new_quota_ends_it(struct fixture *f, int64_t bob)
{
	CHECK(deliver_to(f, 600, &bob, 1) == ERROR_FULL);
	let_days_pass(f, 5);
	CHECK(set_quota(f, "bob@a.test", 901) == ERROR_NONE && full_since(f) == 0);
	CHECK(deliver_to(f, 600, &bob, 1) == ERROR_FULL);
	CHECK(set_quota(f, "bob@a.test", 0) == ERROR_NONE && deliver_to(f, 60000, &bob, 1) == ERROR_NONE);
	CHECK(set_quota(f, "nobody@a.test", 0) == ERROR_NOT_FOUND);
	CHECK(set_quota(f, "bob@a.test", UINT64_MAX) == ERROR_SYNTAX);
}

static void it_can_begin_before_the_message_came(struct fixture *f, int64_t bob)
{
	set_quota(f, "bob@a.test", 100);
	CHECK(resolve(f, "bob@a.test") == ERROR_NONE && answer.targets[0].quota == 100 && answer.targets[0].used == 60900);
	CHECK(store_target_judge(&answer.targets[0], 1, clock_now_s()) == ERROR_FULL);
	answer_clear();
	store_user_start_grace(f->client, bob, on_done, f);
	CHECK(wait_for(f) == ERROR_NONE);
	int64_t since = full_since(f);
	CHECK(since > 0);
	let_days_pass(f, 1);
	store_user_start_grace(f->client, bob, on_done, f);
	wait_for(f);
	CHECK_ROW(full_since(f) == since - DAY_S, "it goes on from its beginning");
}

static void a_disabled_user_gets_no_mail_but_reports(struct fixture *f, int64_t bob)
{
	struct store_recipient recipient = { .user_id = bob, .address = "bob@a.test" };
	struct store_queue_result none = { .outcome = STORE_QUEUE_FAILED, .status = "550 no" };

	set_quota(f, "bob@a.test", 0);
	CHECK(set(f, "bob@a.test", &(struct store_user_change){ .sets_disabled = true, .disabled = true }) == ERROR_NONE);
	CHECK(get_user(f, "bob@a.test") == ERROR_NONE && answer.user.disabled);
	CHECK(deliver_to(f, 60, &bob, 1) == ERROR_DENIED);
	CHECK(resolve(f, "bob@a.test") == ERROR_NONE && answer.targets[0].disabled);
	CHECK(deliver_remote(f, "x@b.test", false, 0) == ERROR_NONE && claim(f, 1, 60) == ERROR_NONE && answer.items->n == 1);
	none.item_id = answer.items->at[0].item_id;
	struct store_delivery report = a_delivery(f, 500, &recipient, 1);
	answer_clear();
	store_queue_done(f->client, &none, 1, &report, on_done, f);
	CHECK(wait_for(f) == ERROR_NONE);
	CHECK_ROW(get_user(f, "bob@a.test") == ERROR_NONE && answer.user.n_messages == 4, "a report is stored");
	CHECK(set(f, "bob@a.test", &(struct store_user_change){ .sets_disabled = true }) == ERROR_NONE);
	CHECK(deliver_to(f, 60, &bob, 1) == ERROR_NONE);
}

int main(void)
{
	struct fixture f = { 0 };

	a_target_is_judged_by_its_quota();
	fixture_start(&f, "quota");
	int64_t bob = add_user(&f, "bob@a.test");
	the_first_refusal_begins_the_grace_time(&f, bob);
	it_ends_when_mail_is_deleted_or_fits(&f, bob);
	a_new_quota_ends_it(&f, bob);
	it_can_begin_before_the_message_came(&f, bob);
	a_disabled_user_gets_no_mail_but_reports(&f, bob);
	CHECK(findings(&f) == 0);
	fixture_close(&f);
	return check_finish();
}
