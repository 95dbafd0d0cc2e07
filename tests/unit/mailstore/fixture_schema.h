/* fixture_schema: what SQLite keeps as a store's schema, and files of the project. */
#ifndef TESTS_UNIT_MAILSTORE_FIXTURE_SCHEMA_H
#define TESTS_UNIT_MAILSTORE_FIXTURE_SCHEMA_H

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "database/database.h"
#include "database/database_statement.h"
#include "tests/support/check.h"

/* Every table and index by name, white space made one space.  Closes the database. */
static inline void describe_schema(struct database *db, struct buffer *out)
{
	struct database_statement *s = database_statement_begin(db, "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name");

	while (database_statement_step(s)) {
		struct bytes sql = database_statement_bytes(s, 1);
		bool was_space = false;
		for (size_t i = 0; i < sql.len; i++) {
			bool is_space = sql.at[i] == ' ' || sql.at[i] == '\n' || sql.at[i] == '\t';
			if (!is_space)
				buffer_add_octet(out, sql.at[i]);
			else if (!was_space)
				buffer_add_octet(out, ' ');
			was_space = is_space;
		}
		buffer_add_octet(out, '\n');
	}
	buffer_add_octet(out, '\0');
	CHECK_ROW(!database_failed(db), database_error(db)->text);
	database_close(db);
}

/* A file of the project: where this runs, where the runner was started, or above this program.  NULL: not found. */
static inline FILE *open_of_project(const char *name)
{
	char path[PATH_MAX + 64] = "";
	FILE *file = fopen(name, "r");

	if (file == NULL && getenv("PWD") != NULL) {
		snprintf(path, sizeof path, "%s/%s", getenv("PWD"), name);
		file = fopen(path, "r");
	}
	memset(path, 0, sizeof path);
	if (file == NULL && readlink("/proc/self/exe", path, PATH_MAX) < 0)
		return NULL;
	for (char *slash; file == NULL && (slash = strrchr(path, '/')) != NULL;) {
		snprintf(slash, 64, "/%s", name);
		file = fopen(path, "r");
		slash[0] = '\0';
	}
	return file;
}

#endif
