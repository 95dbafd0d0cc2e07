/*
 * bench_body: bodies out of the store and into it (target 8 of the store's reference page).
 *
 *	bench_body raw FOLDER SECONDS           16 KiB rows of an SQLite file by key, warm
 *	bench_body read FOLDER SECONDS          16 KiB bodies of the store, warm, one request after the other, and again with 16 outstanding
 *	bench_body large FOLDER MIB             one message of so many MiB in, out in order, and 64 KiB pieces of it at random
 *
 * Prints lines `KEY VALUE`: rate; of `read` rate and rate_16; of `large` in_ms, in_kb, out_ms, out_kb (resident memory beyond that before, at
 * most) and p50_ms, p99_ms, max_ms of a piece.
 */
#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "mailstore/bodies.h"
#include "mailstore/deliver.h"
#include "mailstore/users.h"
#include "tests/bench/measure.h"

#define N_BODIES 5000
#define BODY_LEN 16384
#define PIECE ((size_t)64 << 10)
#define N_PIECES 2000

static char octets[PIECE];

static void raw(const char *folder, double seconds)
{
	struct database *db = open_database(folder, "raw-bodies.db", DATABASE_CREATE, false);
	unsigned n = 0;
	uint64_t sum = 0;

	database_script(db, "CREATE TABLE raw(id INTEGER PRIMARY KEY, data BLOB NOT NULL) STRICT");
	database_begin_write(db);
	for (unsigned i = 0; i < N_BODIES; i++) {
		struct database_statement *s = database_statement_begin(db, "INSERT INTO raw(data) VALUES(?)");
		database_statement_bind_blob(s, 1, bytes_of(octets, BODY_LEN));
		database_statement_run(s);
	}
	commit_or_give_up(db);
	database_close(db);
	db = open_database(folder, "raw-bodies.db", DATABASE_READ, false);
	double start_ms = now_ms();
	for (; now_ms() - start_ms < seconds * 1000; n++) {
		struct database_statement *s = database_statement_begin(db, "SELECT data FROM raw WHERE id = ?");
		database_statement_bind_int(s, 1, 1 + random_below(N_BODIES));
		if (!database_statement_step(s))
			give_up("a row is missing");
		struct bytes data = database_statement_bytes(s, 0);
		memcpy(octets, data.at, data.len);
		sum += data.len;
		database_statement_end(s);
	}
	tell("rate", n * 1000.0 / (now_ms() - start_ms));
	if (sum != (uint64_t)n * BODY_LEN)
		give_up("other octets");
	database_close(db);
}

static struct store_client *client;
static int64_t user_id;

static void on_done(void *owner, const struct error *err)
{
	(void)owner;
	expect(err);
}

static void on_user(void *owner, const struct error *err, const struct store_user *users, size_t n)
{
	(void)owner;
	expect(err);
	user_id = n > 0 ? users[0].user_id : 0;
}

static void on_delivered(void *owner, const struct error *err, const struct error *results, size_t n, struct store_queue_items *items)
{
	(void)owner, (void)results, (void)n, (void)items;
	expect(err);
}

static void make_user(void)
{
	store_domain_add(client, BYTES("a.test"), false, on_done, NULL);
	store_user_create(client, BYTES("one@a.test"), NULL, on_user, NULL);
	store_client_wait(client);
}

static void on_ready(void *owner)
{
	*(bool *)owner = false;
}

/* Octets come as from a socket: no more of them when the store says wait. */
static void deliver(size_t size)
{
	static const struct summary summary;
	bool wait = false;
	struct error err = { 0 };
	struct store_body *made = store_body_create(client, on_ready, &wait);
	struct store_recipient recipient = { .user_id = user_id, .address = "one@a.test" };

	for (size_t at = 0, len; at < size; at += len) {
		len = size - at < PIECE ? size - at : PIECE;
		memcpy(octets, &at, sizeof at);
		if (!store_body_write(made, bytes_of(octets, len), &wait, &err))
			give_up(err.text);
		if (wait)
			store_client_wait(client);
		if (wait)
			give_up("the store never was ready");
	}
	struct store_delivery delivery = {
		.queue_id = random_time_id(clock_now_ms()), .body = made, .summary = &summary, .sender = "",
		.arrived_s = clock_now_s(), .expires_s = clock_now_s(), .source = "bench", .recipients = &recipient, .n_recipients = 1, .n_originals = 1,
	};
	store_deliver(client, &delivery, on_delivered, NULL);
}

static unsigned n_read;
static double end_ms;

static void read_any(void);

static void on_body(void *owner, const struct error *err, struct bytes data)
{
	(void)owner;
	expect(err);
	if (data.len != BODY_LEN)
		give_up("other octets");
	memcpy(octets, data.at, data.len);
	n_read++;
	if (now_ms() < end_ms)
		read_any();
}

static void read_any(void)
{
	store_read(client, 1 + random_below(N_BODIES), 0, BODY_LEN, on_body, NULL);
}

static void read_for(const char *key, unsigned at_once, double seconds)
{
	double start_ms = now_ms();

	n_read = 0;
	end_ms = start_ms + seconds * 1000;
	for (unsigned i = 0; i < at_once; i++)
		read_any();
	store_client_wait(client);
	tell(key, n_read * 1000.0 / (now_ms() - start_ms));
}

static void read_bodies(double seconds)
{
	for (unsigned i = 0; i < N_BODIES; i++)
		deliver(BODY_LEN);
	store_client_wait(client);
	read_for("rate", 1, seconds);
	read_for("rate_16", 16, seconds);
}

static size_t n_octets;

static void on_piece(void *owner, const struct error *err, struct bytes data)
{
	(void)owner;
	expect(err);
	memcpy(octets, data.at, data.len);
	n_octets += data.len;
}

static void read_piece(uint64_t at)
{
	store_read(client, 1, at, PIECE, on_piece, NULL);
	store_client_wait(client);
}

static void large(size_t size)
{
	struct times times = { 0 };
	double before_kb = forget_peak_kb(), begin_ms = now_ms();

	deliver(size);
	store_client_wait(client);
	tell("in_ms", now_ms() - begin_ms);
	tell("in_kb", peak_kb() - before_kb);
	before_kb = forget_peak_kb();
	begin_ms = now_ms();
	for (uint64_t at = 0; at < size; at += PIECE)
		read_piece(at);
	tell("out_ms", now_ms() - begin_ms);
	tell("out_kb", peak_kb() - before_kb);
	if (n_octets != size)
		give_up("other octets");
	for (unsigned i = 0; i < N_PIECES; i++) {
		begin_ms = now_ms();
		read_piece(random_below((uint32_t)(size - PIECE)));
		times_add(&times, now_ms() - begin_ms);
	}
	times_tell(&times);
}

int main(int argc, char **argv)
{
	log_set_fd(-1);
	random_octets(octets, sizeof octets);
	if (argc != 4)
		give_up("usage: bench_body raw FOLDER SECONDS | read FOLDER SECONDS | large FOLDER MIB");
	if (strcmp(argv[1], "raw") == 0) {
		raw(argv[2], strtod(argv[3], NULL));
		return 0;
	}
	create_store(argv[2]);
	struct store *store = open_store(argv[2]);
	client = open_client(store);
	make_user();
	if (strcmp(argv[1], "read") == 0)
		read_bodies(strtod(argv[3], NULL));
	else
		large((size_t)strtoul(argv[3], NULL, 10) << 20);
	store_client_destroy(client);
	store_close(store);
	return 0;
}
