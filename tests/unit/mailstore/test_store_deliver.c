#include "tests/unit/mailstore/fixture_requests.h"

static void a_message_comes_back_as_it_was(struct fixture *f)
{
	static const size_t sizes[] = { 1, 4096, 65536, 65537, 1 << 20, (1 << 20) + 1, 3000000 };
	int64_t bob = add_user(f, "bob@a.test"), inbox = inbox_of(f, bob);

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		CHECK(deliver_to(f, sizes[i], &bob, 1) == ERROR_NONE);
		CHECK(answer.n == 1 && answer.results[0].kind == ERROR_NONE && answer.items == NULL);
		CHECK(open_mailbox(f, bob, "inbox", false) == ERROR_NONE);
		CHECK(answer.snapshot->mailbox.n_messages == i + 1 && ranges_count(&answer.snapshot->uids) == i + 1);
		uint32_t uid = ranges_last(&answer.snapshot->uids);
		CHECK(scan(f, inbox, uid, uid, ~0u, false) == ERROR_NONE);
		CHECK(answer.messages->n == 1 && answer.messages->at[0].size == sizes[i] && answer.messages->next_uid == 0);
		CHECK(bytes_equal(answer.messages->at[0].envelope, BYTES("an envelope")));
		CHECK(bytes_equal(answer.messages->at[0].structure, BYTES("a structure")));
		CHECK(bytes_equal(answer.messages->at[0].sortkeys, BYTES("sort keys")));
		CHECK(answer.messages->at[0].header_len == 40 && answer.messages->at[0].sent_s == 1700000000);
		CHECK_ROW(reads_back(f, answer.messages->at[0].message_id, sizes[i]), "octet for octet");
	}
	CHECK_ROW(ask(f, "SELECT count(*) FROM message WHERE file IS NOT NULL") == 2, "past 1 MiB a body is a file");
	CHECK(findings(f) == 0);
}

static void any_part_of_a_message_can_be_read(struct fixture *f)
{
	static const struct { const char *name; size_t size; uint64_t offset; size_t len, got; } rows[] = {
		{ "across chunks", 200000, 65530, 12, 12 },
		{ "last octet", 200000, 199999, 10, 1 },
		{ "at the end", 200000, 200000, 10, 0 },
		{ "past the end", 200000, 300000, 10, 0 },
		{ "nothing", 200000, 5, 0, 0 },
		{ "of a file", 2000000, 1999990, 100, 10 },
		{ "the most at once", 2000000, 1, STORE_READ_MAX, STORE_READ_MAX },
	};
	int64_t carol = add_user(f, "carol@a.test");

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		deliver_to(f, rows[i].size, &carol, 1);
		int64_t message_id = ask(f, "SELECT max(message_id) FROM message");
		CHECK_ROW(read_octets(f, message_id, rows[i].offset, rows[i].len) == ERROR_NONE, rows[i].name);
		CHECK_ROW(answer.octets.len == rows[i].got, rows[i].name);
		for (size_t k = 0; k < answer.octets.len; k++)
			if (answer.octets.at[k] != made_octet(rows[i].offset + k)) {
				CHECK_ROW(false, rows[i].name);
				break;
			}
	}
	CHECK(read_octets(f, 999999, 0, 10) == ERROR_NOT_FOUND);
}

static void two_users_share_one_body(struct fixture *f)
{
	int64_t users[] = { add_user(f, "dave@a.test"), add_user(f, "erin@a.test") };
	int64_t before = ask(f, "SELECT count(*) FROM message"), chunks = ask(f, "SELECT count(*) FROM chunk");

	CHECK(deliver_to(f, 100000, users, 2) == ERROR_NONE && answer.n == 2);
	CHECK(ask(f, "SELECT count(*) FROM message") == before + 1 && ask(f, "SELECT count(*) FROM chunk") == chunks + 2);
	for (size_t i = 0; i < 2; i++)
		CHECK(open_mailbox(f, users[i], "INBOX", false) == ERROR_NONE && answer.snapshot->mailbox.n_messages == 1);
}

static void one_user_under_two_names_gets_one_copy(struct fixture *f)
{
	int64_t frank = add_user(f, "frank@a.test"), users[] = { frank, frank };

	CHECK(deliver_to(f, 100, users, 2) == ERROR_NONE);
	CHECK(answer.n == 2 && answer.results[0].kind == ERROR_NONE && answer.results[1].kind == ERROR_NONE);
	open_mailbox(f, frank, "INBOX", false);
	CHECK(answer.snapshot->mailbox.n_messages == 1 && answer.snapshot->mailbox.modseq == 2);
}

static void two_names_of_a_user_made_at_delivery_get_one_copy(struct fixture *f)
{
	struct store_recipient recipients[] = {
		{ .original = 0, .user_id = STORE_USER_NEW, .address = "niaj@a.test" },
		{ .original = 1, .user_id = add_user(f, "olivia@a.test"), .address = "olivia@a.test" },
		{ .original = 2, .user_id = STORE_USER_NEW, .address = "niaj+tag@a.test" },
		{ .original = 3, .address = "niaj@b.test" },
		{ .original = 4, .address = "niaj@b.test" },
	};
	struct store_delivery delivery = a_delivery(f, 100, recipients, 5);

	for (uint64_t n = 1; n <= 2; n++) {
		CHECK(deliver(f, &delivery) == ERROR_NONE && answer.n == 5 && answer.results[2].kind == ERROR_NONE);
		CHECK(get_user(f, "niaj@a.test") == ERROR_NONE && answer.user.n_messages == n);
		CHECK(open_mailbox(f, answer.user.user_id, "INBOX", false) == ERROR_NONE);
		CHECK_ROW(answer.snapshot->mailbox.uidnext == n + 1 && answer.snapshot->mailbox.modseq == n + 1, "one UID and one modseq each time");
		CHECK_ROW(ask(f, "SELECT count(*) FROM qrcpt WHERE recipient = 'niaj@b.test'") == (int64_t)n, "and a remote one one row");
		delivery = a_delivery(f, 100, recipients, 5);
	}
	store_body_destroy(delivery.body);
	ask(f, "DELETE FROM qrcpt");
	ask(f, "DELETE FROM qmsg");
	CHECK(findings(f) == 0);
}

static void the_quota_stops_one_recipient_and_not_the_other(struct fixture *f)
{
	int64_t users[] = { add_user(f, "grace@a.test"), add_user(f, "heidi@a.test") };

	ask(f, "UPDATE user SET quota_octets = 1000 WHERE name = 'heidi@a.test'");
	CHECK(deliver_to(f, 600, users, 2) == ERROR_NONE);
	CHECK(deliver_to(f, 600, users, 2) == ERROR_NONE);
	CHECK(answer.results[0].kind == ERROR_NONE && answer.results[1].kind == ERROR_FULL);
	CHECK_ROW(deliver_to(f, 600, users + 1, 1) == ERROR_FULL, "when nothing was stored the whole delivery is an error");
	CHECK(answer.n == 1 && answer.results[0].kind == ERROR_FULL);
	int64_t nobody = 9999;
	CHECK(deliver_to(f, 600, &nobody, 1) == ERROR_NOT_FOUND);
	CHECK(findings(f) == 0);
}

static void a_copy_that_is_refused_beside_a_stored_one_is_queued_to_be_reported(struct fixture *f)
{
	struct store_recipient recipients[] = {
		{ .original = 0, .user_id = add_user(f, "judy@a.test"), .address = "judy@a.test" },
		{ .original = 1, .user_id = 9999, .address = "gone@a.test" },
	};
	struct store_delivery delivery = a_delivery(f, 100, recipients, 2);

	delivery.n_originals = 2;
	delivery.report_refused = true;
	delivery.lease = true;
	delivery.lease_s = 60;
	CHECK(deliver(f, &delivery) == ERROR_NONE);
	CHECK_ROW(answer.results[0].kind == ERROR_NONE && answer.results[1].kind == ERROR_NONE, "both count as accepted");
	CHECK(answer.items != NULL && answer.items->n == 1);
	CHECK_TEXT(answer.items->at[0].recipient, "gone@a.test", "the row is the refused one's");
	CHECK_TEXT(answer.items->at[0].refused, "gone@a.test: no such user any more", "the row says why");
	delivery = a_delivery(f, 100, recipients + 1, 1);
	delivery.n_originals = 2;
	delivery.report_refused = true;
	CHECK_ROW(deliver(f, &delivery) == ERROR_NOT_FOUND, "alone it is refused");
	CHECK(findings(f) == 0);
}

static void everybody_an_alias_lost_is_reported(struct fixture *f)
{
	struct store_recipient recipients[] = {
		{ .original = 0, .user_id = add_user(f, "oscar@a.test"), .address = "oscar@a.test" },
		{ .original = 0, .user_id = STORE_USER_GONE, .address = "one@a.test" },
		{ .original = 0, .user_id = STORE_USER_GONE, .address = "two@a.test" },
		{ .original = 1, .user_id = STORE_USER_GONE, .address = "three@a.test" },
	};
	struct store_delivery delivery = a_delivery(f, 100, recipients, 4);

	delivery.n_originals = 2;
	delivery.lease = true;
	delivery.lease_s = 60;
	CHECK(deliver(f, &delivery) == ERROR_NONE && answer.items->n == 2);
	CHECK_ROW(answer.results[0].kind == ERROR_NONE, "for an original with a stored copy also without report_refused");
	CHECK_ROW(answer.results[1].kind == ERROR_NOT_FOUND, "the other one is told at once");
	CHECK_TEXT(answer.items->at[1].refused, "two@a.test: no such user any more", "each for itself");
}

static void a_transmission_sent_again_is_stored_once(struct fixture *f)
{
	struct store_recipient recipient = { .user_id = add_user(f, "ivan@a.test"), .address = "ivan@a.test" };
	unsigned char digest[STORE_DIGEST_SIZE];
	static const struct { const char *peer, *transaction, *digest; unsigned n; } rows[] = {
		{ "b.test", "t1", "one", 1 }, { "b.test", "t1", "one", 1 }, { "b.test", "t1", "other", 2 },
		{ "b.test", "t2", "one", 3 }, { "c.test", "t1", "one", 4 }, { NULL, NULL, "one", 5 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct store_delivery delivery = a_delivery(f, 100, &recipient, 1);
		memset(digest, 0, sizeof digest);
		snprintf((char *)digest, sizeof digest, "%s", rows[i].digest);
		delivery.peer = rows[i].peer;
		delivery.peer_transaction = rows[i].transaction;
		delivery.digests = digest;
		CHECK(deliver(f, &delivery) == ERROR_NONE);
		open_mailbox(f, recipient.user_id, "INBOX", false);
		CHECK_ROW(answer.snapshot->mailbox.n_messages == rows[i].n, rows[i].digest);
	}
}

/* The first time both were taken; then they come in other company, one of them gone meanwhile. */
static void a_recipient_sent_again_gets_no_second_copy_in_other_company(struct fixture *f)
{
	struct store_recipient recipients[] = {
		{ .original = 0, .user_id = add_user(f, "kim@a.test"), .address = "kim@a.test" },
		{ .original = 1, .user_id = add_user(f, "lee@a.test"), .address = "lee@a.test" },
		{ .original = 2, .user_id = add_user(f, "mia@a.test"), .address = "mia@a.test" },
	};
	static const unsigned char digests[3][STORE_DIGEST_SIZE] = { "to kim", "to lee", "to mia" };
	static const struct { const char *name; size_t n; unsigned n_kim, n_lee, n_mia; } rows[] = {
		{ "both", 2, 1, 1, 0 }, { "one of them alone", 1, 1, 1, 0 }, { "both and a third", 3, 1, 1, 1 }, { "all again", 3, 1, 1, 1 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct store_delivery delivery = a_delivery(f, 100, recipients, rows[i].n);
		unsigned want[] = { rows[i].n_kim, rows[i].n_lee, rows[i].n_mia };
		delivery.n_originals = rows[i].n;
		delivery.peer = "b.test";
		delivery.peer_transaction = "company";
		delivery.digests = &digests[0][0];
		CHECK_ROW(deliver(f, &delivery) == ERROR_NONE, rows[i].name);
		for (size_t k = 0; k < 3; k++) {
			open_mailbox(f, recipients[k].user_id, "INBOX", false);
			CHECK_ROW(answer.snapshot->mailbox.n_messages == want[k], rows[i].name);
		}
	}
	ask(f, "UPDATE user SET quota_octets = 1 WHERE name = 'kim@a.test'");
	struct store_delivery delivery = a_delivery(f, 100, recipients, 1);
	delivery.peer = "b.test";
	delivery.peer_transaction = "company";
	delivery.digests = &digests[0][0];
	CHECK_ROW(deliver(f, &delivery) == ERROR_NONE, "what is there already meets no quota");
	CHECK(findings(f) == 0);
}

/* Many, so that the walk over them has several pieces; every other one is old. */
static void old_transmissions_are_forgotten_piece_by_piece(struct fixture *f)
{
	ask(f, "DELETE FROM received");
	ask(f, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000) INSERT INTO received(peer, peer_transaction, digest, at) "
	       "SELECT CASE WHEN i < 5000 THEN 'b.test' ELSE 'c.test' END, printf('t%06d', i / 3), CAST(i AS BLOB), "
	       "CAST(strftime('%s', 'now') AS INTEGER) - CASE WHEN i % 2 THEN 8 ELSE 6 END * 86400 FROM n");
	CHECK(maintain(f) == ERROR_NONE);
	int64_t left = ask(f, "SELECT count(*) FROM received");
	CHECK_ROW(left > 5000 && left < 10000, "one piece at a time");
	for (int i = 0; i < 5; i++)
		maintain(f);
	CHECK_ROW(ask(f, "SELECT count(*) FROM received") == 5000, "those of eight days, and no others");
	CHECK(ask(f, "SELECT count(*) FROM received WHERE CAST(digest AS INTEGER) % 2") == 0);
	ask(f, "UPDATE received SET at = 1 WHERE peer = 'b.test'");
	for (int i = 0; i < 3; i++)
		maintain(f);
	CHECK_ROW(ask(f, "SELECT count(*) FROM received WHERE peer = 'b.test'") == 0, "the walk begins again");
}

static void a_full_disk_is_said_before_anything_is_written(struct fixture *f)
{
	struct fixture other = *f;
	int64_t bob = 0;

	get_user(f, "bob@a.test");
	bob = answer.user.user_id;
	other.options.reserve = UINT64_MAX / 4;
	fixture_open(&other);
	CHECK(deliver_to(&other, 100, &bob, 1) == ERROR_FULL);
	CHECK_ROW(answer.n == 0, "no word about recipients when the store as a whole refuses");
	CHECK(deliver_to(&other, 3000000, &bob, 1) == ERROR_FULL);
	fixture_close(&other);
	CHECK(deliver_to(f, 100, &bob, 1) == ERROR_NONE);
}

static void a_tight_memory_spills_bodies(void)
{
	struct fixture f = { .options = { .budget = budget_create(1 << 20) } };
	struct store_body *held[32];
	size_t n = 0;

	fixture_start(&f, "memory");
	int64_t bob = add_user(&f, "bob@a.test"), inbox = inbox_of(&f, bob);
	while (n < 30 && !budget_is_tight(f.options.budget))
		held[n++] = make_body(&f, 31000);
	CHECK(n == 28);
	CHECK_ROW(deliver_to(&f, 150000, &bob, 1) == ERROR_NONE, "when memory is tight a body spills to a file without a name");
	CHECK(ask(&f, "SELECT count(*) FROM message WHERE file IS NOT NULL") == 0);
	scan(&f, inbox, 1, 1, 0, false);
	CHECK(reads_back(&f, answer.messages->at[0].message_id, 150000));
	for (size_t i = 0; i < n; i++)
		store_body_destroy(held[i]);
	fixture_close(&f);
	CHECK_ROW(budget_used(f.options.budget) == 0, "every octet is given back");
	budget_destroy(f.options.budget);
}

static void more_than_the_budget_is_refused(void)
{
	struct fixture f = { .options = { .budget = budget_create(64 * 1024) } };
	struct error err = { 0 };
	static const char block[20000];
	struct store_body *bodies[4];
	bool wait, ok = true;
	size_t n = 0;

	fixture_start(&f, "budget");
	for (; n < 4 && ok; n++) {
		bodies[n] = store_body_create(f.client, NULL, NULL);
		ok = store_body_write(bodies[n], bytes_of(block, sizeof block), &wait, &err);
	}
	CHECK(n == 4 && !ok && err.kind == ERROR_LIMIT);
	while (n > 0)
		store_body_destroy(bodies[--n]);
	CHECK(budget_used(f.options.budget) == 0);
	fixture_close(&f);
	budget_destroy(f.options.budget);
}

static void an_abandoned_body_leaves_no_file(struct fixture *f)
{
	int64_t before = ask(f, "SELECT count(*) FROM message WHERE file IS NOT NULL");
	store_body_destroy(make_body(f, 5000000));
	int64_t nobody = 9999;
	CHECK(deliver_to(f, 2000000, &nobody, 1) == ERROR_NOT_FOUND);
	fixture_close(f);
	fixture_open(f);
	CHECK((int64_t)n_body_files(f) == before);
}

static enum error_kind append_two(struct fixture *f, int64_t user)
{
	static const struct summary summary;
	struct store_append_item items[2] = { { .body = make_body(f, 10), .summary = &summary }, { .body = make_body(f, 10), .summary = &summary } };

	answer_clear();
	store_append(f->client, user, BYTES("INBOX"), items, 2, on_appended, f);
	return wait_for(f);
}

static void a_mailbox_without_uids_takes_no_more(struct fixture *f)
{
	int64_t users[] = { add_user(f, "last@a.test"), add_user(f, "first@a.test") }, inbox = inbox_of(f, users[0]);

	ask(f, "UPDATE mailbox SET uidnext = 4294967292 WHERE name = 'INBOX' AND user_id = (SELECT user_id FROM user WHERE name = 'last@a.test')");
	CHECK(append_two(f, users[0]) == ERROR_NONE);
	CHECK(ranges_first(&answer.uids) == UINT32_MAX - 3 && ranges_last(&answer.uids) == UINT32_MAX - 2);
	CHECK_ROW(open_mailbox(f, users[0], "INBOX", false) == ERROR_NONE && answer.snapshot->mailbox.modseq == 2, "messages appended at once share their modseq");
	CHECK_ROW(append_two(f, users[0]) == ERROR_LIMIT && ranges_is_empty(&answer.uids), "one UID is left, two are wanted");
	CHECK_ROW(strstr(answer.error.text, "no UIDs left: move") != NULL, "an APPEND hears why");
	CHECK_ROW(deliver_to(f, 10, users, 1) == ERROR_NONE, "the last UID there is");
	CHECK_ROW(deliver_to(f, 10, users, 2) == ERROR_NONE, "to somebody else too");
	CHECK(answer.results[0].kind == ERROR_LIMIT && answer.results[1].kind == ERROR_NONE);
	CHECK(deliver_to(f, 10, users, 1) == ERROR_LIMIT && strstr(answer.error.text, "no UIDs left") != NULL);
	CHECK(open_mailbox(f, users[0], "INBOX", false) == ERROR_NONE);
	CHECK(answer.snapshot->mailbox.n_messages == 3 && answer.snapshot->mailbox.uidnext == UINT32_MAX);
	CHECK(scan(f, inbox, 1, UINT32_MAX, 0, false) == ERROR_NONE && answer.messages->n == 3 && answer.messages->at[2].uid == UINT32_MAX - 1);
	CHECK(findings(f) == 0);
}

int main(void)
{
	struct fixture f = { 0 };

	fixture_start(&f, "deliver");
	a_message_comes_back_as_it_was(&f);
	any_part_of_a_message_can_be_read(&f);
	two_users_share_one_body(&f);
	one_user_under_two_names_gets_one_copy(&f);
	two_names_of_a_user_made_at_delivery_get_one_copy(&f);
	a_mailbox_without_uids_takes_no_more(&f);
	the_quota_stops_one_recipient_and_not_the_other(&f);
	a_copy_that_is_refused_beside_a_stored_one_is_queued_to_be_reported(&f);
	everybody_an_alias_lost_is_reported(&f);
	a_transmission_sent_again_is_stored_once(&f);
	a_recipient_sent_again_gets_no_second_copy_in_other_company(&f);
	old_transmissions_are_forgotten_piece_by_piece(&f);
	a_full_disk_is_said_before_anything_is_written(&f);
	an_abandoned_body_leaves_no_file(&f);
	CHECK(findings(&f) == 0);
	fixture_close(&f);
	a_tight_memory_spills_bodies();
	more_than_the_budget_is_refused();
	return check_finish();
}
