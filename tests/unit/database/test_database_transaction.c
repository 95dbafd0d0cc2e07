#include "database/database_transaction.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "database/database_statement.h"
#include "tests/support/check.h"

static struct database *open_as(enum database_mode mode)
{
	char path[300];
	struct error err = { 0 };

	snprintf(path, sizeof path, "%s/a.db", check_folder());
	struct database *db = database_open(&(struct database_options){ .path = path, .mode = mode, .busy_ms = 20 }, &err);
	CHECK_ROW(db != NULL, err.text);
	return db;
}

static int64_t count(struct database *db)
{
	return database_statement_one(database_statement_begin(db, "SELECT count(*) FROM t"), -1);
}

/* A transaction as a word: b begin, c commit, r rollback, p part, k keep, u undo, i insert, x a failing insert, e clear. */
static const struct run_row {
	const char *claim, *steps;
	int64_t rows;
} runs[] = {
	{ "what is committed stays", "biic", 2 },
	{ "what is rolled back goes", "biir", 0 },
	{ "rollback without a transaction does nothing", "r", 0 },
	{ "a failure prevents the commit", "bixc", 0 },
	{ "a failure and a rollback leave nothing", "bixr", 0 },
	{ "a part that is undone leaves the rest", "bipiiukc", 0 },
	{ "a part undone, then committed", "bipiiuc", 1 },
	{ "a part kept", "bipikc", 2 },
	{ "a part that failed is undone alone", "bipixuic", 2 },
	{ "parts nest: the inner undone", "bpipiukc", 1 },
	{ "parts nest: the outer undone", "bipipikuc", 1 },
	{ "two parts in turn", "bpixupikc", 1 },
};

static void run_step(struct database *db, char step)
{
	switch (step) {
	case 'b':
		database_begin_write(db);
		break;
	case 'c':
		database_commit(db);
		break;
	case 'r':
		database_rollback(db);
		break;
	case 'p':
		database_part_begin(db);
		break;
	case 'k':
		database_part_keep(db);
		break;
	case 'u':
		database_part_undo(db);
		break;
	case 'i':
		database_script(db, "INSERT INTO t(b) VALUES('x')");
		break;
	case 'x':
		database_script(db, "INSERT INTO t(a) VALUES(NULL),('not a number')");
		break;
	}
}

/* A full disk in the middle: SQLite may roll back by itself, and rollback is right in any case. */
static void check_full(struct database *db)
{
	database_script(db, "PRAGMA max_page_count=20");
	CHECK(database_begin_write(db));
	database_script(db, "INSERT INTO t(b) VALUES('first')");
	CHECK(database_part_begin(db));
	database_script(db, "INSERT INTO t(b) VALUES(hex(zeroblob(200000)))");
	CHECK(database_error(db)->kind == ERROR_FULL);
	if (database_part_undo(db)) {
		CHECK(!database_failed(db) && count(db) == 1);
	} else {
		CHECK(database_failed(db));
	}
	database_rollback(db);
	database_clear(db);
	CHECK(!database_in_transaction(db) && count(db) == 0);
	database_script(db, "PRAGMA max_page_count=1000000");
	CHECK(!database_part_undo(db));
}

/* A reader's transaction sees one state, however often another commits. */
static void check_snapshot(struct database *writer)
{
	struct database *reader = open_as(DATABASE_READ);

	CHECK(database_begin_read(reader) && count(reader) == 0);
	database_script(writer, "INSERT INTO t(b) VALUES('x')");
	CHECK(count(reader) == 0);
	CHECK(database_commit(reader) && count(reader) == 1);
	database_close(reader);
	database_script(writer, "DELETE FROM t");
}

int main(void)
{
	/* read once a process: its twelfth commit fails, the last one below */
	setenv("POSTA_TEST_FAULT", "fail:database.commit:12", 1);
	struct database *db = open_as(DATABASE_CREATE);
	int commits = 0;

	database_script(db, "CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT) STRICT");
	for (size_t i = 0; i < sizeof runs / sizeof *runs; i++) {
		for (const char *step = runs[i].steps; *step != '\0'; step++) {
			run_step(db, *step);
			commits += *step == 'c';
		}
		CHECK_ROW(!database_in_transaction(db), runs[i].claim);
		database_clear(db);
		CHECK_ROW(count(db) == runs[i].rows, runs[i].claim);
		database_script(db, "DELETE FROM t");
	}
	check_full(db);
	check_snapshot(db);
	for (commits++; commits < 11; commits++)
		CHECK(database_begin_write(db) && database_commit(db));
	CHECK(database_begin_write(db));
	run_step(db, 'i');
	CHECK(!database_commit(db) && database_error(db)->kind == ERROR_FULL && !database_in_transaction(db));
	database_clear(db);
	CHECK_ROW(count(db) == 0, "a commit that failed left nothing");
	database_close(db);
	return check_finish();
}
