/*
 * bench_flags: one flag changed durably, beside one row changed in SQLite itself (target 5 of the store's reference page).
 *
 *	bench_flags raw FOLDER SECONDS          one UPDATE of one of 100,000 rows a transaction
 *	bench_flags store FOLDER SECONDS        one STORE of one message; mail is brought into INBOX of user0 when there is none
 *
 * Prints lines `KEY VALUE`: rate, p50_ms, p99_ms, max_ms.
 */
#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "mailstore/bodies.h"
#include "mailstore/messages.h"
#include "mailstore/users.h"
#include "tests/bench/measure.h"

#define N_RAW 100000
#define N_MESSAGES 2000

static struct times times;

static void raw(const char *folder, double seconds)
{
	struct database *db = open_database(folder, "raw-flags.db", DATABASE_CREATE, false);

	database_script(db, "CREATE TABLE IF NOT EXISTS raw(id INTEGER PRIMARY KEY, modseq INTEGER NOT NULL, flags INTEGER NOT NULL) STRICT");
	database_begin_write(db);
	database_script(db, "WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n WHERE i < 100000) INSERT OR IGNORE INTO raw SELECT i, 1, 0 FROM n");
	commit_or_give_up(db);
	double start_ms = now_ms();
	for (int64_t n = 0; now_ms() - start_ms < seconds * 1000; n++) {
		double begin_ms = now_ms();
		database_begin_write(db);
		struct database_statement *s = database_statement_begin(db, "UPDATE raw SET flags = 1 - flags, modseq = ?1 WHERE id = ?2");
		database_statement_bind_int(s, 1, n);
		database_statement_bind_int(s, 2, 1 + random_below(N_RAW));
		database_statement_run(s);
		commit_or_give_up(db);
		times_add(&times, now_ms() - begin_ms);
	}
	tell("rate", (double)times.n * 1000 / (now_ms() - start_ms));
	times_tell(&times);
	database_close(db);
}

static int64_t user_id;
static struct store_mailbox inbox;

static void on_user(void *owner, const struct error *err, const struct store_user *users, size_t n)
{
	(void)owner;
	expect(err);
	user_id = n > 0 ? users[0].user_id : 0;
}

static void on_mailbox(void *owner, const struct error *err, const struct store_mailbox *mailboxes, size_t n)
{
	(void)owner;
	expect(err);
	if (n > 0)
		inbox = mailboxes[0];
}

static void on_appended(void *owner, const struct error *err, uint32_t uidvalidity, const struct ranges *uids)
{
	(void)owner, (void)uidvalidity, (void)uids;
	expect(err);
}

static void on_flags(void *owner, const struct error *err, uint64_t modseq, const struct ranges *modified)
{
	(void)owner, (void)modified;
	expect(err);
	if (modseq == 0)
		give_up("nothing was changed");
}

static void fill(struct store_client *client)
{
	struct summary summary = { 0 };
	bool wait;

	for (unsigned i = 0; i < N_MESSAGES; i++) {
		struct store_append_item item = { .body = store_body_create(client, NULL, NULL), .summary = &summary, .internal_date_s = clock_now_s() };
		store_body_write(item.body, BYTES("a message\n"), &wait, NULL);
		store_append(client, user_id, BYTES("INBOX"), &item, 1, on_appended, NULL);
	}
	store_client_wait(client);
}

static void on_cleared(void *owner, const struct error *err, uint64_t modseq, const struct ranges *modified)
{
	(void)owner, (void)modseq, (void)modified;
	expect(err);
}

/* An earlier run may have left the flag set. */
static void clear(struct store_client *client, uint32_t uid)
{
	struct ranges uids = { 0 };
	struct store_flags_change none = { .mailbox_id = inbox.mailbox_id, .uids = &uids, .op = STORE_FLAGS_SET, .unchanged_since = UINT64_MAX };

	ranges_add(&uids, uid);
	store_message_flags(client, &none, on_cleared, NULL);
	ranges_release(&uids);
}

static void change(struct store_client *client, uint32_t uid, bool is_set)
{
	struct ranges uids = { 0 };
	struct store_flags_change flags = { .mailbox_id = inbox.mailbox_id, .uids = &uids, .op = is_set ? STORE_FLAGS_ADD : STORE_FLAGS_REMOVE,
	                                    .bits = STORE_FLAGGED, .unchanged_since = UINT64_MAX };
	double begin_ms = now_ms();

	ranges_add(&uids, uid);
	store_message_flags(client, &flags, on_flags, NULL);
	store_client_wait(client);
	times_add(&times, now_ms() - begin_ms);
	ranges_release(&uids);
}

static void store(const char *folder, double seconds)
{
	struct store *opened = open_store(folder);
	struct store_client *client = open_client(opened);

	store_user_get(client, BYTES("user0@a.test"), on_user, NULL);
	store_client_wait(client);
	for (int twice = 0; twice < 2; twice++) {
		store_mailbox_get(client, user_id, BYTES("INBOX"), on_mailbox, NULL);
		store_client_wait(client);
		if (inbox.n_messages < N_MESSAGES)
			fill(client);
	}
	for (uint32_t uid = 1; uid <= N_MESSAGES; uid++)
		clear(client, uid);
	store_client_wait(client);
	double start_ms = now_ms();
	for (uint32_t n = 0; now_ms() - start_ms < seconds * 1000; n++)
		change(client, 1 + n * 7919 % N_MESSAGES, n / N_MESSAGES % 2 == 0);
	tell("rate", (double)times.n * 1000 / (now_ms() - start_ms));
	times_tell(&times);
	store_client_destroy(client);
	store_close(opened);
}

int main(int argc, char **argv)
{
	log_set_fd(-1);
	if (argc == 4 && strcmp(argv[1], "raw") == 0)
		raw(argv[2], strtod(argv[3], NULL));
	else if (argc == 4 && strcmp(argv[1], "store") == 0)
		store(argv[2], strtod(argv[3], NULL));
	else
		give_up("usage: bench_flags raw|store FOLDER SECONDS");
	return 0;
}
