#include "database/database_statement.h"

#include <stdio.h>
#include <string.h>

#include "tests/support/check.h"

static struct database *open_empty(void)
{
	char path[300];
	struct error err = { 0 };

	snprintf(path, sizeof path, "%s/a.db", check_folder());
	struct database *db = database_open(&(struct database_options){ .path = path, .mode = DATABASE_CREATE }, &err);
	CHECK_ROW(db != NULL, err.text);
	database_script(db, "CREATE TABLE t(a INTEGER PRIMARY KEY, b)");
	return db;
}

#define INSERT "INSERT INTO t VALUES(?,?)"
#define TYPE   "SELECT typeof(b),b FROM t WHERE a=?"

/* Each way to bind, what SQLite took it for, and the octets that come back. */
static const struct bind_row {
	const char *claim;
	char how;                       /* i integer, t text, s slice, b blob, n null */
	const char *octets;
	size_t len;
	const char *type, *back;
	size_t back_len;
} binds[] = {
	{ "an integer", 'i', NULL, 0, "integer", "-9223372036854775808", 20 },
	{ "a text", 't', "abc", 3, "text", "abc", 3 },
	{ "a text that is NULL", 't', NULL, 0, "null", "", 0 },
	{ "a slice", 's', "abcdef", 3, "text", "abc", 3 },
	{ "an empty slice is not NULL", 's', NULL, 0, "text", "", 0 },
	{ "a slice with a NUL", 's', "a\0b", 3, "text", "a\0b", 3 },
	{ "a blob", 'b', "\xff\0\x80", 3, "blob", "\xff\0\x80", 3 },
	{ "an empty blob is not NULL", 'b', NULL, 0, "blob", "", 0 },
	{ "NULL", 'n', NULL, 0, "null", "", 0 },
	{ "what nobody bound is NULL, not the last value", '-', NULL, 0, "null", "", 0 },
};

static void bind(struct database_statement *s, const struct bind_row *row)
{
	switch (row->how) {
	case 'i':
		database_statement_bind_int(s, 2, INT64_MIN);
		break;
	case 't':
		database_statement_bind_text(s, 2, row->octets);
		break;
	case 's':
		database_statement_bind_bytes(s, 2, bytes_of(row->octets, row->len));
		break;
	case 'b':
		database_statement_bind_blob(s, 2, bytes_of(row->octets, row->len));
		break;
	case 'n':
		database_statement_bind_text(s, 2, NULL);
		break;
	}
}

static void check_binds(struct database *db)
{
	static const char *const insert = INSERT, *const type = TYPE;
	struct arena arena = { 0 };

	for (size_t i = 0; i < sizeof binds / sizeof *binds; i++) {
		const struct bind_row *row = &binds[i];
		struct database_statement *s = database_statement_begin(db, insert);
		database_statement_bind_int(s, 1, (int64_t)i);
		bind(s, row);
		CHECK_ROW(database_statement_run(s) == 1, row->claim);
		s = database_statement_begin(db, type);
		database_statement_bind_int(s, 1, (int64_t)i);
		CHECK_ROW(database_statement_step(s), row->claim);
		CHECK_TEXT(database_statement_text(s, 0, &arena), row->type, row->claim);
		CHECK_ROW(database_statement_is_null(s, 1) == (strcmp(row->type, "null") == 0), row->claim);
		if (row->how == 'i') {
			CHECK_ROW(database_statement_int(s, 1) == INT64_MIN, row->claim);
		} else {
			struct bytes back = database_statement_bytes(s, 1);
			check_expect_bytes(back.at, back.len, row->back, row->back_len, row->claim, __FILE__, __LINE__);
		}
		const char *text = database_statement_text(s, 1, &arena);
		CHECK_ROW(text == NULL ? row->back_len == 0 : memcmp(text, row->back, row->back_len + 1) == 0, row->claim);
		CHECK_ROW(!database_statement_step(s) && !database_failed(db), row->claim);
	}
	arena_reset(&arena);
}

static void check_ends(struct database *db)
{
	static const char *const all = "SELECT a FROM t ORDER BY a";
	struct database_statement *s = database_statement_begin(db, all);
	int n = 0;

	CHECK(database_statement_step(s) && database_statement_step(s) && database_statement_int(s, 0) == 1);
	struct database_statement *again = database_statement_begin(db, all);
	CHECK_ROW(again == s && database_statement_step(s) && database_statement_int(s, 0) == 0, "begin starts over");
	database_statement_end(s);
	database_statement_end(s);
	/* an open read would block this */
	database_script(db, "PRAGMA journal_mode=DELETE; PRAGMA journal_mode=WAL");
	CHECK_ROW(!database_failed(db), "nothing reads on after the end");
	for (s = database_statement_begin(db, all); database_statement_step(s); n++)
		;
	CHECK(n == sizeof binds / sizeof *binds);
	CHECK(database_statement_one(database_statement_begin(db, "SELECT a FROM t WHERE a=99"), -5) == -5);
	CHECK(database_statement_run(database_statement_begin(db, "UPDATE t SET b=1")) == n);
}

static void check_failures(struct database *db)
{
	struct database_statement *s = database_statement_begin(db, "SELECT nonsense FROM nowhere");

	database_statement_bind_int(s, 1, 5);
	CHECK(!database_statement_step(s) && database_failed(db) && database_statement_run(s) == 0);
	database_statement_end(s);
	database_clear(db);
	CHECK_ROW(!database_statement_step(s) && !database_failed(db), "without a compiled statement there is no row");
	database_script(db, "CREATE TABLE nowhere(nonsense)");
	s = database_statement_begin(db, "SELECT count(*) FROM nowhere");
	CHECK_ROW(database_statement_one(s, -1) == 0, "a later form of the tables is seen");
	s = database_statement_begin(db, "SELECT a FROM t WHERE a=?");
	database_statement_bind_int(s, 2, 5);
	CHECK_ROW(database_failed(db), "a parameter that is not there");
	database_clear(db);
}

/* More literals than the first table of slots holds: each keeps its own statement. */
static void check_many(struct database *db)
{
	static char literals[200][32];
	bool right = true;

	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 200; i++) {
			snprintf(literals[i], sizeof literals[i], "SELECT %d", i);
			right = right && database_statement_one(database_statement_begin(db, literals[i]), -1) == i;
		}
	}
	CHECK(right);
}

int main(void)
{
	struct database *db = open_empty();

	check_binds(db);
	check_ends(db);
	check_failures(db);
	check_many(db);
	database_close(db);
	return check_finish();
}
