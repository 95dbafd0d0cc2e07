#include "database/database_migrate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "database/database_statement.h"
#include "tests/support/check.h"

static char path[300];

static const struct database_migration steps[] = {
	{ 1, "CREATE TABLE t(a INTEGER); INSERT INTO t VALUES(1)" },
	{ 2, "ALTER TABLE t ADD COLUMN b INTEGER; INSERT INTO t VALUES(2,2)" },
	{ 3, "INSERT INTO t VALUES(3,3)" },
};

static const struct database_migration broken[] = {
	{ 1, "CREATE TABLE t(a INTEGER)" },
	{ 2, "INSERT INTO t VALUES(1); INSERT INTO nowhere VALUES(2)" },
};

static struct database *open_as(enum database_mode mode)
{
	struct error err = { 0 };
	struct database *db = database_open(&(struct database_options){ .path = path, .mode = mode }, &err);

	CHECK_ROW(db != NULL, err.text);
	return db;
}

static int64_t count(struct database *db)
{
	return database_statement_one(database_statement_begin(db, "SELECT count(*) FROM t"), -1);
}

static const struct step_row {
	const char *claim;
	size_t n;                       /* how many steps the program knows */
	bool ok;
	int version;
	int64_t rows;
} programs[] = {
	{ "an empty file gets the first", 1, true, 1, 1 },
	{ "nothing to do", 1, true, 1, 1 },
	{ "two steps at once", 3, true, 3, 3 },
	{ "an older program is refused", 2, false, 3, 3 },
	{ "the same program again", 3, true, 3, 3 },
};

/* The file's octets, so that "nothing was touched" can be said. */
static char *octets(size_t *len)
{
	struct buffer text = { 0 };
	FILE *file = fopen(path, "r");
	size_t n;

	if (file == NULL)
		abort();
	while ((n = fread(buffer_reserve(&text, 4096), 1, 4096, file)) > 0)
		buffer_added(&text, n);
	fclose(file);
	return buffer_take(&text, len);
}

static void check_newer_is_untouched(void)
{
	struct error err = { 0 };
	size_t before_len, after_len;
	char *before = octets(&before_len);
	struct database *db = open_as(DATABASE_WRITE);

	CHECK(!database_migrate(db, steps, 2, &err) && err.kind == ERROR_DENIED);
	CHECK_TEXT(err.text, "the file has schema version 3, this program knows none above 2: use the newer program that wrote it",
	           "the refusal says what to do");
	CHECK(!database_failed(db));
	database_close(db);
	char *after = octets(&after_len);
	check_expect_bytes(after, after_len, before, before_len, "a newer file is left as it is", __FILE__, __LINE__);
	free(before);
	free(after);
}

int main(void)
{
	struct error err = { 0 };

	snprintf(path, sizeof path, "%s/a.db", check_folder());
	for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) {
		struct database *db = open_as(DATABASE_CREATE);
		CHECK_ROW(database_migrate(db, steps, programs[i].n, &err) == programs[i].ok, programs[i].claim);
		CHECK_ROW(database_version(db) == programs[i].version, programs[i].claim);
		CHECK_ROW(count(db) == programs[i].rows, programs[i].claim);
		database_close(db);
	}
	check_newer_is_untouched();

	snprintf(path, sizeof path, "%s/b.db", check_folder());
	struct database *db = open_as(DATABASE_CREATE);
	CHECK(!database_migrate(db, broken, 2, &err) && err.kind == ERROR_SYSTEM);
	CHECK_TEXT(err.text, "schema: database: no such table: nowhere", "the failed step says why");
	CHECK_ROW(database_version(db) == 1 && count(db) == 0, "a step that fails leaves nothing of it");
	CHECK(!database_failed(db));
	database_close(db);
	return check_finish();
}
