/*
 * bench_store: the store beside SQLite itself, same disk, same minute (targets 1 to 4 of the store's reference page).
 *
 *	bench_store FOLDER [SECONDS]
 *
 * The share of raw asked for is that of a store which keeps threads and a journal.
 *
 * raw: one thread, one INSERT of the octets a message, B of them a transaction.  store: P deliveries outstanding,
 * 1,000 mailboxes.  Prints a line a figure: messages a second and kB written a message.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/random.h"
#include "database/database.h"
#include "database/database_statement.h"
#include "database/database_transaction.h"
#include "mailstore/bodies.h"
#include "mailstore/deliver.h"
#include "mailstore/queue.h"
#include "mailstore/users.h"

#define N_USERS 1000
#define STRUCTURE_LEN 300

static double seconds = 2;
static char octets[1 << 20];

static uint64_t written(void)
{
	FILE *file = fopen("/proc/self/io", "r");
	char line[80];
	unsigned long long value = 0;

	while (file != NULL && fgets(line, sizeof line, file) != NULL)
		if (sscanf(line, "write_bytes: %llu", &value) == 1)
			break;
	if (file != NULL)
		fclose(file);
	return value;
}

/* Of all threads. */
static double cpu_us(void)
{
	struct rusage used;

	getrusage(RUSAGE_SELF, &used);
	return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1e6 + (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
}

struct mark {
	int64_t ms;
	uint64_t written;
	double cpu_us;
};

static struct mark mark(void)
{
	return (struct mark){ clock_monotonic_ms(), written(), cpu_us() };
}

static double report(const char *what, size_t size, unsigned batch, unsigned n, const struct mark *start)
{
	double rate = n * 1000.0 / (double)(clock_monotonic_ms() - start->ms + 1);

	printf("%-8s %8zu octets %4u at once: %9.0f /s %8.1f kB written %7.1f us of processor each\n", what, size, batch, rate,
	       (double)(written() - start->written) / n / 1000, (cpu_us() - start->cpu_us) / n);
	return rate;
}

static double raw(const char *folder, size_t size, unsigned batch)
{
	char *path = xprintf("%s/raw-%zu-%u.db", folder, size, batch);
	struct database_options options = { .path = path, .mode = DATABASE_CREATE };
	struct database *db = database_open(&options, NULL);
	unsigned n = 0;

	database_script(db, "CREATE TABLE raw(id INTEGER PRIMARY KEY, data BLOB NOT NULL) STRICT");
	struct mark start = mark();
	while ((double)(clock_monotonic_ms() - start.ms) < seconds * 1000) {
		database_begin_write(db);
		for (unsigned i = 0; i < batch; i++, n++) {
			struct database_statement *s = database_statement_begin(db, "INSERT INTO raw(data) VALUES(?)");
			database_statement_bind_blob(s, 1, bytes_of(octets, size));
			database_statement_run(s);
		}
		database_commit(db);
	}
	double rate = report("raw", size, batch, n, &start);
	database_close(db);
	free(path);
	return rate;
}

struct load {
	struct store_client *client;
	struct summary summary;
	size_t id_at;                   /* where the hash of the Message-ID stands in its sort keys: another one each message */
	int64_t users[N_USERS];
	size_t n_users;
	size_t size;
	unsigned n_recipients, n_done, n_under_way;
	int64_t end_ms;
};

static void on_user(void *owner, const struct error *err, const struct store_user *users, size_t n)
{
	struct load *load = owner;

	if (err == NULL && n == 1)
		load->users[load->n_users++] = users[0].user_id;
}

static void on_done(void *owner, const struct error *err)
{
	(void)owner, (void)err;
}

static void send(struct load *load);

static void on_delivered(void *owner, const struct error *err, const struct error *results, size_t n, struct store_queue_items *items)
{
	struct load *load = owner;

	(void)results, (void)n, (void)items;
	if (err != NULL) {
		fprintf(stderr, "%s\n", err->text);
		exit(1);
	}
	load->n_done++;
	load->n_under_way--;
	if (clock_monotonic_ms() < load->end_ms)
		send(load);
}

static void send(struct load *load)
{
	struct store_recipient recipients[16];
	uint32_t first = random_below(N_USERS);
	bool wait;

	for (unsigned i = 0; i < load->n_recipients; i++)
		recipients[i] = (struct store_recipient){ .original = i, .user_id = load->users[(first + i) % N_USERS], .address = "user@a.test" };
	struct store_delivery delivery = {
		.queue_id = random_time_id(clock_now_ms()), .body = store_body_create(load->client, NULL, NULL), .summary = &load->summary,
		.sender = "bench@b.test", .arrived_s = clock_now_s(), .expires_s = clock_now_s(), .source = "bench",
		.recipients = recipients, .n_recipients = load->n_recipients, .n_originals = load->n_recipients,
	};
	uint64_t id = random_u64();
	memcpy(load->summary.sortkeys.at + load->id_at, &id, sizeof id);
	store_body_write(delivery.body, bytes_of(octets, load->size), &wait, NULL);
	load->n_under_way++;
	store_deliver(load->client, &delivery, on_delivered, load);
}

static void make_sortkeys(struct load *load)
{
	struct summary_builder *builder = summary_builder_create();
	struct summary made = { 0 };
	struct buffer id = { 0 };
	uint64_t hash = summary_id_hash(BYTES("one@bench.test"));

	summary_builder_feed(builder, BYTES("Message-ID: <one@bench.test>\r\nFrom: Bench <bench@b.test>\r\nSubject: a message like others\r\n\r\n"));
	summary_builder_finish(builder, &made);
	summary_builder_destroy(builder);
	for (int shift = 56; shift >= 0; shift -= 8)
		buffer_add_octet(&id, (char)(hash >> shift));
	buffer_add_bytes(&load->summary.sortkeys, buffer_bytes(&made.sortkeys));
	load->id_at = bytes_find_bytes(buffer_bytes(&made.sortkeys), buffer_bytes(&id));
	if (load->id_at == made.sortkeys.len) {
		fprintf(stderr, "the hash of the Message-ID is not where it was\n");
		exit(1);
	}
	summary_release(&made);
	buffer_release(&id);
}

static double store(const char *folder, size_t size, unsigned at_once, unsigned n_recipients)
{
	char *path = xprintf("%s/store-%zu-%u-%u", folder, size, at_once, n_recipients), name[32];
	struct store_options options = { .data_dir = path };
	struct load *load = xcalloc(1, sizeof *load);
	struct error err = { 0 };

	if (!store_create(&options, &err)) {
		fprintf(stderr, "%s\n", err.text);
		exit(1);
	}
	struct store *opened = store_open(&options, &err);
	load->client = store_client_create(opened, &err);
	store_domain_add(load->client, BYTES("a.test"), false, on_done, load);
	for (unsigned i = 0; i < N_USERS; i++) {
		snprintf(name, sizeof name, "user%u@a.test", i);
		store_user_create(load->client, bytes_text(name), NULL, on_user, load);
	}
	store_client_wait(load->client);
	memset(buffer_reserve(&load->summary.envelope, STRUCTURE_LEN), 'e', STRUCTURE_LEN);
	buffer_added(&load->summary.envelope, STRUCTURE_LEN);
	memset(buffer_reserve(&load->summary.structure, 100), 's', 100);
	buffer_added(&load->summary.structure, 100);
	make_sortkeys(load);
	load->size = size;
	load->n_recipients = n_recipients;
	struct mark start = mark();
	load->end_ms = start.ms + (int64_t)(seconds * 1000);
	for (unsigned i = 0; i < at_once; i++)
		send(load);
	store_client_wait(load->client);
	double rate = report(n_recipients > 1 ? "store*10" : "store", size, at_once, load->n_done, &start);
	store_client_destroy(load->client);
	store_close(opened);
	buffer_release(&load->summary.envelope);
	buffer_release(&load->summary.structure);
	buffer_release(&load->summary.sortkeys);
	free(load);
	free(path);
	return rate;
}

static void compare(const char *what, double a, double b, double target)
{
	printf("  %s: %.2f (target %.2f)%s\n", what, a / b, target, a / b >= target ? "" : "  MISSED");
}

int main(int argc, char **argv)
{
	static const struct { size_t size; double target; } sizes[] = { { 4096, 0.18 }, { 16384, 0.45 }, { 65536, 0.70 } };

	if (argc < 2) {
		fprintf(stderr, "usage: bench_store FOLDER [SECONDS]\n");
		return 64;
	}
	if (argc > 2)
		seconds = strtod(argv[2], NULL);
	log_set_fd(-1);
	random_octets(octets, sizeof octets);
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		double many = store(argv[1], sizes[i].size, 64, 1), one = store(argv[1], sizes[i].size, 1, 1);
		compare("64 at once, store to raw", many, raw(argv[1], sizes[i].size, 64), sizes[i].target);
		compare("1 at once, store to raw", one, raw(argv[1], sizes[i].size, 1), 0.60);
		if (i == 0)
			compare("64 at once to 1", many, one, 3.5);
		if (i == 1)
			compare("10 recipients to 1", store(argv[1], sizes[i].size, 64, 10), many, 0.40);
	}
	return 0;
}
