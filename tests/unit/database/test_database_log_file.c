#include "database/database.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "database/database_statement.h"
#include "database/database_transaction.h"
#include "tests/support/check.h"

static struct database *open_file(const char *name, bool gathers_log)
{
	char path[300];
	struct error err = { 0 };

	snprintf(path, sizeof path, "%s/%s", check_folder(), name);
	struct database *db = database_open(&(struct database_options){
		.path = path, .mode = DATABASE_CREATE, .gathers_log = gathers_log, .cache_kib = 40, .busy_ms = 20 }, &err);
	CHECK_ROW(db != NULL, err.text);
	database_script(db, "CREATE TABLE IF NOT EXISTS t(a INTEGER PRIMARY KEY, b BLOB)");
	return db;
}

static int64_t ask(struct database *db, const char *literal)
{
	return database_statement_one(database_statement_begin(db, literal), -1);
}

/* About as many pages. */
static void write_rows(struct database *db, int64_t n)
{
	struct database_statement *s = database_statement_begin(db,
		"INSERT INTO t(b) WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n WHERE i < ?) SELECT randomblob(3000) FROM n");

	database_statement_bind_int(s, 1, n);
	database_statement_run(s);
}

static bool is_whole(struct database *db)
{
	return ask(db, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'") == 1;
}

static long n_write_calls(void)
{
	FILE *file = fopen("/proc/self/io", "r");
	char line[100];
	long n = -1;

	while (file != NULL && fgets(line, sizeof line, file) != NULL)
		if (strncmp(line, "syscw:", 6) == 0)
			n = strtol(line + 6, NULL, 10);
	if (file != NULL)
		fclose(file);
	return n;
}

static long calls_of_a_commit(const char *name, bool gathers_log)
{
	struct database *db = open_file(name, gathers_log);

	write_rows(db, 1);
	database_begin_write(db);
	write_rows(db, 6);
	long before = n_write_calls();
	CHECK(database_commit(db));
	long n = n_write_calls() - before;
	database_close(db);
	return n;
}

static void a_commit_is_written_at_once(void)
{
	CHECK(calls_of_a_commit("plain", false) >= 12);
	CHECK(calls_of_a_commit("gathered", true) == 1);
}

/* What an end does with a write that is bigger than the cache, while another connection waits. */
static void what_is_rolled_back_is_written_over_nobodys_pages(void)
{
	struct database *first = open_file("two", true), *second = open_file("two", true);
	int64_t n = 0;

	for (int i = 0; i < 40; i++) {
		CHECK(database_begin_write(first));
		write_rows(first, 11 + 3 * i);
		database_rollback(first);
		CHECK(database_begin_write(second));
		write_rows(second, 1 + i % 7);
		CHECK(database_commit(second));
		n += 1 + i % 7;
		CHECK(ask(first, "SELECT count(*) FROM t") == n);
		CHECK(database_begin_write(first));
		write_rows(first, 2);
		CHECK(database_commit(first));
		n += 2;
		CHECK(ask(second, "SELECT count(*) FROM t") == n);
	}
	CHECK(is_whole(first) && is_whole(second));
	database_close(first);
	database_close(second);
}

static void a_write_bigger_than_the_cache_reads_its_own_pages(void)
{
	struct database *db = open_file("big", true);

	database_begin_write(db);
	write_rows(db, 500);
	CHECK(ask(db, "SELECT count(*) FROM t WHERE length(b) = 3000") == 500);
	database_part_begin(db);
	write_rows(db, 300);
	CHECK(database_part_undo(db));
	write_rows(db, 100);
	CHECK(ask(db, "SELECT sum(length(b)) FROM t") == 600 * 3000);
	CHECK(database_commit(db));
	CHECK(is_whole(db));
	database_close(db);
	db = open_file("big", false);
	CHECK(ask(db, "SELECT count(*) FROM t") == 600 && is_whole(db));
	database_close(db);
}

static void others_see_what_is_committed(void)
{
	struct database *writer = open_file("seen", true), *reader = open_file("seen", false);

	for (int64_t n = 1; n <= 20; n++) {
		write_rows(writer, 1);
		CHECK(ask(reader, "SELECT count(*) FROM t") == n);
		if (n == 10)
			CHECK(database_checkpoint(writer, 1000));
	}
	database_close(writer);
	CHECK(ask(reader, "SELECT count(*) FROM t") == 20 && is_whole(reader));
	database_close(reader);
}

int main(void)
{
	a_commit_is_written_at_once();
	what_is_rolled_back_is_written_over_nobodys_pages();
	a_write_bigger_than_the_cache_reads_its_own_pages();
	others_see_what_is_committed();
	return check_finish();
}
