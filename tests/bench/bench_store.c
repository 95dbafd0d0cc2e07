/*
 * bench_store: mail into the store, and the same octets into SQLite itself (targets 1 to 5 and 7 of the store's reference page).
 *
 *	bench_store raw FOLDER OCTETS BATCH SECONDS             one thread, one INSERT a message, BATCH of them a transaction
 *	bench_store store FOLDER OCTETS AT_ONCE RECIPIENTS SECONDS      AT_ONCE deliveries outstanding, 1,000 mailboxes
 *
 * The folder must be there; a store in it is used, else made.  Prints lines `KEY VALUE`: n, rate, written_kb and cpu_us of a message;
 * of a store also p50_ms, p99_ms and max_ms.
 */
#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "mailstore/bodies.h"
#include "mailstore/deliver.h"
#include "mailstore/users.h"
#include "tests/bench/measure.h"

#define N_USERS 1000
#define STRUCTURE_LEN 300
#define AT_ONCE_MAX 256
#define RECIPIENTS_MAX 16
#define BODY_MAX ((size_t)4 << 20)

static char *octets;

struct mark {
	double ms, written, cpu_us;
};

static struct mark mark(void)
{
	return (struct mark){ now_ms(), written(), cpu_us() };
}

static void report(unsigned n, const struct mark *start)
{
	tell("n", n);
	tell("rate", n * 1000.0 / (now_ms() - start->ms));
	tell("written_kb", (written() - start->written) / n / 1000);
	tell("cpu_us", (cpu_us() - start->cpu_us) / n);
}

static void raw(const char *folder, size_t size, unsigned batch, double seconds)
{
	struct database *db = open_database(folder, "raw.db", DATABASE_CREATE, false);
	unsigned n = 0;

	database_script(db, "CREATE TABLE IF NOT EXISTS raw(id INTEGER PRIMARY KEY, data BLOB NOT NULL) STRICT");
	struct mark start = mark();
	while (now_ms() - start.ms < seconds * 1000) {
		database_begin_write(db);
		for (unsigned i = 0; i < batch; i++, n++) {
			struct database_statement *s = database_statement_begin(db, "INSERT INTO raw(data) VALUES(?)");
			database_statement_bind_blob(s, 1, bytes_of(octets, size));
			database_statement_run(s);
		}
		commit_or_give_up(db);
	}
	report(n, &start);
	database_close(db);
}

struct load {
	struct store_client *client;
	struct summary summary;
	size_t id_at;                   /* where the hash of the Message-ID stands in its sort keys: another one each message */
	int64_t users[N_USERS];
	size_t n_users;
	size_t size;
	unsigned n_recipients, n_done;
	double end_ms;
	struct times times;
};

/* One of the deliveries outstanding. */
struct sender {
	struct load *load;
	double begin_ms;
};

static void on_users(void *owner, const struct error *err, const struct store_user *users, size_t n)
{
	struct load *load = owner;

	expect(err);
	for (size_t i = 0; i < n && load->n_users < N_USERS; i++)
		load->users[load->n_users++] = users[i].user_id;
}

static void on_done(void *owner, const struct error *err)
{
	(void)owner;
	expect(err);
}

static void send(struct sender *sender);

static void on_delivered(void *owner, const struct error *err, const struct error *results, size_t n, struct store_queue_items *items)
{
	struct sender *sender = owner;
	struct load *load = sender->load;

	(void)results, (void)n, (void)items;
	expect(err);
	load->n_done++;
	times_add(&load->times, now_ms() - sender->begin_ms);
	if (now_ms() < load->end_ms)
		send(sender);
}

/* A body past 1 MiB goes out piece by piece. */
static struct store_body *make_body(struct load *load)
{
	struct store_body *body = store_body_create(load->client, NULL, NULL);
	struct error err = { 0 };
	bool wait;

	for (size_t at = 0, len; at < load->size; at += len) {
		len = load->size - at < 65536 ? load->size - at : 65536;
		if (!store_body_write(body, bytes_of(octets + at, len), &wait, &err))
			give_up(err.text);
	}
	return body;
}

static void send(struct sender *sender)
{
	struct load *load = sender->load;
	struct store_recipient recipients[RECIPIENTS_MAX];
	uint32_t first = random_below(N_USERS);

	sender->begin_ms = now_ms();
	for (unsigned i = 0; i < load->n_recipients; i++)
		recipients[i] = (struct store_recipient){ .original = i, .user_id = load->users[(first + i) % N_USERS], .address = "user@a.test" };
	struct store_delivery delivery = {
		.queue_id = random_time_id(clock_now_ms()), .body = make_body(load), .summary = &load->summary,
		.sender = "bench@b.test", .arrived_s = clock_now_s(), .expires_s = clock_now_s(), .source = "bench",
		.recipients = recipients, .n_recipients = load->n_recipients, .n_originals = load->n_recipients,
	};
	uint64_t id = random_u64();
	memcpy(load->summary.sortkeys.at + load->id_at, &id, sizeof id);
	store_deliver(load->client, &delivery, on_delivered, sender);
}

static void make_summary(struct load *load)
{
	struct summary_builder *builder = summary_builder_create();
	struct summary made = { 0 };
	struct buffer id = { 0 };
	uint64_t hash = summary_id_hash(BYTES("one@bench.test"));

	memset(buffer_reserve(&load->summary.envelope, STRUCTURE_LEN), 'e', STRUCTURE_LEN);
	buffer_added(&load->summary.envelope, STRUCTURE_LEN);
	memset(buffer_reserve(&load->summary.structure, 100), 's', 100);
	buffer_added(&load->summary.structure, 100);
	summary_builder_feed(builder, BYTES("Message-ID: <one@bench.test>\r\nFrom: Bench <bench@b.test>\r\nSubject: a message like others\r\n\r\n"));
	summary_builder_finish(builder, &made);
	summary_builder_destroy(builder);
	for (int shift = 56; shift >= 0; shift -= 8)
		buffer_add_octet(&id, (char)(hash >> shift));
	buffer_add_bytes(&load->summary.sortkeys, buffer_bytes(&made.sortkeys));
	load->id_at = bytes_find_bytes(buffer_bytes(&made.sortkeys), buffer_bytes(&id));
	if (load->id_at == made.sortkeys.len)
		give_up("the hash of the Message-ID is not where it was");
	summary_release(&made);
	buffer_release(&id);
}

static void make_users(const char *folder)
{
	create_store(folder);
	struct store *store = open_store(folder);
	struct store_client *client = open_client(store);
	struct load nobody = { .n_users = N_USERS };
	char name[32];

	store_domain_add(client, BYTES("a.test"), false, on_done, NULL);
	for (unsigned i = 0; i < N_USERS; i++) {
		snprintf(name, sizeof name, "user%u@a.test", i);
		store_user_create(client, bytes_text(name), NULL, on_users, &nobody);
	}
	store_client_wait(client);
	store_client_destroy(client);
	store_close(store);
}

static bool is_there(const char *folder)
{
	char *path = xprintf("%s/shard0.db", folder);
	FILE *file = fopen(path, "r");

	free(path);
	return file != NULL && fclose(file) == 0;
}

static void deliver(const char *folder, size_t size, unsigned at_once, unsigned n_recipients, double seconds)
{
	static struct load load;
	static struct sender senders[AT_ONCE_MAX];

	if (!is_there(folder))
		make_users(folder);
	struct store *store = open_store(folder);
	load.client = open_client(store);
	load.size = size;
	load.n_recipients = n_recipients;
	make_summary(&load);
	store_user_list(load.client, on_users, &load);
	store_client_wait(load.client);
	if (load.n_users != N_USERS)
		give_up("other users are in the store");
	struct mark start = mark();
	load.end_ms = start.ms + seconds * 1000;
	for (unsigned i = 0; i < at_once; i++) {
		senders[i].load = &load;
		send(&senders[i]);
	}
	store_client_wait(load.client);
	report(load.n_done, &start);
	times_tell(&load.times);
	store_client_destroy(load.client);
	store_close(store);
	buffer_release(&load.summary.envelope);
	buffer_release(&load.summary.structure);
	buffer_release(&load.summary.sortkeys);
}

int main(int argc, char **argv)
{
	size_t size = argc > 3 ? strtoul(argv[3], NULL, 10) : 0;
	unsigned n = argc > 4 ? (unsigned)strtoul(argv[4], NULL, 10) : 0, n_recipients = argc > 5 ? (unsigned)strtoul(argv[5], NULL, 10) : 0;

	log_set_fd(-1);
	octets = xmalloc(BODY_MAX);
	random_octets(octets, BODY_MAX);
	if (argc == 6 && strcmp(argv[1], "raw") == 0 && size <= BODY_MAX && n > 0)
		raw(argv[2], size, n, strtod(argv[5], NULL));
	else if (argc == 7 && strcmp(argv[1], "store") == 0 && size <= BODY_MAX && n > 0 && n <= AT_ONCE_MAX && n_recipients > 0 && n_recipients <= RECIPIENTS_MAX)
		deliver(argv[2], size, n, n_recipients, strtod(argv[6], NULL));
	else
		give_up("usage: bench_store raw FOLDER OCTETS BATCH SECONDS | store FOLDER OCTETS AT_ONCE RECIPIENTS SECONDS");
	free(octets);
	return 0;
}
