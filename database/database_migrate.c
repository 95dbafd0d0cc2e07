#include "database/database_migrate.h"

#include <assert.h>
#include <stdio.h>

#include "base/fault.h"
#include "database/database_statement.h"
#include "database/database_transaction.h"

int database_version(struct database *db)
{
	return (int)database_statement_one(database_statement_begin(db, "PRAGMA user_version"), -1);
}

/* One step, if the file still lacks it once the write lock is ours. */
static void run_step(struct database *db, const struct database_migration *step)
{
	char set_version[60];

	database_begin_write(db);
	if (!database_failed(db) && database_version(db) == step->version - 1) {
		snprintf(set_version, sizeof set_version, "PRAGMA user_version=%d", step->version);
		database_script(db, step->sql);
		fault_point("database.migrate");
		database_script(db, set_version);
	}
	if (database_failed(db))
		database_rollback(db);
	else
		database_commit(db);
}

bool database_migrate(struct database *db, const struct database_migration *steps, size_t n, struct error *err)
{
	int version = database_version(db);

	if (version > (int)n) {
		return error_set(err, ERROR_DENIED, "the file has schema version %d, this program knows none above %d: "
		                 "use the newer program that wrote it", version, (int)n);
	}
	for (size_t i = 0; i < n && !database_failed(db); i++) {
		assert(steps[i].version == (int)i + 1);
		if (steps[i].version > version)
			run_step(db, &steps[i]);
	}
	if (!database_failed(db))
		return true;
	if (err != NULL) {
		*err = *database_error(db);
		error_prefix(err, "schema");
	}
	database_clear(db);
	return false;
}
