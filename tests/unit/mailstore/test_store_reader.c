#include "tests/unit/mailstore/fixture_requests.h"

#include <stdlib.h>

static int64_t now_ms(void)
{
	return clock_monotonic_ms();
}

/* Every batch of a read is slowed by SLOW_MS in this program, see main: much beside what a busy machine costs. */
#define SLOW_MS 2000

static void slow_reads_hold_up_neither_writes_nor_the_client(struct fixture *f, int64_t bob)
{
	int64_t start_ms = now_ms();

	CHECK(deliver_to(f, 1000, &bob, 1) == ERROR_NONE);
	CHECK_ROW(now_ms() - start_ms < SLOW_MS - 10, "a write does not wait for reads");
	start_ms = now_ms();
	answer_clear();
	store_mailbox_open(f->client, bob, BYTES("INBOX"), false, on_snapshot, f);
	store_client_dispatch(f->client);
	CHECK_ROW(now_ms() - start_ms < SLOW_MS / 2, "asking and dispatching do not wait");
	CHECK(answer.snapshot == NULL);
	wait_for(f);
	CHECK_ROW(now_ms() - start_ms >= SLOW_MS, "it really was slow");
	CHECK(answer.snapshot->mailbox.n_messages == 1);
}

static void two_reads_run_side_by_side(struct fixture *f, int64_t bob)
{
	int64_t start_ms = now_ms();

	answer_clear();
	store_mailbox_list(f->client, bob, on_mailboxes, f);
	store_mailbox_list(f->client, bob, on_mailboxes, f);
	wait_for(f);
	CHECK(now_ms() - start_ms < 2 * SLOW_MS - 10);
}

int main(void)
{
	struct fixture f = { 0 };

	setenv("POSTA_TEST_FAULT", "slow:store.read:2000", 1);
	fixture_start(&f, "reader");
	int64_t bob = add_user(&f, "bob@a.test");
	slow_reads_hold_up_neither_writes_nor_the_client(&f, bob);
	two_reads_run_side_by_side(&f, bob);
	fixture_close(&f);
	return check_finish();
}
