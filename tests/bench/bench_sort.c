/*
 * bench_sort: SORT and THREAD in the store (target 6 of the store's reference page: SORT DATE of 1,000,000 messages in 300 ms).
 *
 *	bench_sort FOLDER
 *
 * Rows are written straight into the tables.  Prints a line a figure: the best of five.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/random.h"
#include "database/database.h"
#include "database/database_statement.h"
#include "database/database_transaction.h"
#include "mailstore/threads.h"
#include "message/summary.h"

#define N_NARROW 1000000                /* mailbox 1: rows of msg alone */
#define N_WIDE 100000                   /* mailbox 2: with sort keys */
#define ROUNDS 5

static void give_up(const char *what)
{
	fprintf(stderr, "bench_sort: %s\n", what);
	exit(1);
}

static void add_row(struct database *db, int64_t mailbox_id, uint32_t uid)
{
	struct database_statement *s = database_statement_begin(db,
		"INSERT INTO msg(id, modseq, flags, internal_date, saved, size, sent, message_id) VALUES(?, 1, 0, ?, 0, ?, ?, ?)");

	database_statement_bind_int(s, 1, mailbox_id << 32 | uid);
	database_statement_bind_int(s, 2, 1600000000 + uid);
	database_statement_bind_int(s, 3, 1000 + random_below(100000));
	database_statement_bind_int(s, 4, 1500000000 + random_below(100000000));
	database_statement_bind_int(s, 5, uid);
	database_statement_run(s);
}

/* A third begins a thread; the others answer one of the last thousand messages and name its ancestors, up to eight. */
static void add_message(struct database *db, uint32_t uid)
{
	static uint32_t parents[N_WIDE + 1];
	struct summary_builder *builder = summary_builder_create();
	struct summary made = { 0 };
	struct buffer header = { 0 }, ancestors = { 0 };
	uint32_t near = uid - 1 < 1000 ? uid - 1 : 1000, root = uid;

	parents[uid] = near > 0 && random_below(3) > 0 ? uid - 1 - random_below(near) : 0;
	for (uint32_t at = parents[uid], n = 0; at != 0; at = parents[at], n++) {
		if (n < 8)
			buffer_printf(&ancestors, " <%u@bench.test>", at);
		root = at;
	}
	buffer_printf(&header, "Message-ID: <%u@bench.test>\r\nSubject: %ssubject number %u\r\nFrom: Person %u <p%u@bench.test>\r\n",
	              uid, parents[uid] ? "Re: " : "", root * 7919 % 30000, uid % 977, uid % 977);
	if (parents[uid])
		buffer_printf(&header, "In-Reply-To: <%u@bench.test>\r\nReferences:%s\r\n", parents[uid], ancestors.at);
	buffer_add_text(&header, "\r\n");
	summary_builder_feed(builder, buffer_bytes(&header));
	summary_builder_finish(builder, &made);
	summary_builder_destroy(builder);
	struct database_statement *s = database_statement_begin(db,
		"INSERT INTO message(message_id, size, header_len, sent, envelope, structure, sortkeys) VALUES(?, 1, 1, 0, zeroblob(300), zeroblob(100), ?)");
	database_statement_bind_int(s, 1, uid);
	database_statement_bind_blob(s, 2, buffer_bytes(&made.sortkeys));
	database_statement_run(s);
	summary_release(&made);
	buffer_release(&header);
	buffer_release(&ancestors);
}

static void fill(const char *folder)
{
	char *path = xprintf("%s/shard0.db", folder);
	struct database_options options = { .path = path, .mode = DATABASE_WRITE, .synchronous_off = true };
	struct error err = { 0 };
	struct database *db = database_open(&options, &err);

	if (db == NULL)
		give_up(err.text);
	database_begin_write(db);
	database_script(db, "INSERT INTO mailbox(mailbox_id, user_id, name, uidvalidity, created) VALUES(1, 1, 'narrow', 1, 0), (2, 1, 'wide', 1, 0)");
	for (uint32_t uid = 1; uid <= N_NARROW; uid++)
		add_row(db, 1, uid);
	for (uint32_t uid = 1; uid <= N_WIDE; uid++) {
		add_row(db, 2, uid);
		add_message(db, uid);
	}
	if (!database_commit(db))
		give_up(database_error(db)->text);
	database_close(db);
	free(path);
}

static size_t n_answered;

static void on_sorted(void *owner, const struct error *err, struct store_sorted *sorted)
{
	(void)owner;
	if (err != NULL)
		give_up(err->text);
	n_answered = sorted->n;
	store_sorted_destroy(sorted);
}

static void on_threads(void *owner, const struct error *err, struct message_threads *threads)
{
	(void)owner;
	if (err != NULL)
		give_up(err->text);
	n_answered = threads->n;
	message_threads_release(threads);
}

static const struct {
	const char *name;
	uint32_t n;                     /* messages; N_NARROW: those of mailbox 1 */
	struct message_sort_rule rules[2];
	size_t n_rules;                 /* 0 = THREAD */
	enum store_threading threading;
} figures[] = {
	{ "SORT DATE", N_NARROW, { { MESSAGE_SORT_DATE, false } }, 1, 0 },
	{ "SORT REVERSE ARRIVAL", N_NARROW, { { MESSAGE_SORT_ARRIVAL, true } }, 1, 0 },
	{ "SORT SIZE DATE", N_NARROW, { { MESSAGE_SORT_SIZE, false }, { MESSAGE_SORT_DATE, false } }, 2, 0 },
	{ "SORT SUBJECT DATE", N_WIDE, { { MESSAGE_SORT_SUBJECT, false }, { MESSAGE_SORT_DATE, false } }, 2, 0 },
	{ "SORT DISPLAYFROM", N_WIDE, { { MESSAGE_SORT_DISPLAY_FROM, false } }, 1, 0 },
	{ "THREAD REFERENCES", N_WIDE, { { 0 } }, 0, STORE_THREAD_BY_REFERENCES },
	{ "THREAD ORDEREDSUBJECT", N_WIDE, { { 0 } }, 0, STORE_THREAD_BY_SUBJECT },
};

static int64_t measure(struct store_client *client, size_t i)
{
	struct ranges uids = { 0 };
	int64_t start_ms = clock_monotonic_ms(), mailbox_id = figures[i].n == N_NARROW ? 1 : 2;

	ranges_add_range(&uids, 1, figures[i].n);
	if (figures[i].n_rules > 0)
		store_message_sort(client, mailbox_id, &uids, figures[i].rules, figures[i].n_rules, on_sorted, NULL);
	else
		store_message_thread(client, mailbox_id, &uids, figures[i].threading, on_threads, NULL);
	store_client_wait(client);
	ranges_release(&uids);
	if (n_answered < figures[i].n)
		give_up("not all were answered");
	return clock_monotonic_ms() - start_ms;
}

int main(int argc, char **argv)
{
	struct store_options options = { 0 };
	struct error err = { 0 };

	if (argc != 2) {
		fprintf(stderr, "usage: bench_sort FOLDER\n");
		return 64;
	}
	log_set_fd(-1);
	summary_prepare();
	options.data_dir = argv[1];
	if (!store_create(&options, &err))
		give_up(err.text);
	fill(argv[1]);
	struct store *store = store_open(&options, &err);
	struct store_client *client = store ? store_client_create(store, &err) : NULL;
	if (client == NULL)
		give_up(err.text);
	for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) {
		int64_t best_ms = INT64_MAX;
		for (unsigned round = 0; round < ROUNDS; round++) {
			int64_t took_ms = measure(client, i);
			best_ms = took_ms < best_ms ? took_ms : best_ms;
		}
		printf("%-22s %8u messages: %5lld ms\n", figures[i].name, figures[i].n, (long long)best_ms);
	}
	store_client_destroy(client);
	store_close(store);
	return 0;
}
