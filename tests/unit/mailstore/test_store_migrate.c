#include "tests/unit/mailstore/fixture_requests.h"

#include <sys/wait.h>
#include <unistd.h>

#include "mailstore/store_migrate.h"
#include "mailstore/store_open.h"
#include "mailstore/store_schema.h"

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
	CHECK_ROW(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status), "the step dies before its commit");
	CHECK_ROW(schema(f) == NOW && ask(f, "SELECT count(*) FROM pragma_table_info('user') WHERE name = 'shoe_size'") == 0, "nothing of it was done");
	fixture_open(f);
	CHECK_ROW(findings(f) == 0 && get_user(f, "bob@a.test") == ERROR_NONE, "and the store is whole");
	fixture_close(f);
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
	return check_finish();
}
