#include "tests/unit/mailstore/fixture_requests.h"

static void deliver_many(struct fixture *f, int64_t user, size_t n)
{
	for (size_t i = 0; i < n; i++)
		deliver_to(f, 100, &user, 1);
}

static const struct store_mailbox *counters(struct fixture *f, int64_t user)
{
	open_mailbox(f, user, "INBOX", false);
	return &answer.snapshot->mailbox;
}

static void flags_are_set_added_and_removed(struct fixture *f)
{
	static const struct { const char *name; enum store_flags_op op; uint64_t bits, before, after; bool changes; } rows[] = {
		{ "add", STORE_FLAGS_ADD, STORE_SEEN, 0, STORE_SEEN, true },
		{ "add again", STORE_FLAGS_ADD, STORE_SEEN, STORE_SEEN, STORE_SEEN, false },
		{ "add another", STORE_FLAGS_ADD, STORE_DELETED, STORE_SEEN, STORE_SEEN | STORE_DELETED, true },
		{ "remove", STORE_FLAGS_REMOVE, STORE_SEEN, STORE_SEEN | STORE_DELETED, STORE_DELETED, true },
		{ "set", STORE_FLAGS_SET, STORE_FLAGGED, STORE_DELETED, STORE_FLAGGED, true },
		{ "set nothing", STORE_FLAGS_SET, 0, STORE_FLAGGED, 0, true },
	};
	int64_t bob = add_user(f, "bob@a.test"), inbox = inbox_of(f, bob);

	deliver_many(f, bob, 3);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint64_t before = counters(f, bob)->modseq;
		CHECK_ROW(set_flags(f, inbox, 2, 2, rows[i].op, rows[i].bits, NULL, UINT64_MAX) == ERROR_NONE, rows[i].name);
		CHECK_ROW(answer.modseq == (rows[i].changes ? before + 1 : 0), rows[i].name);
		scan(f, inbox, 2, 2, 0, false);
		CHECK_ROW(answer.messages->at[0].flags == rows[i].after, rows[i].name);
		const struct store_mailbox *now = counters(f, bob);
		CHECK_ROW(now->n_unseen == 3u - ((rows[i].after & STORE_SEEN) != 0), rows[i].name);
		CHECK_ROW(now->n_deleted == ((rows[i].after & STORE_DELETED) != 0), rows[i].name);
	}
	CHECK(add_flags(f, 12345, 1, 1, STORE_SEEN) == ERROR_NOT_FOUND);
	CHECK(findings(f) == 0);
}

static void keywords_are_made_up_to_their_number(struct fixture *f)
{
	int64_t bob = add_user(f, "carol@a.test"), inbox = inbox_of(f, bob);
	char name[32];

	deliver_many(f, bob, 1);
	for (int i = 0; i < STORE_KEYWORDS_MAX; i++) {
		snprintf(name, sizeof name, "$Label%d", i);
		CHECK(set_flags(f, inbox, 1, 1, STORE_FLAGS_ADD, 0, name, UINT64_MAX) == ERROR_NONE);
	}
	CHECK(set_flags(f, inbox, 1, 1, STORE_FLAGS_ADD, 0, "$OneMore", UINT64_MAX) == ERROR_LIMIT);
	CHECK_ROW(set_flags(f, inbox, 1, 1, STORE_FLAGS_ADD, 0, "$LABEL7", UINT64_MAX) == ERROR_NONE && answer.modseq == 0, "without case");
	CHECK(set_flags(f, inbox, 1, 1, STORE_FLAGS_ADD, 0, "a b", UINT64_MAX) == ERROR_SYNTAX);
	CHECK_ROW(set_flags(f, inbox, 1, 1, STORE_FLAGS_REMOVE, 0, "$Unknown", UINT64_MAX) == ERROR_NONE, "nothing to remove");
	scan(f, inbox, 1, 1, 0, false);
	CHECK(answer.messages->at[0].flags == UINT64_C(0x7fffffffffffff) << 8);
	open_mailbox(f, bob, "INBOX", false);
	CHECK_TEXT(answer.snapshot->keywords.names[8], "$Label0", "the lowest bit first");
	CHECK_TEXT(answer.snapshot->keywords.names[62], "$Label54", "the highest last");
}

static void unchanged_since_leaves_newer_ones_alone(struct fixture *f)
{
	int64_t bob = add_user(f, "dave@a.test"), inbox = inbox_of(f, bob);

	deliver_many(f, bob, 4);
	uint64_t since = counters(f, bob)->modseq;
	add_flags(f, inbox, 2, 3, STORE_FLAGGED);
	CHECK(set_flags(f, inbox, 1, 9, STORE_FLAGS_ADD, STORE_SEEN, NULL, since) == ERROR_NONE);
	CHECK(answer.uids.n == 1 && answer.uids.at[0].first == 2 && answer.uids.at[0].last == 3);
	CHECK(counters(f, bob)->n_unseen == 2);
}

static void modseq_rises_once_a_request_even_within_one_batch(struct fixture *f)
{
	int64_t bob = add_user(f, "erin@a.test"), inbox = inbox_of(f, bob);
	struct ranges all = { 0 };

	deliver_many(f, bob, 3);
	uint64_t before = counters(f, bob)->modseq;
	ranges_add_range(&all, 1, 3);
	struct store_flags_change change = { .mailbox_id = inbox, .uids = &all, .op = STORE_FLAGS_ADD, .bits = STORE_SEEN, .unchanged_since = UINT64_MAX };
	store_message_flags(f->client, &change, on_flags, f);
	change.bits = STORE_FLAGGED;
	store_message_flags(f->client, &change, on_flags, f);
	wait_for(f);
	CHECK(counters(f, bob)->modseq == before + 2);
	scan(f, inbox, 1, 3, 0, false);
	for (size_t i = 0; i < 3; i++)
		CHECK(answer.messages->at[i].modseq == before + 2);
	ranges_release(&all);
}

static void expunge_removes_what_is_deleted(struct fixture *f)
{
	int64_t bob = add_user(f, "frank@a.test"), inbox = inbox_of(f, bob);
	struct ranges only = { 0 };

	deliver_many(f, bob, 6);
	uint64_t before = counters(f, bob)->modseq;
	CHECK_ROW(expunge(f, inbox) == ERROR_NONE && answer.modseq == 0 && ranges_is_empty(&answer.uids), "nothing to do");
	add_flags(f, inbox, 2, 5, STORE_DELETED);
	answer_clear();
	ranges_add_range(&only, 3, 4);
	store_message_expunge(f->client, inbox, &only, on_flags, f);
	CHECK(wait_for(f) == ERROR_NONE && answer.modseq == before + 2);
	CHECK(ranges_count(&answer.uids) == 2 && ranges_first(&answer.uids) == 3 && ranges_last(&answer.uids) == 4);
	CHECK(expunge(f, inbox) == ERROR_NONE && ranges_count(&answer.uids) == 2);
	const struct store_mailbox *now = counters(f, bob);
	CHECK(now->n_messages == 2 && now->n_deleted == 0 && now->n_unseen == 2 && now->n_octets == 200 && now->uidnext == 7);
	CHECK(get_user(f, "frank@a.test") == ERROR_NONE && answer.user.used == 200 && answer.user.n_messages == 2);
	CHECK(findings(f) == 0);
	ranges_release(&only);
}

static void flags_alone_are_scanned_without_the_rest_of_the_row(struct fixture *f)
{
	int64_t bob = add_user(f, "flo@a.test"), inbox = inbox_of(f, bob);

	deliver_many(f, bob, 3);
	add_flags(f, inbox, 2, 2, STORE_DELETED | STORE_SEEN);
	add_flags(f, inbox, 3, 3, STORE_FLAGGED);
	expunge(f, inbox);
	for (int with_expunged = 0; with_expunged < 2; with_expunged++) {
		CHECK(scan(f, inbox, 1, 9, STORE_FIELD_ONLY_FLAGS, with_expunged) == ERROR_NONE && answer.messages->n == 2u + with_expunged);
		const struct store_message *last = &answer.messages->at[answer.messages->n - 1];
		CHECK(last->uid == 3 && last->flags == STORE_FLAGGED && last->modseq > answer.messages->at[0].modseq);
		CHECK(last->size == 0 && last->message_id == 0);
	}
	CHECK(answer.messages->at[1].uid == 2 && answer.messages->at[1].flags == (STORE_DELETED | STORE_SEEN));
	CHECK(scan(f, inbox, 7, 9, STORE_FIELD_ONLY_FLAGS, true) == ERROR_NONE && answer.messages->n == 0 && answer.messages->next_uid == 0);
	CHECK(findings(f) == 0);
}

static void an_expunged_message_stays_readable_until_retain(struct fixture *f)
{
	int64_t bob = add_user(f, "grace@a.test"), inbox = inbox_of(f, bob);

	deliver_many(f, bob, 3);
	scan(f, inbox, 2, 2, 0, false);
	int64_t message_id = answer.messages->at[0].message_id;
	add_flags(f, inbox, 2, 2, STORE_DELETED | STORE_SEEN);
	expunge(f, inbox);
	CHECK(scan(f, inbox, 1, 9, 0, false) == ERROR_NONE && answer.messages->n == 2);
	CHECK(scan(f, inbox, 1, 9, STORE_FIELD_ENVELOPE, true) == ERROR_NONE && answer.messages->n == 3);
	CHECK(answer.messages->at[1].uid == 2 && answer.messages->at[1].flags == (STORE_DELETED | STORE_SEEN));
	CHECK(bytes_equal(answer.messages->at[1].envelope, BYTES("an envelope")));
	maintain(f);
	CHECK_ROW(reads_back(f, message_id, 100), "the reaper waits");
	ask(f, "UPDATE gc SET at = at - 3601");
	ask(f, "UPDATE tomb SET at = at - 3601");
	CHECK(scan(f, inbox, 1, 9, 0, true) == ERROR_NONE && answer.messages->n == 2);
	CHECK(maintain(f) == ERROR_NONE);
	CHECK_ROW(read_octets(f, message_id, 0, 10) == ERROR_NOT_FOUND, "then it is gone");
	CHECK(ask(f, "SELECT count(*) FROM gc") == 0);
	CHECK(findings(f) == 0);
}

static void changes_tell_what_is_new_changed_and_gone(struct fixture *f)
{
	int64_t bob = add_user(f, "heidi@a.test"), inbox = inbox_of(f, bob);

	deliver_many(f, bob, 5);
	uint64_t since = counters(f, bob)->modseq;
	CHECK(changes_since(f, inbox, since) == ERROR_NONE && answer.changes->n == 0 && ranges_is_empty(&answer.changes->vanished));
	add_flags(f, inbox, 2, 2, STORE_SEEN);
	add_flags(f, inbox, 4, 4, STORE_DELETED);
	expunge(f, inbox);
	deliver_many(f, bob, 1);
	set_flags(f, inbox, 5, 5, STORE_FLAGS_ADD, 0, "$New", UINT64_MAX);
	CHECK(changes_since(f, inbox, since) == ERROR_NONE && answer.changes->n == 3);
	CHECK(answer.changes->at[0].uid == 2 && answer.changes->at[0].flags == STORE_SEEN);
	CHECK(answer.changes->at[1].uid == 5 && answer.changes->at[1].flags == 256);
	CHECK(answer.changes->at[2].uid == 6);
	CHECK(ranges_count(&answer.changes->vanished) == 1 && ranges_first(&answer.changes->vanished) == 4);
	CHECK(!answer.changes->vanished_is_incomplete && answer.changes->mailbox.n_messages == 5);
	CHECK_TEXT(answer.changes->keywords.names[8], "$New", "new keywords come along");
	uint64_t now = answer.changes->mailbox.modseq;
	CHECK(changes_since(f, inbox, now) == ERROR_NONE && answer.changes->n == 0);
	CHECK(changes_since(f, 4711, 1) == ERROR_NOT_FOUND);
}

static void on_modseqs(void *owner, const struct error *err, const struct store_hint *at, size_t n)
{
	on_done(owner, err);
	answer.n = n;
	answer.modseq = n == 2 && at[1].modseq == 0 ? at[0].modseq : 0;
}

static void modseqs_of_several_mailboxes_come_in_one_read(struct fixture *f)
{
	int64_t bob = add_user(f, "mallory@a.test"), ids[2] = { inbox_of(f, bob), 4711 };

	deliver_many(f, bob, 2);
	answer_clear();
	store_mailbox_modseqs(f->client, ids, 2, on_modseqs, f);
	CHECK_ROW(wait_for(f) == ERROR_NONE && answer.n == 2 && answer.modseq == 3, "0 for one that is gone");
}

static void tombstones_are_pruned_after_a_month(struct fixture *f)
{
	int64_t bob = add_user(f, "ivan@a.test"), inbox = inbox_of(f, bob);

	deliver_many(f, bob, 2);
	add_flags(f, inbox, 1, 1, STORE_DELETED);
	expunge(f, inbox);
	uint64_t modseq = answer.modseq;
	ask(f, "UPDATE tomb SET at = at - 30 * 86400 + 600");
	CHECK_ROW(maintain(f) == ERROR_NONE && changes_since(f, inbox, modseq - 1) == ERROR_NONE && !answer.changes->vanished_is_incomplete &&
	          ranges_contains(&answer.changes->vanished, 1), "not before");
	ask(f, "UPDATE tomb SET at = at - 600");
	CHECK(maintain(f) == ERROR_NONE && ask(f, "SELECT count(*) FROM tomb") == 0);
	CHECK(changes_since(f, inbox, modseq - 1) == ERROR_NONE && answer.changes->vanished_is_incomplete);
	CHECK(changes_since(f, inbox, modseq) == ERROR_NONE && !answer.changes->vanished_is_incomplete);
}

static void on_recent(void *owner, const struct error *err, uint32_t first_uid, uint32_t next_uid)
{
	on_done(owner, err);
	if (err == NULL && first_uid < next_uid)
		ranges_add_range(&answer.uids, first_uid, next_uid - 1);
}

static void recent_belongs_to_the_first_session_that_selects(struct fixture *f)
{
	int64_t bob = add_user(f, "judy@a.test"), inbox = inbox_of(f, bob);

	deliver_many(f, bob, 2);
	add_flags(f, inbox, 1, 1, STORE_SEEN);
	CHECK(open_mailbox(f, bob, "INBOX", false) == ERROR_NONE && answer.snapshot->mailbox.n_recent == 2);
	CHECK(answer.snapshot->first_unseen_uid == 2 && answer.snapshot->first_recent_uid == 1);
	CHECK(open_mailbox(f, bob, "INBOX", true) == ERROR_NONE && answer.snapshot->first_recent_uid == 1);
	CHECK(open_mailbox(f, bob, "INBOX", true) == ERROR_NONE && answer.snapshot->first_recent_uid == 3 && answer.snapshot->mailbox.n_recent == 0);
	deliver_many(f, bob, 1);
	CHECK(open_mailbox(f, bob, "INBOX", false) == ERROR_NONE && answer.snapshot->mailbox.n_recent == 1);
	CHECK(open_mailbox(f, bob, "Nowhere", true) == ERROR_NOT_FOUND);
	answer_clear();
	store_mailbox_take_recent(f->client, inbox, on_recent, f);
	CHECK_ROW(wait_for(f) == ERROR_NONE && ranges_first(&answer.uids) == 3 && ranges_last(&answer.uids) == 3, "an open session takes what came");
	answer_clear();
	store_mailbox_take_recent(f->client, inbox, on_recent, f);
	CHECK(wait_for(f) == ERROR_NONE && ranges_is_empty(&answer.uids));
	answer_clear();
	store_mailbox_take_recent(f->client, 4711, on_recent, f);
	CHECK(wait_for(f) == ERROR_NOT_FOUND);
}

static struct store_append_item an_item(struct fixture *f, size_t len, const char *const *keywords, size_t n)
{
	static struct summary summary;

	return (struct store_append_item){
		.body = make_body(f, len), .summary = &summary, .flags = STORE_SEEN, .keywords = keywords, .n_keywords = n,
		.internal_date_s = 1234567890,
	};
}

static void append_is_all_or_none(struct fixture *f)
{
	static const char *const keywords[] = { "$Forwarded", "$Work" };
	int64_t bob = add_user(f, "ken@a.test");
	struct store_append_item items[2] = { an_item(f, 100, keywords, 2), an_item(f, 2000000, keywords + 1, 1) };

	answer_clear();
	store_append(f->client, bob, BYTES("Sent"), items, 2, on_appended, f);
	CHECK(wait_for(f) == ERROR_NONE && ranges_count(&answer.uids) == 2 && ranges_first(&answer.uids) == 1 && answer.uidvalidity > 0);
	open_mailbox(f, bob, "Sent", false);
	int64_t sent = answer.snapshot->mailbox.mailbox_id;
	CHECK(answer.snapshot->mailbox.n_unseen == 0 && answer.snapshot->mailbox.n_messages == 2 && answer.snapshot->mailbox.modseq == 2);
	scan(f, sent, 1, 2, 0, false);
	CHECK(answer.messages->at[0].flags == (STORE_SEEN | 3 << 8) && answer.messages->at[1].flags == (STORE_SEEN | 2 << 8));
	CHECK(answer.messages->at[0].internal_date_s == 1234567890);
	CHECK(reads_back(f, answer.messages->at[1].message_id, 2000000));
	ask(f, "UPDATE user SET quota_octets = used_octets + 150 WHERE name = 'ken@a.test'");
	items[0] = an_item(f, 100, NULL, 0);
	items[1] = an_item(f, 100, NULL, 0);
	answer_clear();
	store_append(f->client, bob, BYTES("Sent"), items, 2, on_appended, f);
	CHECK(wait_for(f) == ERROR_FULL && ranges_is_empty(&answer.uids));
	items[0] = an_item(f, 100, NULL, 0);
	answer_clear();
	store_append(f->client, bob, BYTES("Nowhere"), items, 1, on_appended, f);
	CHECK_ROW(wait_for(f) == ERROR_NOT_FOUND, "TRYCREATE");
	CHECK(ask(f, "SELECT count(*) FROM msg WHERE id >> 32 = (SELECT mailbox_id FROM mailbox JOIN user USING(user_id) "
	             "WHERE user.name = 'ken@a.test' AND mailbox.name = 'Sent')") == 2);
	CHECK(findings(f) == 0);
}

/* The 25,000 of a big mailbox: each once, by ascending UID. */
static void walk(struct fixture *f, int64_t inbox, unsigned fields, bool with_expunged, size_t n_max)
{
	uint32_t from = 1, last = 0;
	size_t n = 0;
	bool is_ascending = true;

	do {
		CHECK(scan(f, inbox, from, UINT32_MAX, fields, with_expunged) == ERROR_NONE);
		CHECK_ROW(answer.messages->n <= n_max && answer.messages->n > 0, "a batch is bounded");
		for (size_t i = 0; i < answer.messages->n; i++) {
			is_ascending = is_ascending && answer.messages->at[i].uid > last;
			last = answer.messages->at[i].uid;
		}
		n += answer.messages->n;
		from = answer.messages->next_uid;
	} while (from != 0);
	CHECK(n == 25000 && is_ascending);
}

static void expunge_every_other(struct fixture *f, int64_t inbox)
{
	struct ranges even = { 0 };

	for (uint32_t uid = 2; uid <= 25000; uid += 2)
		ranges_add(&even, uid);
	answer_clear();
	store_message_expunge(f->client, inbox, &even, on_flags, f);
	CHECK(wait_for(f) == ERROR_NONE && ranges_count(&answer.uids) == 12500);
	ranges_release(&even);
}

/* 25,000 rows made by hand: deliveries would take too long. */
static void big_mailboxes_are_walked_in_batches(struct fixture *f)
{
	int64_t bob = add_user(f, "big@a.test"), inbox = inbox_of(f, bob);
	char *sql = xprintf("WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n WHERE i < 25000) "
	                    "INSERT INTO msg(id, modseq, flags, internal_date, saved_after, size, sent, message_id) "
	                    "SELECT %lld << 32 | i, 1, 8, 0, 0, 100, 0, (SELECT message_id FROM message WHERE size = 100 LIMIT 1) FROM n", (long long)inbox);

	ask(f, sql);
	free(sql);
	ask(f, "UPDATE mailbox SET n_messages = 25000, n_unseen = 25000, n_deleted = 25000, n_octets = 2500000, uidnext = 25001 "
	       "WHERE name = 'INBOX' AND user_id = (SELECT user_id FROM user WHERE name = 'big@a.test')");
	ask(f, "UPDATE user SET used_messages = 25000, used_octets = 2500000 WHERE name = 'big@a.test'");
	CHECK(open_mailbox(f, bob, "INBOX", false) == ERROR_NONE && ranges_count(&answer.snapshot->uids) == 25000);
	walk(f, inbox, 0, false, 2000);
	walk(f, inbox, STORE_FIELD_ONLY_FLAGS, false, 4000);
	CHECK(add_flags(f, inbox, 1, UINT32_MAX, STORE_SEEN) == ERROR_NONE && answer.modseq >= 5);
	CHECK(counters(f, bob)->n_unseen == 0);
	CHECK(changes_since(f, inbox, 1) == ERROR_NONE && answer.changes->n == 25000);
	expunge_every_other(f, inbox);
	walk(f, inbox, 0, true, 4000);
	walk(f, inbox, STORE_FIELD_ONLY_FLAGS, true, 6000);
	CHECK(expunge(f, inbox) == ERROR_NONE && ranges_count(&answer.uids) == 12500);
	CHECK(counters(f, bob)->n_messages == 0 && answer.snapshot->mailbox.n_octets == 0);
	CHECK(changes_since(f, inbox, 1) == ERROR_NONE && answer.changes->n == 0 && ranges_count(&answer.changes->vanished) == 25000);
	walk(f, inbox, 0, true, 4000);
	CHECK(findings(f) == 0);
}

int main(void)
{
	struct fixture f = { .options = { .ephemeral = true } };

	fixture_start(&f, "message");
	flags_are_set_added_and_removed(&f);
	keywords_are_made_up_to_their_number(&f);
	unchanged_since_leaves_newer_ones_alone(&f);
	modseq_rises_once_a_request_even_within_one_batch(&f);
	expunge_removes_what_is_deleted(&f);
	flags_alone_are_scanned_without_the_rest_of_the_row(&f);
	an_expunged_message_stays_readable_until_retain(&f);
	changes_tell_what_is_new_changed_and_gone(&f);
	modseqs_of_several_mailboxes_come_in_one_read(&f);
	tombstones_are_pruned_after_a_month(&f);
	recent_belongs_to_the_first_session_that_selects(&f);
	append_is_all_or_none(&f);
	big_mailboxes_are_walked_in_batches(&f);
	fixture_close(&f);
	return check_finish();
}
