#include "tests/unit/mailstore/fixture_requests.h"

/* In this program the second write to a body's file fails for want of space, see main. */
static void a_body_that_cannot_be_written_fails_its_delivery_only(struct fixture *f, int64_t bob)
{
	CHECK(deliver_to(f, 3000000, &bob, 1) == ERROR_FULL);
	CHECK_ROW(answer.n == 0, "nobody's fault among the recipients");
	CHECK_ROW(budget_used(f->options.budget) == 0, "and its memory is given back");
	CHECK(deliver_to(f, 3000000, &bob, 1) == ERROR_NONE);
	open_mailbox(f, bob, "INBOX", false);
	CHECK(answer.snapshot->mailbox.n_messages == 1);
}

static unsigned n_ready;

static void count_ready(void *owner)
{
	(void)owner;
	n_ready++;
}

static void a_fast_writer_is_told_to_wait_and_when_to_go_on(struct fixture *f)
{
	struct store_body *body = store_body_create(f->client, count_ready, NULL);
	static const char block[256 * 1024];
	struct error err = { 0 };
	unsigned n_waits = 0;
	bool wait = false;

	for (int i = 0; i < 64; i++) {
		CHECK(store_body_write(body, bytes_of(block, sizeof block), &wait, &err));
		if (!wait)
			continue;
		n_waits++;
		store_client_wait(f->client);
		CHECK(n_ready == n_waits);
	}
	CHECK(n_waits > 0 && store_body_size(body) == 64 * sizeof block);
	CHECK_ROW(budget_used(f->options.budget) <= 2u << 20, "what is under way is bounded");
	/* gone while it waits: ready is not called any more */
	while (!wait && store_body_write(body, bytes_of(block, sizeof block), &wait, &err))
		;
	store_body_destroy(body);
	unsigned before = n_ready;
	store_client_wait(f->client);
	CHECK(n_ready == before);
}

static void a_body_without_a_listener_never_waits(struct fixture *f)
{
	struct store_body *body = store_body_create(f->client, NULL, NULL);
	static const char block[256 * 1024];
	bool wait = false, waited = false;

	for (int i = 0; i < 16; i++) {
		store_body_write(body, bytes_of(block, sizeof block), &wait, NULL);
		waited |= wait;
	}
	CHECK(!waited);
	store_body_destroy(body);
}

int main(void)
{
	struct fixture f = { .options = { .budget = budget_create(64 << 20) } };

	setenv("POSTA_TEST_FAULT", "fail:store.write:2", 1);
	fixture_start(&f, "body");
	int64_t bob = add_user(&f, "bob@a.test");
	a_body_that_cannot_be_written_fails_its_delivery_only(&f, bob);
	a_fast_writer_is_told_to_wait_and_when_to_go_on(&f);
	a_body_without_a_listener_never_waits(&f);
	CHECK(findings(&f) == 0);
	fixture_close(&f);
	CHECK(budget_used(f.options.budget) == 0);
	budget_destroy(f.options.budget);
	return check_finish();
}
