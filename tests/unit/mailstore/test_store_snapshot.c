#include "tests/unit/mailstore/fixture_turn.h"

#include <pthread.h>
#include <stdatomic.h>

#include "tests/unit/mailstore/fixture_clock.h"

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

static void uids_are_those_of_the_messages_that_are_there(struct fixture *f)
{
	static const struct { const char *claim; uint32_t first, last; size_t n, n_ranges; } rows[] = {
		{ "none went", 0, 0, 6, 1 }, { "the first went", 1, 1, 5, 1 }, { "one in the middle went", 4, 4, 4, 2 },
		{ "the last went", 6, 6, 3, 2 }, { "one side of the gap went", 5, 5, 2, 1 }, { "all went", 1, 6, 0, 0 },
	};
	int64_t bob = add_user(f, "jo@a.test"), inbox = inbox_of(f, bob);

	for (int i = 0; i < 6; i++)
		deliver_to(f, 100, &bob, 1);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (rows[i].first > 0) {
			add_flags(f, inbox, rows[i].first, rows[i].last, STORE_DELETED);
			expunge(f, inbox);
		}
		CHECK_ROW(open_mailbox(f, bob, "INBOX", true) == ERROR_NONE && ranges_count(&answer.snapshot->uids) == rows[i].n, rows[i].claim);
		CHECK_ROW(answer.snapshot->uids.n == rows[i].n_ranges && answer.snapshot->mailbox.n_messages == rows[i].n, rows[i].claim);
		for (uint32_t uid = rows[i].first; uid > 0 && uid <= rows[i].last; uid++)
			CHECK_ROW(!ranges_contains(&answer.snapshot->uids, uid), rows[i].claim);
	}
	deliver_to(f, 100, &bob, 1);
	CHECK(open_mailbox(f, bob, "INBOX", true) == ERROR_NONE && ranges_first(&answer.snapshot->uids) == 7 && ranges_last(&answer.snapshot->uids) == 7);
}

#define N_ROWS 4000                     /* every second UID: a mailbox without gaps is not walked */

static atomic_bool is_over;

/* However fast the machine: who looks at the clock again is late, so that a walk ends after 64 rows and goes on in another transaction. */
static void *hurry(void *none)
{
	while (!is_over)
		__atomic_fetch_add(clock_offset_ms, 11, __ATOMIC_RELAXED);
	return none;
}

static void fill(struct fixture *f, int64_t inbox)
{
	char *sql = xprintf("WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n WHERE i < %d) "
	                    "INSERT INTO msg(id, modseq, flags, internal_date, saved_after, size, sent, message_id) "
	                    "SELECT %lld << 32 | 2 * i, 1, 1, 0, 0, 100, 0, (SELECT message_id FROM message WHERE size = 100 LIMIT 1) FROM n", N_ROWS, (long long)inbox);

	ask(f, sql);
	free(sql);
	sql = xprintf("UPDATE mailbox SET n_messages = %d, n_octets = 100 * %d, uidnext = 2 * %d + 1 WHERE mailbox_id = %lld", N_ROWS, N_ROWS, N_ROWS, (long long)inbox);
	ask(f, sql);
	free(sql);
	ask(f, "UPDATE user SET (used_messages, used_octets) = (SELECT sum(n_messages), sum(n_octets) FROM mailbox WHERE mailbox.user_id = user.user_id)");
}

/* What comes and goes while it is read piece by piece is in it, and in its counters, or in neither. */
static void a_snapshot_shows_one_moment(struct fixture *f)
{
	int64_t bob = add_user(f, "bob@a.test"), inbox = inbox_of(f, bob);
	struct fixture reader = *f;
	struct error err = { 0 };
	unsigned n_wrong = 0;
	pthread_t thread;

	fill(f, inbox);
	reader.client = store_client_create(f->store, &err);
	pthread_create(&thread, NULL, hurry, NULL);
	for (uint32_t i = 1; i <= 40; i++) {
		struct selected selected = { 0 };
		struct store_recipient recipient = { .user_id = bob, .address = "bob@a.test" };
		struct store_delivery delivery = a_delivery(f, 100, &recipient, 1);
		add_flags(f, inbox, 4 * i, 4 * i, STORE_DELETED);
		answer_clear();
		store_mailbox_open(reader.client, bob, BYTES("INBOX"), false, on_selected, &selected);
		store_message_expunge(f->client, inbox, NULL, on_flags, f);
		store_deliver(f->client, &delivery, on_delivered, f);
		wait_for(f);
		store_client_wait(reader.client);
		n_wrong += selected.snapshot == NULL || ranges_count(&selected.snapshot->uids) != selected.snapshot->mailbox.n_messages;
		store_snapshot_destroy(selected.snapshot);
	}
	is_over = true;
	pthread_join(thread, NULL);
	CHECK(n_wrong == 0);
	CHECK_ROW(open_mailbox(f, bob, "INBOX", false) == ERROR_NONE && answer.snapshot->mailbox.n_messages == N_ROWS, "as many came as went");
	CHECK(findings(f) == 0);
	store_client_destroy(reader.client);
}

int main(void)
{
	struct fixture f = { 0 };

	hold_the_clock();
	fixture_start(&f, "snapshot");
	nothing_recent_is_selected_without_the_writer(&f);
	two_processes_that_select_at_once_share_no_recent(&f);
	uids_are_those_of_the_messages_that_are_there(&f);
	a_snapshot_shows_one_moment(&f);
	fixture_close(&f);
	return check_finish();
}
