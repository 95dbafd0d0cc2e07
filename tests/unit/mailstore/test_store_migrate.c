#include "tests/unit/mailstore/fixture_requests.h"

#include <sys/wait.h>
#include <unistd.h>

#include "mailstore/store_migrate.h"
#include "mailstore/store_open.h"
#include "mailstore/store_schema.h"
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

static void a_kept_store_becomes_what_is_made_now(const char *name)
{
	struct fixture f = { 0 };
	struct buffer made = { 0 }, migrated = { 0 };

	f.options.journal_keep_s = (int64_t)100 * 365 * 86400;
	fixture_start(&f, name);
	fixture_close(&f);
	describe_schema(open_shard(f.data_dir, DATABASE_LOOK), &made);
	put_kept_store(&f, name);
	fixture_open(&f);
	CHECK_ROW(schema(&f) == NOW && ask(&f, "PRAGMA user_version") == NOW, name);
	CHECK_ROW(findings(&f) == 0 && get_user(&f, "bob@a.test") == ERROR_NONE, name);
	int64_t bob = answer.user.user_id;
	CHECK_ROW(deliver_to(&f, 500, &bob, 1) == ERROR_NONE, name);
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
	return check_finish();
}
