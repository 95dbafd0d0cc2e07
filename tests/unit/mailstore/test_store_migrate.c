#include "tests/unit/mailstore/fixture_requests.h"

#include <sys/wait.h>
#include <unistd.h>

#include "mailstore/store_migrate.h"
#include "mailstore/store_open.h"

/* A version that never was. */
static const struct database_migration steps[] = {
	{ 1, "" },
	{ 2, "ALTER TABLE user ADD COLUMN shoe_size INTEGER NOT NULL DEFAULT 0; UPDATE user SET shoe_size = 43; CREATE TABLE shoe(user_id INTEGER PRIMARY KEY) STRICT" },
};

static bool migrate(const char *data_dir, size_t n, struct error *err)
{
	struct database *db = store_database_open(data_dir, DATABASE_WRITE, false, err);

	if (db == NULL)
		give_up(data_dir, err);
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
	CHECK_ROW(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status), "the second step dies before its commit");
	CHECK_ROW(schema(f) == 1 && ask(f, "SELECT count(*) FROM pragma_table_info('user') WHERE name = 'shoe_size'") == 0, "nothing of it was done");
	fixture_open(f);
	CHECK_ROW(findings(f) == 0 && get_user(f, "bob@a.test") == ERROR_NONE, "and the store is whole");
	fixture_close(f);
}

int main(int argc, char **argv)
{
	struct fixture f = { 0 };
	struct error err = { 0 };

	if (argc == 2)
		return migrate(argv[1], 2, &err) ? 3 : 4;
	fixture_start(&f, "old");
	int64_t bob = add_user(&f, "bob@a.test");
	deliver_to(&f, 70000, &bob, 1);
	fixture_close(&f);
	CHECK_ROW(migrate(f.data_dir, 1, &err) && schema(&f) == 1, "its own version is left as it is");
	kill_in_the_midst(&f, argv[0]);
	CHECK_ROW(migrate(f.data_dir, 2, &err), err.text);
	CHECK_ROW(schema(&f) == 2 && ask(&f, "PRAGMA user_version") == 2, "forward to the next version");
	CHECK_ROW(ask(&f, "SELECT shoe_size FROM user") == 43 && ask(&f, "SELECT used_octets FROM user") == 70000, "with all that was there");
	CHECK_ROW(migrate(f.data_dir, 2, &err), "once");
	CHECK_ROW(!migrate(f.data_dir, 1, &err) && err.kind == ERROR_DENIED, "an older program refuses it");
	CHECK(store_open(&f.options, &err) == NULL && err.kind == ERROR_DENIED);
	CHECK_ROW(strstr(err.text, "schema 2") != NULL && strstr(err.text, "knows 1") != NULL, "and names both versions");
	return check_finish();
}
