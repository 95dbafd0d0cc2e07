#include "database/database.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "database/database_statement.h"
#include "database/database_transaction.h"
#include "tests/support/check.h"

static char path[300];

static struct database *open_as(enum database_mode mode, struct error *err)
{
	struct database_options options = { .path = path, .mode = mode, .busy_ms = 20 };

	error_clear(err);
	return database_open(&options, err);
}

static void write_file(const char *text)
{
	FILE *file = fopen(path, "w");

	if (file == NULL || fputs(text, file) < 0 || fclose(file) != 0)
		abort();
}

/* What each mode answers to a pragma; -1 where it is not asked. */
static const struct pragma_row {
	const char *pragma;
	int64_t writer, reader;
} pragmas[] = {
	{ "PRAGMA page_size", 4096, 4096 },
	{ "PRAGMA auto_vacuum", 2, 2 },
	{ "PRAGMA synchronous", 2, -1 },
	{ "PRAGMA journal_size_limit", 67108864, -1 },
	{ "PRAGMA secure_delete", 0, 0 },
	{ "PRAGMA temp_store", 2, 2 },
	{ "PRAGMA cache_size", -16000, -4000 },
	{ "PRAGMA mmap_size", 0, 1073741824 },
	{ "PRAGMA query_only", 0, 1 },
	{ "PRAGMA foreign_keys", 0, 0 },
	{ "PRAGMA trusted_schema", 0, 0 },
	{ "PRAGMA busy_timeout", 20, 20 },
};

static void check_pragmas(void)
{
	struct error err = { 0 };
	struct stat st;
	struct database *writer = open_as(DATABASE_CREATE, &err);

	CHECK_ROW(writer != NULL, err.text);
	database_script(writer, "CREATE TABLE t(a) STRICT");
	CHECK_ROW(database_failed(writer), "a syntax error is one");
	database_clear(writer);
	database_script(writer, "CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT UNIQUE CHECK (b<>'bad')) STRICT");
	struct database *reader = open_as(DATABASE_READ, &err);
	CHECK_ROW(reader != NULL, err.text);
	for (size_t i = 0; i < sizeof pragmas / sizeof *pragmas; i++) {
		int64_t w = database_statement_one(database_statement_begin(writer, pragmas[i].pragma), -9);
		int64_t r = database_statement_one(database_statement_begin(reader, pragmas[i].pragma), -9);
		CHECK_ROW(w == pragmas[i].writer, pragmas[i].pragma);
		CHECK_ROW(r == pragmas[i].reader || pragmas[i].reader == -1, pragmas[i].pragma);
	}
	CHECK(stat(path, &st) == 0 && (st.st_mode & 0777) == 0600);
	database_close(reader);
	database_close(writer);
	struct database_options ephemeral = { .path = path, .mode = DATABASE_WRITE, .synchronous_off = true };
	writer = database_open(&ephemeral, &err);
	CHECK(database_statement_one(database_statement_begin(writer, "PRAGMA synchronous"), -1) == 0);
	database_close(writer);
	database_close(NULL);
}

/* Each failing statement, run on a connection of a mode, and the kind of its failure. */
static const struct failure_row {
	const char *claim;
	enum database_mode mode;
	const char *sql;
	enum error_kind kind;
} failures[] = {
	{ "a unique key taken", DATABASE_WRITE, "INSERT INTO t VALUES(1,'x'),(2,'x')", ERROR_EXISTS },
	{ "a primary key taken", DATABASE_WRITE, "INSERT INTO t VALUES(1,'x'),(1,'y')", ERROR_EXISTS },
	{ "a check that fails is no duplicate", DATABASE_WRITE, "INSERT INTO t VALUES(1,'bad')", ERROR_SYSTEM },
	{ "a value too big", DATABASE_WRITE, "SELECT zeroblob(2000000000)", ERROR_LIMIT },
	{ "no more room", DATABASE_WRITE, "PRAGMA max_page_count=1; INSERT INTO t VALUES(1,hex(zeroblob(100000)))", ERROR_FULL },
	{ "a reader does not write", DATABASE_READ, "INSERT INTO t VALUES(1,'x')", ERROR_SYSTEM },
	{ "one who looks does not write", DATABASE_LOOK, "INSERT INTO t VALUES(1,'x')", ERROR_SYSTEM },
};

static void check_failures(void)
{
	struct error err = { 0 };

	for (size_t i = 0; i < sizeof failures / sizeof *failures; i++) {
		struct database *db = open_as(failures[i].mode, &err);
		CHECK_ROW(db != NULL, err.text);
		database_script(db, failures[i].sql);
		CHECK_ROW(database_failed(db) && database_error(db)->kind == failures[i].kind, failures[i].claim);
		CHECK_ROW(strncmp(database_error(db)->text, "database: ", 10) == 0, failures[i].claim);
		struct error first = *database_error(db);
		database_script(db, "SELECT nonsense");
		CHECK_ROW(strcmp(database_error(db)->text, first.text) == 0, "the first failure stays");
		CHECK_ROW(database_statement_one(database_statement_begin(db, "SELECT 5"), -1) == -1, "nothing runs after a failure");
		database_clear(db);
		CHECK_ROW(database_statement_one(database_statement_begin(db, "SELECT 5"), -1) == 5, "cleared, it works again");
		database_close(db);
	}
}

/* A lock held by another connection is waited for, then answered with TRY_LATER. */
static void check_busy(void)
{
	struct error err = { 0 };
	struct database *a = open_as(DATABASE_WRITE, &err), *b = open_as(DATABASE_WRITE, &err);

	CHECK(database_begin_write(a));
	CHECK(!database_begin_write(b) && database_error(b)->kind == ERROR_TRY_LATER && error_is_temporary(database_error(b)));
	database_rollback(b);
	database_clear(b);
	database_rollback(a);
	CHECK(database_begin_write(b));
	CHECK(database_statement_run(database_statement_begin(b, "INSERT INTO t VALUES(7,'seven')")) == 1);
	CHECK(database_last_id(b) == 7 && database_changes(b) == 1);
	CHECK(database_commit(b));
	database_close(a);
	database_close(b);
}

static void check_refusals(void)
{
	struct error err = { 0 };
	char wanted[400];

	snprintf(path, sizeof path, "%s/none.db", check_folder());
	CHECK(open_as(DATABASE_WRITE, &err) == NULL && err.kind == ERROR_NOT_FOUND);
	snprintf(wanted, sizeof wanted, "%s: database: unable to open database file: No such file or directory", path);
	CHECK_TEXT(err.text, wanted, "the text names the file and the reason");
	snprintf(path, sizeof path, "%s/none/x.db", check_folder());
	CHECK(open_as(DATABASE_CREATE, &err) == NULL && err.kind == ERROR_NOT_FOUND);
	snprintf(path, sizeof path, "%s/text.db", check_folder());
	write_file("This is no database, but it is long enough to look like one at first sight: "
	           "one hundred octets are what a header takes, so a few more words are needed here.");
	CHECK(open_as(DATABASE_WRITE, &err) == NULL && err.kind == ERROR_CORRUPT);
	CHECK(open_as(DATABASE_CREATE, &err) == NULL && err.kind == ERROR_CORRUPT);
	snprintf(wanted, sizeof wanted, "%s/link.db", check_folder());
	CHECK(symlink(path, wanted) == 0);
	snprintf(path, sizeof path, "%s/link.db", check_folder());
	CHECK_ROW(open_as(DATABASE_WRITE, &err) == NULL, "a symbolic link is refused");
	CHECK_ROW(database_open(&(struct database_options){ .path = path }, NULL) == NULL, "nobody need ask why");
}

static unsigned pages_after(struct database *writer, int n_commits)
{
	for (int i = 0; i < n_commits; i++)
		database_script(writer, "INSERT INTO pages(b) VALUES(zeroblob(4000000))");
	return database_log_pages(writer);
}

static void check_log(void)
{
	struct error err = { 0 };

	snprintf(path, sizeof path, "%s/log.db", check_folder());
	struct database *writer = open_as(DATABASE_CREATE, &err);
	database_script(writer, "CREATE TABLE pages(b BLOB) STRICT");
	struct database *reader = open_as(DATABASE_READ, &err);
	CHECK_ROW(database_checkpoint(writer, 0) && database_log_pages(writer) == 0, "it begins anew");
	unsigned n = pages_after(writer, 1);
	CHECK_ROW(n > 900 && n < 1200, "a commit of 4 MB");
	CHECK_ROW(pages_after(writer, 3) > 3900 && pages_after(writer, 2) < 2500, "past 4,000 pages it begins anew by itself");
	CHECK(database_begin_read(reader) && database_statement_one(database_statement_begin(reader, "SELECT count(*) FROM pages"), -1) == 6);
	CHECK_ROW(pages_after(writer, 6) > 6000, "unless somebody reads from it");
	CHECK(!database_checkpoint(writer, 30) && database_error(writer)->kind == ERROR_TRY_LATER);
	database_clear(writer);
	database_rollback(reader);
	CHECK_ROW(database_checkpoint(writer, 30) && pages_after(writer, 1) < 1200, "and no longer than that");
	database_close(reader);
	database_close(writer);
}

static void check_log_left_alone(void)
{
	struct error err = { 0 };
	unsigned n_left = 1;

	snprintf(path, sizeof path, "%s/left.db", check_folder());
	struct database *writer = open_as(DATABASE_CREATE, &err);
	database_script(writer, "CREATE TABLE pages(b BLOB) STRICT");
	struct database *reader = open_as(DATABASE_READ, &err);
	database_leave_log(writer);
	CHECK_ROW(pages_after(writer, 6) > 5800, "commits copy nothing");
	CHECK_ROW(database_copy_log(writer, &n_left) && n_left == 0 && pages_after(writer, 1) < 1200, "copied, it begins anew with the next commit");
	CHECK(database_begin_read(reader) && database_statement_one(database_statement_begin(reader, "SELECT count(*) FROM pages"), -1) == 7);
	pages_after(writer, 2);
	CHECK_ROW(database_copy_log(writer, &n_left) && n_left > 1900, "what came after a reader began is left");
	database_rollback(reader);
	CHECK(database_copy_log(writer, &n_left) && n_left == 0);
	database_close(reader);
	database_close(writer);
}

int main(void)
{
	snprintf(path, sizeof path, "%s/a.db", check_folder());
	check_pragmas();
	check_failures();
	check_busy();
	check_refusals();
	check_log();
	check_log_left_alone();
	return check_finish();
}
