#include "mailstore/journal.h"
#include "tests/unit/mailstore/fixture_requests.h"

#define DAY_MS ((int64_t)86400 * 1000)

static struct store_journal *journal;

static void on_journal(void *owner, const struct error *err, struct store_journal *read)
{
	on_done(owner, err);
	store_journal_destroy(journal);
	journal = read;
}

static size_t read_journal(struct fixture *f, uint64_t queue_id, uint64_t id_hash)
{
	answer_clear();
	store_journal_read(f->client, queue_id, id_hash, 0, on_journal, f);
	return wait_for(f) == ERROR_NONE ? journal->n : 99;
}

/* Is entry n of this stage, for this recipient, with this remote and detail? */
static bool is(size_t n, enum store_journal_stage stage, const char *recipient, const char *remote, const char *detail)
{
	const struct store_journal_entry *entry = &journal->at[n];

	return n < journal->n && entry->stage == stage && bytes_equal(bytes_text(entry->recipient), bytes_text(recipient)) &&
	       bytes_equal(bytes_text(entry->remote), bytes_text(remote)) && bytes_equal(bytes_text(entry->detail), bytes_text(detail));
}

static void empty_the_queue(struct fixture *f)
{
	ask(f, "DELETE FROM qrcpt");
	ask(f, "INSERT OR REPLACE INTO gc(message_id, at) SELECT message_id, unixepoch() FROM qmsg");
	ask(f, "DELETE FROM qmsg");
}

/* A delivery whose summary was made of a real header. */
static struct store_delivery with_message_id(struct fixture *f, struct summary *summary, const char *message_id, const struct store_recipient *recipients, size_t n)
{
	struct store_delivery delivery = a_delivery(f, 100, recipients, n);
	struct summary_builder *builder = summary_builder_create();
	char *header = xprintf("Message-ID: <%s>\r\nSubject: x\r\n\r\n", message_id);

	summary_builder_feed(builder, bytes_text(header));
	summary_builder_finish(builder, summary);
	summary_builder_destroy(builder);
	free(header);
	delivery.summary = summary;
	return delivery;
}

static void acceptance_and_each_copy_are_noted(struct fixture *f)
{
	int64_t bob = add_user(f, "bob@a.test");
	struct store_recipient recipients[] = {
		{ .original = 0, .user_id = bob, .address = "bob@a.test" },
		{ .original = 1, .address = "x@elsewhere.test" },
	};
	struct summary summary = { 0 };
	struct store_delivery delivery = with_message_id(f, &summary, "one@b.test", recipients, 2);
	int64_t now_ms = clock_now_ms();

	CHECK(deliver(f, &delivery) == ERROR_NONE);
	CHECK(read_journal(f, delivery.queue_id, 0) == 3);
	CHECK_ROW(is(0, STORE_JOURNAL_ACCEPTED, NULL, "test", "sender@b.test"), "who handed it in, and for whom");
	CHECK_ROW(is(1, STORE_JOURNAL_STORED, "bob@a.test", NULL, NULL), "stored");
	CHECK_ROW(is(2, STORE_JOURNAL_QUEUED, "x@elsewhere.test", NULL, NULL), "queued");
	CHECK_ROW(ask(f, "SELECT count(*) FROM journal") == 1, "in one row");
	CHECK(journal->at[0].at_ms >= now_ms && journal->at[0].at_ms <= clock_now_ms() && journal->next_entry_id == 0);
	CHECK(journal->at[0].id_hash == (summary_id_hash(BYTES("one@b.test")) & ~UINT64_C(65535)));
	CHECK_ROW(read_journal(f, 0, summary_id_hash(BYTES("one@b.test"))) == 3, "the Message-ID leads to all of it");
	CHECK_ROW(read_journal(f, 0, summary_id_hash(BYTES("two@b.test"))) == 0, "another one to nothing");
	CHECK_ROW(read_journal(f, 0, 0) == 0, "no id is nobody's");
	summary_release(&summary);
}

static void tries_and_the_end_are_noted_with_the_reply(struct fixture *f)
{
	struct store_queue_result results[] = {
		{ .outcome = STORE_QUEUE_RELEASE },
		{ .outcome = STORE_QUEUE_RETRY, .next_at_s = 1, .status = "451 later", .remote = "mx.test" },
		{ .outcome = STORE_QUEUE_DELIVERED, .status = "250 ok queued as 7", .remote = "mx.test" },
	};

	empty_the_queue(f);
	deliver_remote(f, "y@elsewhere.test", false, 0);
	for (size_t i = 0; i < 3; i++) {
		claim(f, 1, 600);
		results[i].item_id = answer.items->at[0].item_id;
		uint64_t queue_id = answer.items->at[0].queue_id;
		answer_clear();
		store_queue_done(f->client, &results[i], 1, NULL, on_done, f);
		wait_for(f);
		read_journal(f, queue_id, 0);
	}
	CHECK_ROW(journal->n == 4, "what was not tried is not noted");
	CHECK_ROW(is(2, STORE_JOURNAL_DEFERRED, "y@elsewhere.test", "mx.test", "451 later") && journal->at[2].next_at_s == 1, "deferred");
	CHECK_ROW(is(3, STORE_JOURNAL_DELIVERED, "y@elsewhere.test", "mx.test", "250 ok queued as 7"), "delivered");
}

static void what_is_special_about_a_copy_stands_behind_the_acceptance(struct fixture *f)
{
	struct store_recipient recipients[] = {
		{ .original = 0, .address = "x@held.test" },
		{ .original = 1, .user_id = 98765, .address = "gone@a.test" },
		{ .original = 2, .address = "y@elsewhere.test" },
	};
	struct store_delivery delivery = a_delivery(f, 100, recipients, 3);

	ask(f, "INSERT INTO destination(domain, hold) VALUES('held.test', 1)");
	delivery.report_refused = true;
	CHECK(deliver(f, &delivery) == ERROR_NONE);
	CHECK(read_journal(f, delivery.queue_id, 0) == 4 && is(0, STORE_JOURNAL_ACCEPTED, NULL, "test", "sender@b.test"));
	CHECK(is(1, STORE_JOURNAL_QUEUED, "y@elsewhere.test", NULL, NULL));
	CHECK(is(2, STORE_JOURNAL_QUEUED, "x@held.test", NULL, "held, like all mail for its domain"));
	CHECK(is(3, STORE_JOURNAL_QUEUED, "gone@a.test", NULL, "gone@a.test: no such user any more"));
	empty_the_queue(f);
}

static void a_failure_names_its_report(struct fixture *f)
{
	int64_t bob = answer.user.user_id;
	struct store_recipient recipient = { .user_id = bob, .address = "sender@b.test" };
	struct store_queue_result result = { .outcome = STORE_QUEUE_FAILED, .has_expired = true, .status = "too late" };

	get_user(f, "bob@a.test");
	recipient.user_id = answer.user.user_id;
	struct store_delivery report = a_delivery(f, 300, &recipient, 1);
	uint64_t report_id = report.queue_id;
	deliver_remote(f, "z@elsewhere.test", false, 0);
	claim(f, 1, 600);
	uint64_t queue_id = answer.items->at[0].queue_id;
	result.item_id = answer.items->at[0].item_id;
	answer_clear();
	store_queue_done(f->client, &result, 1, &report, on_done, f);
	CHECK(wait_for(f) == ERROR_NONE);
	CHECK(read_journal(f, queue_id, 0) == 4 && is(2, STORE_JOURNAL_EXPIRED, "z@elsewhere.test", NULL, "too late"));
	CHECK(journal->at[3].stage == STORE_JOURNAL_REPORTED && strlen(journal->at[3].detail) == 13);
	CHECK_ROW(read_journal(f, report_id, 0) == 2 && journal->at[1].stage == STORE_JOURNAL_STORED, "the report has its own life");
}

static void what_was_refused_for_good_is_noted(struct fixture *f)
{
	struct store_queue_result result = { .outcome = STORE_QUEUE_FAILED, .status = "550 nobody here", .remote = "mx.test" };

	deliver_remote(f, "nobody@elsewhere.test", false, 0);
	claim(f, 1, 600);
	uint64_t queue_id = answer.items->at[0].queue_id;
	result.item_id = answer.items->at[0].item_id;
	answer_clear();
	store_queue_done(f->client, &result, 1, NULL, on_done, f);
	CHECK(wait_for(f) == ERROR_NONE);
	CHECK(read_journal(f, queue_id, 0) == 3 && is(2, STORE_JOURNAL_FAILED, "nobody@elsewhere.test", "mx.test", "550 nobody here"));
}

static void a_transmission_repeated_by_a_peer_is_noted(struct fixture *f)
{
	static const unsigned char digest[STORE_DIGEST_SIZE] = { 7 };
	struct store_recipient recipient = { .user_id = 0, .address = "x@elsewhere.test" };

	for (size_t i = 0; i < 2; i++) {
		struct store_delivery delivery = a_delivery(f, 100, &recipient, 1);
		delivery.peer = "b.test";
		delivery.peer_transaction = "t1";
		delivery.digests = digest;
		CHECK(deliver(f, &delivery) == ERROR_NONE);
		CHECK(read_journal(f, delivery.queue_id, 0) == (i == 0 ? 2 : 1));
	}
	CHECK(is(0, STORE_JOURNAL_REPEATED, NULL, "test", "sender@b.test"));
}

/* Ids of other entries are made of the time as queue ids are: both may meet. */
static void an_arrival_whose_id_is_taken_has_another(struct fixture *f)
{
	struct store_recipient recipient = { .address = "x@elsewhere.test" };
	struct summary summary = { 0 };
	struct store_delivery delivery = with_message_id(f, &summary, "taken@b.test", &recipient, 1);

	ask(f, "INSERT INTO journal(entry_id, queue_id, after_ms, id_hash, stage, recipient) SELECT max(entry_id) + 1, 5, 0, 0, 5, 'other' FROM journal");
	delivery.queue_id = (uint64_t)ask(f, "SELECT max(entry_id) FROM journal");
	CHECK(deliver(f, &delivery) == ERROR_NONE);
	CHECK(read_journal(f, delivery.queue_id, 0) == 2 && is(0, STORE_JOURNAL_ACCEPTED, NULL, "test", "sender@b.test"));
	CHECK(is(1, STORE_JOURNAL_QUEUED, "x@elsewhere.test", NULL, NULL) && journal->at[0].queue_id == delivery.queue_id);
	CHECK_ROW(read_journal(f, 5, 0) == 1 && is(0, STORE_JOURNAL_DELIVERED, "other", NULL, NULL), "and the other its own");
	CHECK_ROW(read_journal(f, 0, summary_id_hash(BYTES("taken@b.test"))) == 2 && journal->at[0].queue_id == delivery.queue_id, "also by Message-ID");
	ask(f, "DELETE FROM journal WHERE queue_id = 5");
	empty_the_queue(f);
	summary_release(&summary);
}

static void one_message_is_told_in_order_though_the_clock_was_set_back(struct fixture *f)
{
	ask(f, "INSERT INTO journal(entry_id, after_ms, id_hash, stage) SELECT max(entry_id) + (86400000 << 22), 0, 0, 1 FROM journal");
	deliver_remote(f, "late@elsewhere.test", false, 0);
	claim(f, 1, 600);
	struct store_queue_result result = { .item_id = answer.items->at[0].item_id, .outcome = STORE_QUEUE_DELIVERED, .status = "250 ok", .remote = "mx.test" };
	uint64_t queue_id = answer.items->at[0].queue_id;
	int64_t now_ms = clock_now_ms();
	answer_clear();
	store_queue_done(f->client, &result, 1, NULL, on_done, f);
	wait_for(f);
	CHECK(read_journal(f, queue_id, 0) == 3 && journal->at[0].entry_id < journal->at[2].entry_id);
	CHECK(is(0, STORE_JOURNAL_ACCEPTED, NULL, "test", "sender@b.test") && is(2, STORE_JOURNAL_DELIVERED, "late@elsewhere.test", "mx.test", "250 ok"));
	CHECK_ROW(journal->at[2].at_ms >= now_ms && journal->at[2].at_ms <= clock_now_ms(), "at its time");
	ask(f, "DELETE FROM journal WHERE entry_id > (SELECT max(entry_id) - (43200000 << 22) FROM journal)");
}

static void a_message_id_is_found_among_many_arrivals(struct fixture *f)
{
	ask(f, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60010) "
	       "INSERT INTO journal(entry_id, after_ms, id_hash, stage, remote) SELECT 1000 * i, 0, i % 29999, 1, i FROM n");
	CHECK(read_journal(f, 0, 7 << 16 | 5) == 3 && is(0, STORE_JOURNAL_ACCEPTED, NULL, "7", NULL) && is(1, STORE_JOURNAL_ACCEPTED, NULL, "30006", NULL));
	CHECK(journal->at[1].queue_id == 30006000 && is(2, STORE_JOURNAL_ACCEPTED, NULL, "60005", NULL));
	CHECK_ROW(read_journal(f, 0, 29999 << 16) == 0, "none where there is none");
	CHECK_ROW(read_journal(f, 30006000, 0) == 1, "nor is another found by its queue id");
	ask(f, "DELETE FROM journal WHERE entry_id <= 60010000");
}

static void long_lives_come_in_batches(struct fixture *f)
{
	ask(f, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4500) "
	       "INSERT INTO journal(queue_id, after_ms, id_hash, stage, recipient) SELECT 77, 0, 0, 3, 'r' || i FROM n");
	size_t n = 0;
	int64_t from = 0;
	do {
		answer_clear();
		store_journal_read(f->client, 77, 0, from, on_journal, f);
		if (wait_for(f) != ERROR_NONE)
			break;
		n += journal->n;
		from = journal->next_entry_id;
	} while (from != 0);
	CHECK(n == 4500);
	ask(f, "DELETE FROM journal WHERE queue_id = 77");
}

/* The first two. */
static void make_them_as_old_as(struct fixture *f, int64_t ms)
{
	char sql[200];

	snprintf(sql, sizeof sql, "UPDATE journal SET after_ms = %lld - (entry_id >> 22) WHERE entry_id <= (SELECT entry_id FROM journal ORDER BY entry_id LIMIT 1 OFFSET 1)", (long long)(clock_now_ms() - ms));
	ask(f, sql);
}

static void old_entries_are_forgotten(struct fixture *f)
{
	int64_t n = ask(f, "SELECT count(*) FROM journal");

	make_them_as_old_as(f, 30 * DAY_MS - 600000);
	maintain(f);
	CHECK_ROW(ask(f, "SELECT count(*) FROM journal") == n, "none of less than thirty");
	make_them_as_old_as(f, 31 * DAY_MS);
	maintain(f);
	CHECK_ROW(ask(f, "SELECT count(*) FROM journal") == n - 2, "those of 31 days, no others");
	ask(f, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) "
	       "INSERT INTO journal(entry_id, queue_id, after_ms, id_hash, stage) SELECT i, 77, 1000, 0, 3 FROM n");
	maintain(f);
	CHECK_ROW(ask(f, "SELECT count(*) FROM journal") == n - 2, "also thousands");
}

int main(void)
{
	struct fixture f = { 0 };

	fixture_start(&f, "journal");
	acceptance_and_each_copy_are_noted(&f);
	tries_and_the_end_are_noted_with_the_reply(&f);
	what_is_special_about_a_copy_stands_behind_the_acceptance(&f);
	a_failure_names_its_report(&f);
	what_was_refused_for_good_is_noted(&f);
	a_transmission_repeated_by_a_peer_is_noted(&f);
	an_arrival_whose_id_is_taken_has_another(&f);
	one_message_is_told_in_order_though_the_clock_was_set_back(&f);
	a_message_id_is_found_among_many_arrivals(&f);
	long_lives_come_in_batches(&f);
	old_entries_are_forgotten(&f);
	CHECK(findings(&f) == 0);
	store_journal_destroy(journal);
	fixture_close(&f);
	return check_finish();
}
