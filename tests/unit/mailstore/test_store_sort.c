#include "mailstore/threads.h"
#include "tests/unit/mailstore/fixture_requests.h"

static struct store_sorted *sorted;
static struct message_threads threads;

static void on_sorted(void *owner, const struct error *err, struct store_sorted *given)
{
	on_done(owner, err);
	store_sorted_destroy(sorted);
	sorted = given;
}

static void on_threads(void *owner, const struct error *err, struct message_threads *given)
{
	on_done(owner, err);
	message_threads_release(&threads);
	if (given != NULL)
		threads = *given;
}

static enum error_kind sort_by(struct fixture *f, int64_t mailbox_id, const struct ranges *uids, const struct message_sort_rule *rules, size_t n)
{
	answer_clear();
	store_message_sort(f->client, mailbox_id, uids, rules, n, on_sorted, f);
	return wait_for(f);
}

static enum error_kind sort(struct fixture *f, int64_t mailbox_id, const struct ranges *uids, enum message_sort_key key, bool is_reverse)
{
	return sort_by(f, mailbox_id, uids, &(struct message_sort_rule){ key, is_reverse }, 1);
}

static enum error_kind thread(struct fixture *f, int64_t mailbox_id, const struct ranges *uids, enum store_threading threading)
{
	answer_clear();
	store_message_thread(f->client, mailbox_id, uids, threading, on_threads, f);
	return wait_for(f);
}

static void deliver_fields(struct fixture *f, int64_t user, const char *fields)
{
	struct summary_builder *builder = summary_builder_create();
	struct store_recipient recipient = { .user_id = user, .address = "someone@a.test" };
	struct store_delivery delivery = a_delivery(f, 100, &recipient, 1);
	struct summary made = { 0 };

	summary_builder_feed(builder, bytes_text(fields));
	summary_builder_finish(builder, &made);
	summary_builder_destroy(builder);
	delivery.summary = &made;
	CHECK(deliver(f, &delivery) == ERROR_NONE);
	summary_release(&made);
}

static bool is_order(const uint32_t *want, size_t n)
{
	return sorted != NULL && sorted->n == n && memcmp(sorted->uids, want, n * sizeof *want) == 0;
}

static void few_messages(struct fixture *f)
{
	int64_t bob = add_user(f, "bob@a.test"), inbox = inbox_of(f, bob);
	struct ranges all = { 0 }, some = { 0 };

	deliver_fields(f, bob, "Date: Sat, 1 Feb 2020 10:00:00 +0000\r\nMessage-ID: <a@x>\r\nSubject: b\r\n\r\n");
	deliver_fields(f, bob, "Message-ID: <b@x>\r\nReferences: <a@x>\r\nSubject: Re: b\r\n\r\n");
	deliver_fields(f, bob, "Date: Sat, 1 Feb 2020 09:00:00 +0000\r\nIn-Reply-To: <b@x>\r\nSubject: a\r\n\r\n");
	ranges_add_range(&all, 1, UINT32_MAX);
	ranges_add(&some, 1);
	ranges_add(&some, 3);
	ranges_add_range(&some, 100, 200);
	CHECK(sort(f, inbox, &all, MESSAGE_SORT_DATE, false) == ERROR_NONE);
	CHECK_ROW(is_order((uint32_t[]){ 3, 1, 2 }, 3), "without Date by the internal date");
	CHECK(sort(f, inbox, &all, MESSAGE_SORT_SUBJECT, false) == ERROR_NONE && is_order((uint32_t[]){ 3, 1, 2 }, 3));
	CHECK(sort(f, inbox, &some, MESSAGE_SORT_ARRIVAL, true) == ERROR_NONE);
	CHECK_ROW(sorted->n == 2, "only what was asked for and is there");
	CHECK(thread(f, inbox, &all, STORE_THREAD_BY_REFERENCES) == ERROR_NONE);
	CHECK_ROW(threads.n == 3 && threads.at[2].uid == 3 && threads.at[2].depth == 2, "References, else In-Reply-To");
	CHECK(thread(f, inbox, &all, STORE_THREAD_BY_SUBJECT) == ERROR_NONE && threads.n == 3 && threads.at[2].uid == 2);
	CHECK(sort(f, 12345, &all, MESSAGE_SORT_DATE, false) == ERROR_NOT_FOUND && sorted == NULL);
	CHECK(thread(f, 12345, &all, STORE_THREAD_BY_SUBJECT) == ERROR_NOT_FOUND);
	ranges_release(&all);
	ranges_release(&some);
}

static bool is_by_size(void)
{
	bool ok = sorted != NULL;

	for (size_t i = 1; ok && i < sorted->n; i++) {
		uint64_t before = sorted->uids[i - 1] * 7919ull % 10007, now = sorted->uids[i] * 7919ull % 10007;
		ok = (before < now || (before == now && sorted->uids[i - 1] < sorted->uids[i])) && sorted->uids[i] % 2 == 1;
	}
	return ok;
}

static void many_batches(struct fixture *f)
{
	enum { N = 30000 };
	static const struct message_sort_rule by_date_and_size[] = { { MESSAGE_SORT_DATE, false }, { MESSAGE_SORT_SIZE, false } };
	int64_t eve = add_user(f, "eve@a.test"), inbox = inbox_of(f, eve);
	char *fill = xprintf("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) "
	                     "INSERT INTO msg(id, modseq, flags, internal_date, saved_after, size, sent, message_id) "
	                     "SELECT %lld << 32 | i, 1, 0, 5, 0, i * 7919 %% 10007, 0, 1 FROM n", N, (long long)inbox);
	struct ranges odd = { 0 };
	bool is_ascending = true;

	/* all of them are the first message of the store: one Message-ID many times */
	ask(f, fill);
	for (uint32_t uid = 1; uid <= N; uid += 2)
		ranges_add(&odd, uid);
	CHECK(sort(f, inbox, &odd, MESSAGE_SORT_SIZE, false) == ERROR_NONE && sorted->n == N / 2 && is_by_size());
	CHECK(sort_by(f, inbox, &odd, by_date_and_size, 2) == ERROR_NONE && sorted->n == N / 2);
	CHECK_ROW(is_by_size(), "a size behind equal dates");
	CHECK(sort(f, inbox, &odd, MESSAGE_SORT_DATE, true) == ERROR_NONE && sorted->n == N / 2);
	for (size_t i = 1; sorted != NULL && i < sorted->n; i++)
		is_ascending = is_ascending && sorted->uids[i - 1] < sorted->uids[i];
	CHECK_ROW(is_ascending, "equal ones by UID, reversed or not");
	CHECK(thread(f, inbox, &odd, STORE_THREAD_BY_REFERENCES) == ERROR_NONE && threads.n >= N / 2);
	ranges_release(&odd);
	free(fill);
}

static void memory_is_counted(void)
{
	struct fixture f = { .options = { .ephemeral = true, .budget = budget_create(1 << 20) } };
	struct ranges all = { 0 };

	fixture_start(&f, "counted");
	int64_t ann = add_user(&f, "ann@a.test"), inbox = inbox_of(&f, ann);
	for (int i = 0; i < 20; i++)
		deliver_fields(&f, ann, "Subject: one\r\n");
	ranges_add_range(&all, 1, 100);
	CHECK(sort(&f, inbox, &all, MESSAGE_SORT_SUBJECT, false) == ERROR_NONE && sorted->n == 20);
	CHECK(thread(&f, inbox, &all, STORE_THREAD_BY_REFERENCES) == ERROR_NONE);
	CHECK_ROW(budget_used(f.options.budget) == 0, "and given back");
	budget_set_limit(f.options.budget, 2000);
	CHECK_ROW(sort(&f, inbox, &all, MESSAGE_SORT_SUBJECT, false) == ERROR_LIMIT, "more than there is");
	CHECK_ROW(thread(&f, inbox, &all, STORE_THREAD_BY_REFERENCES) == ERROR_LIMIT, "more than there is");
	CHECK_ROW(budget_used(f.options.budget) == 0, "and given back");
	ranges_release(&all);
	fixture_close(&f);
	budget_destroy(f.options.budget);
}

int main(void)
{
	struct fixture f = { 0 };

	summary_prepare();
	fixture_start(&f, "sort");
	few_messages(&f);
	many_batches(&f);
	memory_is_counted();
	store_sorted_destroy(sorted);
	message_threads_release(&threads);
	fixture_close(&f);
	return check_finish();
}
