#include "tests/unit/mailstore/fixture_turn.h"

#include "mailstore/queue_admin.h"

static struct store_queue_listing *listing;
static struct store_queue_counts counts;

static void on_listing(void *owner, const struct error *err, struct store_queue_listing *read)
{
	on_done(owner, err);
	store_queue_listing_destroy(listing);
	listing = read;
}

static size_t list(struct fixture *f, uint64_t queue_id, const char *domain)
{
	struct store_queue_filter filter = { .queue_id = queue_id, .domain = domain };

	answer_clear();
	store_queue_list(f->client, &filter, 0, on_listing, f);
	return wait_for(f) == ERROR_NONE ? listing->n : 99;
}

static void on_counts(void *owner, const struct error *err, const struct store_queue_counts *n)
{
	on_done(owner, err);
	counts = *n;
}

static enum error_kind administer(struct fixture *f, enum store_queue_op op, uint64_t queue_id, const char *domain)
{
	struct store_queue_filter filter = { .queue_id = queue_id, .domain = domain };

	answer_clear();
	store_queue_admin(f->client, op, &filter, on_counts, f);
	return wait_for(f);
}

/* Two recipients at b.test and one at c.test.  Returns the queue id. */
static uint64_t queue_three(struct fixture *f, bool lease)
{
	struct store_recipient recipients[] = {
		{ .original = 0, .address = "x@b.test", .original_recipient = "rfc822;x" },
		{ .original = 1, .address = "y@B.test" },
		{ .original = 2, .address = "z@c.test" },
	};
	struct store_delivery delivery = a_delivery(f, 500, recipients, 3);
	uint64_t queue_id = delivery.queue_id;

	delivery.local_prefix = 20;
	delivery.envelope_id = "env";
	delivery.lease = lease;
	delivery.lease_s = 600;
	deliver(f, &delivery);
	return queue_id;
}

static void clear_queue(struct fixture *f)
{
	ask(f, "INSERT OR REPLACE INTO gc(message_id, at) SELECT message_id, 1 FROM qmsg");
	ask(f, "DELETE FROM qrcpt");
	ask(f, "DELETE FROM qmsg");
	ask(f, "DELETE FROM destination");
}

static void the_list_shows_what_waits(struct fixture *f)
{
	uint64_t first = queue_three(f, false), second = queue_three(f, false);

	CHECK(list(f, 0, NULL) == 6 && listing->next_item_id == 0);
	const struct store_queue_entry *entry = &listing->at[0];
	CHECK(entry->queue_id == first && entry->size == 500 && entry->skip == 20 && entry->tries == 0 && entry->state == STORE_QUEUE_WAITING);
	CHECK_TEXT(entry->sender, "sender@b.test", "reverse-path");
	CHECK_TEXT(entry->recipient, "x@b.test", "recipient");
	CHECK_TEXT(entry->envelope_id, "env", "ENVID");
	CHECK_TEXT(entry->original_recipient, "rfc822;x", "ORCPT");
	CHECK(entry->status == NULL && entry->next_at_s <= clock_now_s() && !entry->is_refused);
	CHECK_ROW(list(f, second, NULL) == 3 && listing->at[2].queue_id == second, "of one message");
	CHECK_ROW(list(f, 0, "b.TEST") == 4, "of one domain, without case");
	CHECK_ROW(list(f, second, "c.test") == 1, "of both");
	CHECK_ROW(list(f, 12345, NULL) == 0, "of none");
	CHECK_ROW(list(f, 0, "test") == 0, "a domain is not the end of another");
	claim(f, 2, 600);
	CHECK_ROW(list(f, first, NULL) == 3 && listing->at[0].state == STORE_QUEUE_IN_TRANSIT && listing->at[2].state == STORE_QUEUE_WAITING, "in transit");
	ask(f, "UPDATE qrcpt SET token = 5");
	CHECK_ROW(list(f, first, NULL) == 3 && listing->at[0].state == STORE_QUEUE_WAITING && listing->at[0].next_at_s <= clock_now_s(), "a dead process's rows are due");
	clear_queue(f);
}

static void a_long_list_comes_in_batches(struct fixture *f)
{
	size_t n = 0;
	int64_t from = 0;

	queue_three(f, false);
	ask(f, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) "
	       "INSERT INTO qrcpt(item_id, queue_id, recipient, next_at) SELECT 100000 + i, queue_id, 'u' || i || CASE WHEN i % 100 THEN '@b.test' ELSE '@d.test' END, 1 FROM n, qmsg");
	do {
		struct store_queue_filter filter = { .domain = "d.test" };
		answer_clear();
		store_queue_list(f->client, &filter, from, on_listing, f);
		if (wait_for(f) != ERROR_NONE)
			break;
		n += listing->n;
		from = listing->next_item_id;
	} while (from != 0);
	CHECK(n == 50);
	CHECK(administer(f, STORE_QUEUE_OP_HOLD, 0, "b.test") == ERROR_NONE && counts.n_changed == 4952 && counts.n_matched == 4952);
	CHECK(administer(f, STORE_QUEUE_OP_DELETE, 0, NULL) == ERROR_NONE && counts.n_changed == 5003);
	clear_queue(f);
}

static void hold_keeps_and_release_frees(struct fixture *f)
{
	uint64_t queue_id = queue_three(f, false);

	ask(f, "DELETE FROM journal");
	CHECK(administer(f, STORE_QUEUE_OP_HOLD, queue_id, NULL) == ERROR_NONE && counts.n_changed == 3);
	CHECK_ROW(administer(f, STORE_QUEUE_OP_HOLD, queue_id, NULL) == ERROR_NONE && counts.n_changed == 0 && counts.n_held == 3, "twice is once");
	CHECK(claim(f, 10, 600) == ERROR_NONE && answer.items->n == 0);
	CHECK(list(f, queue_id, NULL) == 3 && listing->at[0].state == STORE_QUEUE_HELD);
	CHECK_ROW(administer(f, STORE_QUEUE_OP_RETRY, queue_id, NULL) == ERROR_NONE && counts.n_changed == 0 && counts.n_held == 3, "retry leaves them held");
	ask(f, "UPDATE qrcpt SET next_at = next_at + 5000");
	CHECK(administer(f, STORE_QUEUE_OP_RELEASE, queue_id, NULL) == ERROR_NONE && counts.n_changed == 3);
	CHECK_ROW(claim(f, 10, 600) == ERROR_NONE && answer.items->n == 3, "due at once");
	CHECK_ROW(!answer.items->at[0].is_urgent, "and no more than due");
	CHECK_ROW(administer(f, STORE_QUEUE_OP_HOLD, queue_id, NULL) == ERROR_NONE && counts.n_changed == 3 && counts.n_in_transit == 3, "one in transit is held when it comes back");
	int64_t item_id = ask(f, "SELECT min(item_id) FROM qrcpt");
	finish(f, item_id, STORE_QUEUE_RETRY, 1);
	CHECK(claim(f, 10, 600) == ERROR_NONE && answer.items->n == 0);
	CHECK(ask(f, "SELECT count(*) FROM journal WHERE stage = 10 AND detail = 'held'") == 6);
	clear_queue(f);
}

static void a_held_domain_holds_what_comes(struct fixture *f)
{
	CHECK(administer(f, STORE_QUEUE_OP_HOLD, 0, "B.test") == ERROR_NONE && counts.n_matched == 0);
	queue_three(f, true);
	CHECK_ROW(answer.items != NULL && answer.items->n == 1, "no row to it is born leased");
	CHECK_TEXT(answer.items->at[0].recipient, "z@c.test", "others are");
	CHECK(list(f, 0, "b.test") == 2 && listing->domain_is_held && listing->at[1].state == STORE_QUEUE_HELD);
	CHECK(list(f, 0, "c.test") == 1 && !listing->domain_is_held);
	CHECK(administer(f, STORE_QUEUE_OP_RELEASE, 0, "b.test") == ERROR_NONE && counts.n_changed == 2);
	CHECK(list(f, 0, "b.test") == 2 && !listing->domain_is_held);
	CHECK(findings(f) == 0);
	clear_queue(f);
}

/* All of it shares a commit: the rows of what comes behind a hold are held, and no more behind a release. */
static void a_hold_is_seen_by_what_comes_in_its_own_batch(struct fixture *f)
{
	static const enum store_queue_op ops[] = { STORE_QUEUE_OP_HOLD, STORE_QUEUE_OP_RELEASE };
	struct store_queue_filter filter = { .domain = "b.test" };
	struct store_recipient recipients[] = { { .address = "first@b.test" }, { .address = "held@b.test" }, { .address = "free@b.test" } };
	int fd = hold_turn(f);

	for (size_t i = 0; i < 3; i++) {
		struct store_delivery delivery = a_delivery(f, 100, &recipients[i], 1);
		store_deliver(f->client, &delivery, on_delivered, f);
		if (i < 2)
			store_queue_admin(f->client, ops[i], &filter, on_counts, f);
	}
	close(fd);
	CHECK(wait_for(f) == ERROR_NONE);
	CHECK_ROW(counts.n_matched == 2 && counts.n_changed == 2, "the release frees the one that was there and the one that came");
	CHECK(ask(f, "SELECT count(*) FROM journal WHERE stage = 3 AND recipient = 'held@b.test' AND detail LIKE 'held%'") == 1);
	CHECK_ROW(list(f, 0, "b.test") == 3 && ask(f, "SELECT count(*) FROM qrcpt WHERE hold <> 0") == 0, "none is held in the end");
	CHECK(findings(f) == 0);
	clear_queue(f);
}

static void retry_is_urgent(struct fixture *f)
{
	uint64_t queue_id = queue_three(f, false);

	ask(f, "UPDATE qrcpt SET next_at = next_at + 5000");
	CHECK(administer(f, STORE_QUEUE_OP_RETRY, 0, "b.test") == ERROR_NONE && counts.n_changed == 2);
	CHECK(claim(f, 10, 600) == ERROR_NONE && answer.items->n == 2 && answer.items->at[0].is_urgent);
	CHECK_ROW(administer(f, STORE_QUEUE_OP_RETRY, queue_id, NULL) == ERROR_NONE && counts.n_changed == 1 && counts.n_in_transit == 2, "what is being tried is left alone");
	clear_queue(f);
}

static void expire_leaves_a_reason_for_the_report(struct fixture *f)
{
	uint64_t queue_id = queue_three(f, false);

	administer(f, STORE_QUEUE_OP_HOLD, queue_id, NULL);
	ask(f, "UPDATE qrcpt SET status = '451 later' WHERE recipient = 'x@b.test'");
	CHECK(administer(f, STORE_QUEUE_OP_EXPIRE, queue_id, "b.test") == ERROR_NONE && counts.n_changed == 2);
	CHECK(list(f, queue_id, NULL) == 3 && listing->at[0].is_refused && !listing->at[2].is_refused);
	CHECK(claim(f, 10, 600) == ERROR_NONE && answer.items->n == 2 && answer.items->at[0].is_given_up);
	CHECK_TEXT(answer.items->at[0].refused, "given up by the administrator; before: 451 later", "the last reply is told");
	CHECK_TEXT(answer.items->at[1].refused, "given up by the administrator", "there was none");
	clear_queue(f);
}

static void deleted_rows_are_gone_but_not_leased_ones(struct fixture *f)
{
	uint64_t first = queue_three(f, false), second = queue_three(f, false);

	claim(f, 1, 600);
	CHECK(administer(f, STORE_QUEUE_OP_DELETE, first, NULL) == ERROR_NONE && counts.n_changed == 2 && counts.n_in_transit == 1);
	CHECK(list(f, first, NULL) == 1 && ask(f, "SELECT min(n_left) FROM qmsg") == 1);
	CHECK(administer(f, STORE_QUEUE_OP_DELETE, second, NULL) == ERROR_NONE && counts.n_changed == 3);
	CHECK(list(f, second, NULL) == 0 && ask(f, "SELECT count(*) FROM qmsg") == 1);
	CHECK(administer(f, STORE_QUEUE_OP_DELETE, second, NULL) == ERROR_NOT_FOUND);
	ask(f, "UPDATE qrcpt SET token = 5");
	ask(f, "INSERT INTO lease(token, pid, program, since) VALUES(5, 1, 'dead', 1)");
	CHECK_ROW(administer(f, STORE_QUEUE_OP_DELETE, first, NULL) == ERROR_NONE && counts.n_changed == 1, "a dead process holds nothing");
	CHECK(ask(f, "SELECT count(*) FROM qmsg") == 0 && findings(f) == 0);
	clear_queue(f);
}

static struct store_stats stats;

static void on_stats(void *owner, const struct error *err, const struct store_stats *read)
{
	on_done(owner, err);
	stats = *read;
}

static void stats_count_it_all(struct fixture *f)
{
	int64_t bob = add_user(f, "bob@a.test");

	ask(f, "DELETE FROM journal");
	deliver_to(f, 300, &bob, 1);
	uint64_t queue_id = queue_three(f, false);
	queue_three(f, false);
	claim(f, 1, 600);
	ask(f, "UPDATE qrcpt SET next_at = next_at + 5000 WHERE token = 0 AND recipient = 'z@c.test'");
	administer(f, STORE_QUEUE_OP_HOLD, queue_id, "c.test");
	answer_clear();
	store_stats(f->client, on_stats, f);
	CHECK(wait_for(f) == ERROR_NONE);
	CHECK(stats.n_users == 1 && stats.n_mailboxes == 6 && stats.n_messages == 1 && stats.n_octets == 300);
	CHECK(stats.n_queue_messages == 2 && stats.n_in_transit == 1 && stats.n_held == 1 && stats.n_waiting == 4 && stats.n_due == 3 && stats.n_held_domains == 1);
	CHECK(stats.oldest_s > 1700000000 && stats.next_at_s > 1700000000 && stats.next_at_s <= clock_now_s());
	CHECK(stats.n_journal == 4 && stats.database_octets > 0 && stats.wal_octets > 0 && stats.room_octets > 0);
	clear_queue(f);
}

/* Ids lie as the times do: the newer half four times as dense as the older. */
static void a_long_journal_is_counted_about(struct fixture *f)
{
	ask(f, "DELETE FROM journal");
	ask(f, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000) "
	       "INSERT INTO journal(entry_id, after_ms, id_hash, stage) SELECT 4000000 * i, 0, 0, 1 FROM n UNION ALL SELECT 4000000 * 50000 + 1000000 * i, 0, 0, 1 FROM n");
	answer_clear();
	store_stats(f->client, on_stats, f);
	CHECK(wait_for(f) == ERROR_NONE && stats.n_journal >= 99000 && stats.n_journal <= 101000);
	ask(f, "DELETE FROM journal WHERE entry_id > 4000000 * 49999");
	store_stats(f->client, on_stats, f);
	CHECK(wait_for(f) == ERROR_NONE && stats.n_journal == 49999);
	ask(f, "DELETE FROM journal");
}

int main(void)
{
	struct fixture f = { 0 };

	fixture_start(&f, "queue-admin");
	the_list_shows_what_waits(&f);
	a_long_list_comes_in_batches(&f);
	hold_keeps_and_release_frees(&f);
	a_held_domain_holds_what_comes(&f);
	a_hold_is_seen_by_what_comes_in_its_own_batch(&f);
	retry_is_urgent(&f);
	expire_leaves_a_reason_for_the_report(&f);
	deleted_rows_are_gone_but_not_leased_ones(&f);
	stats_count_it_all(&f);
	a_long_journal_is_counted_about(&f);
	store_queue_listing_destroy(listing);
	fixture_close(&f);
	return check_finish();
}
