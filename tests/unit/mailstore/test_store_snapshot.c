#include "tests/unit/mailstore/fixture_turn.h"

struct selected {
	struct store_snapshot *snapshot;
	enum error_kind kind;
};

static void on_selected(void *owner, const struct error *err, struct store_snapshot *snapshot)
{
	*(struct selected *)owner = (struct selected){ snapshot, err != NULL ? err->kind : ERROR_NONE };
}

static void nothing_recent_is_selected_without_the_writer(struct fixture *f)
{
	int64_t bob = add_user(f, "judith@a.test");

	deliver_to(f, 100, &bob, 1);
	deliver_to(f, 100, &bob, 1);
	CHECK(open_mailbox(f, bob, "INBOX", true) == ERROR_NONE && answer.snapshot->first_recent_uid == 1);
	int fd = hold_turn(f);
	CHECK(open_mailbox(f, bob, "INBOX", true) == ERROR_NONE && answer.snapshot->first_recent_uid == 3);
	close(fd);
}

/* Both have read that two messages are \Recent when the first of them may write; then one gets them. */
static void two_processes_that_select_at_once_share_no_recent(struct fixture *f)
{
	int64_t bob = add_user(f, "jude@a.test");
	struct fixture other = *f;
	struct selected selected[4] = { 0 };
	uint32_t taken = 0;

	fixture_open(&other);
	deliver_to(f, 100, &bob, 1);
	deliver_to(f, 100, &bob, 1);
	int fd = hold_turn(f);
	for (int i = 0; i < 4; i++)
		store_mailbox_open(i % 2 ? other.client : f->client, bob, BYTES("INBOX"), true, on_selected, &selected[i]);
	usleep(100000);
	close(fd);
	wait_for(f);
	wait_for(&other);
	for (int i = 0; i < 4; i++) {
		CHECK(selected[i].kind == ERROR_NONE && selected[i].snapshot != NULL && ranges_count(&selected[i].snapshot->uids) == 2);
		taken += selected[i].snapshot->first_recent_uid == 1;
		CHECK(selected[i].snapshot->first_recent_uid == 1 || selected[i].snapshot->first_recent_uid == 3);
		store_snapshot_destroy(selected[i].snapshot);
	}
	CHECK_ROW(taken == 1, "to one of the four");
	fixture_close(&other);
}

int main(void)
{
	struct fixture f = { 0 };

	fixture_start(&f, "snapshot");
	nothing_recent_is_selected_without_the_writer(&f);
	two_processes_that_select_at_once_share_no_recent(&f);
	fixture_close(&f);
	return check_finish();
}
