#include "tests/unit/mailstore/fixture_requests.h"

#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

#include "database/database_transaction.h"
#include "mailstore/store_open.h"

#define BOUND ((int64_t)64 << 20)
#define STAYS UINT_MAX                  /* ms that a look takes: until it is stopped */

/* A reader that is always there: a short look after another, so that SQLite alone never finds a moment to begin its log anew. */
struct looker {
	const char *data_dir;
	unsigned hold_ms;
	atomic_bool stop, holds;
	pthread_t thread;
};

static void *look(void *owner)
{
	struct looker *l = owner;
	struct error err = { 0 };
	struct database *db = store_database_open(l->data_dir, DATABASE_READ, false, &err);

	if (db == NULL)
		give_up("look", &err);
	while (!l->stop) {
		database_begin_read(db);
		database_statement_one(database_statement_begin(db, "SELECT count(*) FROM user"), 0);
		l->holds = true;
		for (unsigned ms = 0; ms < l->hold_ms && !l->stop; ms++)
			usleep(1000);
		database_rollback(db);
	}
	database_close(db);
	return NULL;
}

static void start(struct looker *l, const char *data_dir, unsigned hold_ms)
{
	l->data_dir = data_dir;
	l->hold_ms = hold_ms;
	pthread_create(&l->thread, NULL, look, l);
	while (!l->holds)
		usleep(1000);
}

static void stop(struct looker *l)
{
	l->stop = true;
	pthread_join(l->thread, NULL);
}

static int64_t log_octets(const struct fixture *f)
{
	char path[600];
	struct stat st;

	snprintf(path, sizeof path, "%s/shard0.db-wal", f->data_dir);
	return stat(path, &st) == 0 ? (int64_t)st.st_size : 0;
}

/* Eight deliveries of nearly 1 MiB at once; how many were refused, and what the last one said. */
static size_t n_refused;
static struct error refusal;

static void on_eighth(void *owner, const struct error *err, const struct error *results, size_t n, struct store_queue_items *items)
{
	(void)owner, (void)results, (void)n;
	store_queue_items_destroy(items);
	if (err == NULL)
		return;
	n_refused++;
	refusal = *err;
}

static void deliver_eight(struct fixture *f, int64_t user_id)
{
	struct store_recipient recipient = { .user_id = user_id, .address = "bob@a.test" };

	for (int i = 0; i < 8; i++) {
		struct store_delivery delivery = a_delivery(f, 1000000, &recipient, 1);
		store_deliver(f->client, &delivery, on_eighth, f);
	}
	store_client_wait(f->client);
}

static void readers_back_to_back_do_not_grow_the_log(void)
{
	struct fixture f = { 0 };
	struct looker lookers[3] = { 0 };
	int64_t highest = 0;

	fixture_start(&f, "lookers");
	int64_t bob = add_user(&f, "bob@a.test");
	for (unsigned i = 0; i < 3; i++)
		start(&lookers[i], f.data_dir, 40 + 13 * i);
	n_refused = 0;
	for (int i = 0; i < 30; i++) {
		deliver_eight(&f, bob);
		highest = log_octets(&f) > highest ? log_octets(&f) : highest;
	}
	CHECK_ROW(n_refused == 0, "each of 240 went through");
	CHECK_ROW(highest > BOUND / 8 && highest <= BOUND, "240 MB went through a log of at most 64 MiB");
	for (unsigned i = 0; i < 3; i++)
		stop(&lookers[i]);
	fixture_close(&f);
}

static void a_reader_that_stays_is_an_error_in_time(void)
{
	struct fixture f = { .options = { .turn_wait_ms = 300 } };
	struct looker looker = { 0 };

	fixture_start(&f, "stays");
	int64_t bob = add_user(&f, "bob@a.test");
	start(&looker, f.data_dir, STAYS);
	n_refused = 0;
	/* Each is answered while the reader is still there. */
	for (int i = 0; i < 20; i++)
		deliver_eight(&f, bob);
	CHECK_ROW(n_refused > 0 && refusal.kind == ERROR_TRY_LATER && strstr(refusal.text, "reader") != NULL, "later ones are told why");
	CHECK_ROW(log_octets(&f) <= BOUND, "the log keeps its bound");
	stop(&looker);
	CHECK_ROW(deliver_to(&f, 100, &bob, 1) == ERROR_NONE, "and it goes on by itself");
	fixture_close(&f);
}

/* Each finds pages of the other in the log when it has copied its own. */
static void two_writers_begin_the_log_anew(void)
{
	struct fixture f = { 0 };
	int64_t highest = 0;

	fixture_start(&f, "two");
	int64_t bob = add_user(&f, "bob@a.test");
	struct fixture g = f;
	fixture_open(&g);
	n_refused = 0;
	for (int i = 0; i < 20; i++) {
		deliver_eight(&f, bob);
		deliver_to(&g, 500000, &bob, 1);
		highest = log_octets(&f) > highest ? log_octets(&f) : highest;
	}
	CHECK_ROW(n_refused == 0 && highest > BOUND / 8 && highest <= BOUND / 2, "170 MB went through a log that nobody had to wait for");
	fixture_close(&g);
	fixture_close(&f);
}

static void rest_empties_the_log(void)
{
	struct fixture f = { 0 };

	fixture_start(&f, "rest");
	int64_t bob = add_user(&f, "bob@a.test");
	deliver_to(&f, 500000, &bob, 1);
	CHECK(maintain(&f) == ERROR_NONE && maintain(&f) == ERROR_NONE);
	/* begun anew: what is written next lies at its beginning, and the file does not grow */
	int64_t before = log_octets(&f);
	deliver_to(&f, 100000, &bob, 1);
	CHECK(before > 500000 && log_octets(&f) == before);
	fixture_close(&f);
}

int main(void)
{
	readers_back_to_back_do_not_grow_the_log();
	a_reader_that_stays_is_an_error_in_time();
	two_writers_begin_the_log_anew();
	rest_empties_the_log();
	return check_finish();
}
