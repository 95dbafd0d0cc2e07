/*
 * bench_queue: the queue (target 9 of the store's reference page).
 *
 *	bench_queue raw FOLDER OCTETS BATCH SECONDS     one thread, two INSERTs a message (the message's row, the recipient's row), BATCH a transaction
 *	bench_queue enqueue FOLDER OCTETS AT_ONCE SECONDS       AT_ONCE deliveries to a remote recipient outstanding
 *	bench_queue long FOLDER ENTRIES CLAIMS  a queue of so many due rows: the store opened until the first claim, then claims of 100
 *
 * Prints lines `KEY VALUE`: rate; of `long` open_ms and p50_ms, p99_ms, max_ms of a claim.
 */
#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "mailstore/bodies.h"
#include "mailstore/deliver.h"
#include "mailstore/queue.h"
#include "tests/bench/measure.h"

#define BODY_MAX 65536
#define AT_ONCE_MAX 256
#define CLAIM 100
#define LEASE_S 600

static char body[BODY_MAX];
static size_t body_len;

static void raw(const char *folder, unsigned batch, double seconds)
{
	struct database *db = open_database(folder, "raw-queue.db", DATABASE_CREATE, false);
	unsigned n = 0;

	database_script(db, "CREATE TABLE IF NOT EXISTS m(id INTEGER PRIMARY KEY, data BLOB NOT NULL) STRICT;"
	                    "CREATE TABLE IF NOT EXISTS r(id INTEGER PRIMARY KEY, m INTEGER NOT NULL, recipient TEXT NOT NULL, next_at INTEGER NOT NULL) STRICT");
	double start_ms = now_ms();
	while (now_ms() - start_ms < seconds * 1000) {
		database_begin_write(db);
		for (unsigned i = 0; i < batch; i++, n++) {
			struct database_statement *s = database_statement_begin(db, "INSERT INTO m(data) VALUES(?)");
			database_statement_bind_blob(s, 1, bytes_of(body, body_len));
			database_statement_run(s);
			s = database_statement_begin(db, "INSERT INTO r(m, recipient, next_at) VALUES(last_insert_rowid(), 'someone@b.test', ?)");
			database_statement_bind_int(s, 1, n);
			database_statement_run(s);
		}
		commit_or_give_up(db);
	}
	tell("rate", n * 1000.0 / (now_ms() - start_ms));
	database_close(db);
}

static struct store_client *client;
static struct summary summary;
static double end_ms;
static unsigned n_done;

static void send(void);

static void on_delivered(void *owner, const struct error *err, const struct error *results, size_t n, struct store_queue_items *items)
{
	(void)owner, (void)results, (void)n;
	expect(err);
	store_queue_items_destroy(items);
	n_done++;
	if (now_ms() < end_ms)
		send();
}

static void send(void)
{
	struct store_recipient recipient = { .address = "someone@b.test" };
	struct store_delivery delivery = {
		.queue_id = random_time_id(clock_now_ms()), .body = store_body_create(client, NULL, NULL), .summary = &summary, .sender = "bench@a.test",
		.arrived_s = clock_now_s(), .expires_s = clock_now_s() + 86400, .source = "bench", .lease = true, .lease_s = LEASE_S,
		.recipients = &recipient, .n_recipients = 1, .n_originals = 1,
	};
	bool wait;

	store_body_write(delivery.body, bytes_of(body, body_len), &wait, NULL);
	store_deliver(client, &delivery, on_delivered, NULL);
}

static void enqueue(const char *folder, unsigned at_once, double seconds)
{
	create_store(folder);
	struct store *store = open_store(folder);

	client = open_client(store);
	double start_ms = now_ms();
	end_ms = start_ms + seconds * 1000;
	for (unsigned i = 0; i < at_once; i++)
		send();
	store_client_wait(client);
	tell("rate", n_done * 1000.0 / (now_ms() - start_ms));
	store_client_destroy(client);
	store_close(store);
}

/* Rows as deliveries leave them, all due in the order they came, of one message. */
static void fill(const char *folder, int64_t n)
{
	struct database *db = open_database(folder, "shard0.db", DATABASE_WRITE, true);

	database_begin_write(db);
	database_script(db, "INSERT INTO message(message_id, size, header_len, sent, envelope, structure, sortkeys) VALUES(1, 1, 1, 0, x'', x'', x'')");
	struct database_statement *s = database_statement_begin(db,
		"WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n WHERE i < ?1) "
		"INSERT INTO qmsg(queue_id, message_id, sender, arrived, expires, n_left) SELECT i, 1, 'bench@a.test', 1, 4102444800, 1 FROM n");
	database_statement_bind_int(s, 1, n);
	database_statement_run(s);
	s = database_statement_begin(db,
		"INSERT INTO qrcpt(queue_id, recipient, next_at) SELECT queue_id, 'user' || queue_id || '@host' || queue_id % 1000 || '.test', 1 + queue_id / 100 FROM qmsg");
	database_statement_run(s);
	commit_or_give_up(db);
	database_close(db);
}

static void on_claimed(void *owner, const struct error *err, struct store_queue_items *items)
{
	size_t *n = owner;

	expect(err);
	*n = items->n;
	store_queue_items_destroy(items);
}

static void claim(size_t max)
{
	size_t n = 0;

	store_queue_claim(client, max, LEASE_S, on_claimed, &n);
	store_client_wait(client);
	if (n != max)
		give_up("the claim brought fewer rows");
}

static void long_queue(const char *folder, int64_t n_entries, unsigned n_claims)
{
	struct times times = { 0 };

	create_store(folder);
	fill(folder, n_entries);
	double begin_ms = now_ms();
	struct store *store = open_store(folder);
	client = open_client(store);
	claim(CLAIM);
	tell("open_ms", now_ms() - begin_ms);
	for (unsigned i = 0; i < n_claims; i++) {
		begin_ms = now_ms();
		claim(CLAIM);
		times_add(&times, now_ms() - begin_ms);
	}
	times_tell(&times);
	store_client_destroy(client);
	store_close(store);
}

int main(int argc, char **argv)
{
	unsigned long n = argc > 3 ? strtoul(argv[3], NULL, 10) : 0, at_once = argc > 4 ? strtoul(argv[4], NULL, 10) : 0;

	log_set_fd(-1);
	random_octets(body, sizeof body);
	body_len = n;
	if (argc == 6 && strcmp(argv[1], "raw") == 0 && n <= BODY_MAX && at_once > 0)
		raw(argv[2], (unsigned)at_once, strtod(argv[5], NULL));
	else if (argc == 6 && strcmp(argv[1], "enqueue") == 0 && n <= BODY_MAX && at_once > 0 && at_once <= AT_ONCE_MAX)
		enqueue(argv[2], (unsigned)at_once, strtod(argv[5], NULL));
	else if (argc == 5 && strcmp(argv[1], "long") == 0 && n > 0)
		long_queue(argv[2], (int64_t)n, (unsigned)at_once);
	else
		give_up("usage: bench_queue raw FOLDER OCTETS BATCH SECONDS | enqueue FOLDER OCTETS AT_ONCE SECONDS | long FOLDER ENTRIES CLAIMS");
	return 0;
}
