/*
 * bench_sort: SORT and THREAD in the store (of target 6 of the store's reference page: SORT DATE of 1,000,000 messages in 300 ms).
 *
 *	bench_sort FOLDER               a store that bench_mailbox made
 *
 * Prints a line `KEY_ms VALUE` a figure: the best of three.
 */
#include "base/log.h"
#include "mailstore/threads.h"
#include "tests/bench/million.h"

#define ROUNDS 3

static size_t n_answered;

static void on_sorted(void *owner, const struct error *err, struct store_sorted *sorted)
{
	(void)owner;
	expect(err);
	n_answered = sorted->n;
	store_sorted_destroy(sorted);
}

static void on_threads(void *owner, const struct error *err, struct message_threads *threads)
{
	(void)owner;
	expect(err);
	n_answered = threads->n;
	message_threads_release(threads);
}

static const struct {
	const char *key;
	uint32_t n;                     /* messages; N_NARROW: those of mailbox 1 */
	struct message_sort_rule rules[2];
	size_t n_rules;                 /* 0 = THREAD */
	enum store_threading threading;
} figures[] = {
	{ "sort_date_ms", N_NARROW, { { MESSAGE_SORT_DATE, false } }, 1, 0 },
	{ "sort_reverse_arrival_ms", N_NARROW, { { MESSAGE_SORT_ARRIVAL, true } }, 1, 0 },
	{ "sort_size_date_ms", N_NARROW, { { MESSAGE_SORT_SIZE, false }, { MESSAGE_SORT_DATE, false } }, 2, 0 },
	{ "sort_subject_date_ms", N_WIDE, { { MESSAGE_SORT_SUBJECT, false }, { MESSAGE_SORT_DATE, false } }, 2, 0 },
	{ "sort_displayfrom_ms", N_WIDE, { { MESSAGE_SORT_DISPLAY_FROM, false } }, 1, 0 },
	{ "thread_references_ms", N_WIDE, { { 0 } }, 0, STORE_THREAD_BY_REFERENCES },
	{ "thread_orderedsubject_ms", N_WIDE, { { 0 } }, 0, STORE_THREAD_BY_SUBJECT },
};

static double measure(struct store_client *client, size_t i)
{
	struct ranges uids = { 0 };
	double start_ms = now_ms();
	int64_t mailbox_id = figures[i].n == N_NARROW ? 1 : 2;

	ranges_add_range(&uids, 1, figures[i].n);
	if (figures[i].n_rules > 0)
		store_message_sort(client, mailbox_id, &uids, figures[i].rules, figures[i].n_rules, on_sorted, NULL);
	else
		store_message_thread(client, mailbox_id, &uids, figures[i].threading, on_threads, NULL);
	store_client_wait(client);
	ranges_release(&uids);
	if (n_answered < figures[i].n)
		give_up("not all were answered");
	return now_ms() - start_ms;
}

int main(int argc, char **argv)
{
	if (argc != 2)
		give_up("usage: bench_sort FOLDER");
	log_set_fd(-1);
	struct store *store = open_store(argv[1]);
	struct store_client *client = open_client(store);
	for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) {
		double best_ms = measure(client, i);
		for (unsigned round = 1; round < ROUNDS; round++) {
			double took_ms = measure(client, i);
			best_ms = took_ms < best_ms ? took_ms : best_ms;
		}
		tell(figures[i].key, best_ms);
	}
	store_client_destroy(client);
	store_close(store);
	return 0;
}
