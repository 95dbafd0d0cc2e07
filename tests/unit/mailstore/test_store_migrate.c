#include "tests/unit/mailstore/fixture_requests.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mailstore/store_migrate.h"
#include "mailstore/store_open.h"
#include "mailstore/store_schema.h"
#include "mailstore/store_turnstile.h"
#include "tests/unit/mailstore/fixture_schema.h"

#define NOW STORE_SCHEMA_VERSION
#define NEXT (NOW + 1)

/* Those there are, and a version that never was. */
static struct database_migration steps[NEXT];

static void make_steps(void)
{
	memcpy(steps, store_migrations, NOW * sizeof *steps);
	steps[NOW] = (struct database_migration){ NEXT, "ALTER TABLE user ADD COLUMN shoe_size INTEGER NOT NULL DEFAULT 0; "
		"UPDATE user SET shoe_size = 43; CREATE TABLE shoe(user_id INTEGER PRIMARY KEY) STRICT" };
}

static bool names_both(const char *text)
{
	char *want = xprintf("schema %d, this program knows %d", NEXT, NOW);
	bool ok = strstr(text, want) != NULL;

	free(want);
	return ok;
}

static struct database *open_shard(const char *data_dir, enum database_mode mode)
{
	struct error err = { 0 };
	struct database *db = store_database_open(data_dir, mode, false, &err);

	if (db == NULL)
		give_up(data_dir, &err);
	return db;
}

static bool migrate(const char *data_dir, size_t n, struct error *err)
{
	struct database *db = open_shard(data_dir, DATABASE_WRITE);
	bool ok = store_migrate(db, steps, n, err);
	database_close(db);
	return ok;
}

static int64_t schema(struct fixture *f)
{
	return ask(f, "SELECT v FROM meta WHERE k = 'schema'");
}

static void kill_in_the_midst(struct fixture *f, const char *program)
{
	int status;

	setenv("POSTA_TEST_FAULT", "die:database.migrate:1", 1);
	pid_t pid = fork();
	if (pid == 0) {
		execl("/proc/self/exe", program, f->data_dir, (char *)NULL);
		_exit(5);
	}
	CHECK_ROW(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status), "the step dies before its commit");
	CHECK_ROW(schema(f) == NOW && ask(f, "SELECT count(*) FROM pragma_table_info('user') WHERE name = 'shoe_size'") == 0, "nothing of it was done");
	fixture_open(f);
	CHECK_ROW(findings(f) == 0 && get_user(f, "bob@a.test") == ERROR_NONE, "and the store is whole");
	fixture_close(f);
}

/* One of tests/stores becomes the database of a fresh store's folder. */
static void put_kept_store(struct fixture *f, const char *name)
{
	char *kept = xprintf("tests/stores/%s", name), *path = xprintf("%s/shard0.db", f->data_dir);
	FILE *in = open_of_project(kept), *out = fopen(path, "w");
	char part[65536];
	size_t n;

	CHECK_ROW(in != NULL, name);
	while (in != NULL && out != NULL && (n = fread(part, 1, sizeof part, in)) > 0)
		CHECK(fwrite(part, 1, n, out) == n);
	if (in != NULL)
		fclose(in);
	CHECK(out != NULL && fclose(out) == 0);
	free(kept);
	free(path);
}

/* All rows of a statement as text, fields divided by "|". */
static char *rows(const char *data_dir, const char *literal)
{
	struct database *db = open_shard(data_dir, DATABASE_WRITE);
	struct database_statement *s = database_statement_begin(db, literal);
	struct buffer text = { 0 };

	buffer_add_text(&text, "");
	while (database_statement_step(s)) {
		buffer_add_bytes(&text, database_statement_bytes(s, 0));
		buffer_add_octet(&text, '\n');
	}
	buffer_add_octet(&text, '\0');
	CHECK_ROW(!database_failed(db), database_error(db)->text);
	database_close(db);
	return text.at;
}

#define REST "stage, quote(recipient), quote(remote), quote(detail)) FROM journal ORDER BY "
#define MESSAGES "SELECT printf('%d|%d|%d|%d|%d', id, internal_date, saved, thread, message_id) FROM msg ORDER BY id"

/* What the journal of version 2 told of each message it tells still, in its order; however its ids lay. */
static void all_is_told_as_before(void)
{
	struct fixture f = { 0 };

	fixture_start(&f, "told");
	fixture_close(&f);
	put_kept_store(&f, "version2");
	free(rows(f.data_dir, "INSERT INTO journal SELECT 11, at_ms, queue_id, 77 << 20, 1, 'stwice@a.test', NULL, 'the same queue id again' FROM journal WHERE entry_id = 4"));
	free(rows(f.data_dir, "INSERT INTO journal SELECT 12, at_ms, 5, 0, 7, 'short id', NULL, NULL FROM journal WHERE entry_id = 4"));
	free(rows(f.data_dir, "INSERT INTO journal SELECT 13, at_ms, (at_ms + 1 << 22) + 12, 78, 1, NULL, NULL, 'its id is taken' FROM journal WHERE entry_id = 4"));
	free(rows(f.data_dir, "INSERT INTO journal SELECT 14, at_ms, 0, 0, 10, NULL, NULL, 'no queue id' FROM journal WHERE entry_id = 4"));
	free(rows(f.data_dir, "UPDATE msg SET saved = saved + 100, thread = 0 WHERE id & 4294967295 = 2"));
	char *told = rows(f.data_dir, "SELECT printf('%d|%d|%d|%d|%s|%s|%s', at_ms, queue_id, id_hash >> 16, " REST "queue_id, entry_id");
	char *messages = rows(f.data_dir, MESSAGES), *threads = rows(f.data_dir, "SELECT printf('%d|%d|%d', user_id, hash >> 16, thread) FROM thread_id ORDER BY 1");
	fixture_open(&f);
	fixture_close(&f);
	char *tells = rows(f.data_dir, "SELECT printf('%d|%d|%d|%d|%s|%s|%s', (entry_id >> 22) + after_ms, ifnull(queue_id, entry_id), id_hash, "
	                   REST "ifnull(queue_id, entry_id), entry_id");
	CHECK_TEXT(tells, told, "the journal");
	char *now = rows(f.data_dir, MESSAGES);
	CHECK_TEXT(now, messages, "save dates and threads");
	free(now);
	now = rows(f.data_dir, "SELECT printf('%d|%d|%d', user_id, hash, thread) FROM thread_id ORDER BY 1");
	CHECK_TEXT(now, threads, "the names of threads");
	free(now);
	free(told);
	free(tells);
	free(messages);
	free(threads);
}

/* One that migrates a large store holds the turnstile for longer than a write may wait. */
static void who_meets_a_migration_waits_for_it(void)
{
	struct fixture f = { .options = { .turn_wait_ms = 100 } };
	struct error err = { 0 };
	int is_in[2], status;
	char octet;

	fixture_start(&f, "waits");
	fixture_close(&f);
	put_kept_store(&f, "version2");
	CHECK(pipe(is_in) == 0);
	pid_t pid = fork();
	if (pid == 0) {
		struct store_turnstile turnstile;
		int dir_fd = open(f.data_dir, O_RDONLY | O_DIRECTORY);
		bool ok = store_turnstile_open(&turnstile, dir_fd, NULL) && store_turnstile_enter(&turnstile, 5000, NULL) && write(is_in[1], "", 1) == 1;
		usleep(700000);
		_exit(ok ? 0 : 5);
	}
	CHECK(read(is_in[0], &octet, 1) == 1);
	struct store *store = store_open(&f.options, &err);
	CHECK_ROW(store != NULL, err.text);
	store_close(store);
	CHECK(waitpid(pid, &status, 0) == pid && status == 0 && schema(&f) == NOW);
	close(is_in[0]);
	close(is_in[1]);
}

static void a_kept_store_becomes_what_is_made_now(const char *name)
{
	struct fixture f = { 0 };
	struct buffer made = { 0 }, migrated = { 0 };

	f.options.journal_keep_s = (int64_t)100 * 365 * 86400;
	fixture_start(&f, name);
	fixture_close(&f);
	describe_schema(open_shard(f.data_dir, DATABASE_LOOK), &made);
	put_kept_store(&f, name);
	int64_t noted = ask(&f, "SELECT seq FROM sqlite_sequence WHERE name = 'message'"), noted_items = ask(&f, "SELECT seq FROM sqlite_sequence WHERE name = 'qrcpt'");
	fixture_open(&f);
	CHECK_ROW(schema(&f) == NOW && ask(&f, "PRAGMA user_version") == NOW, name);
	CHECK_ROW(findings(&f) == 0 && get_user(&f, "bob@a.test") == ERROR_NONE, name);
	int64_t bob = answer.user.user_id;
	CHECK_ROW(deliver_to(&f, 500, &bob, 1) == ERROR_NONE && deliver_remote(&f, "x@elsewhere.test", false, 0) == ERROR_NONE, name);
	CHECK_ROW(ask(&f, "SELECT max(message_id) FROM message") == noted + 2 && ask(&f, "SELECT max(item_id) FROM qrcpt") == noted_items + 1, "ids go on behind those that were given");
	fixture_close(&f);
	describe_schema(open_shard(f.data_dir, DATABASE_LOOK), &migrated);
	CHECK_TEXT(migrated.at, made.at, name);
	buffer_release(&made);
	buffer_release(&migrated);
}

int main(int argc, char **argv)
{
	struct fixture f = { 0 };
	struct error err = { 0 };

	make_steps();
	if (argc == 2)
		return migrate(argv[1], NEXT, &err) ? 3 : 4;
	fixture_start(&f, "old");
	int64_t bob = add_user(&f, "bob@a.test");
	deliver_to(&f, 70000, &bob, 1);
	fixture_close(&f);
	CHECK_ROW(migrate(f.data_dir, NOW, &err) && schema(&f) == NOW, "its own version is left as it is");
	kill_in_the_midst(&f, argv[0]);
	CHECK_ROW(migrate(f.data_dir, NEXT, &err), err.text);
	CHECK_ROW(schema(&f) == NEXT && ask(&f, "PRAGMA user_version") == NEXT, "forward to the next version");
	CHECK_ROW(ask(&f, "SELECT shoe_size FROM user") == 43 && ask(&f, "SELECT used_octets FROM user") == 70000, "with all that was there");
	CHECK_ROW(migrate(f.data_dir, NEXT, &err), "once");
	CHECK_ROW(!migrate(f.data_dir, NOW, &err) && err.kind == ERROR_DENIED, "an older program refuses it");
	CHECK(store_open(&f.options, &err) == NULL && err.kind == ERROR_DENIED);
	CHECK_ROW(names_both(err.text), "and names both versions");
	a_kept_store_becomes_what_is_made_now("version1");
	a_kept_store_becomes_what_is_made_now("version2");
	a_kept_store_becomes_what_is_made_now("version3");
	all_is_told_as_before();
	who_meets_a_migration_waits_for_it();
	return check_finish();
}
