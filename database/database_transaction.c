#include "database/database_transaction.h"

#include <sqlite3.h>

#include "base/fault.h"
#include "database/database_handle.h"
#include "database/database_statement.h"

static bool run(struct database *db, const char *literal)
{
	database_statement_run(database_statement_begin(db, literal));
	return !database_failed(db);
}

bool database_begin_write(struct database *db)
{
	return run(db, "BEGIN IMMEDIATE");
}

bool database_begin_read(struct database *db)
{
	return run(db, "BEGIN");
}

bool database_commit(struct database *db)
{
	if (fault_fails("database.commit"))
		database_handle_fail(db, SQLITE_FULL);
	if (run(db, "COMMIT"))
		return true;
	database_rollback(db);
	return false;
}

void database_rollback(struct database *db)
{
	database_handle_reset_statements(db);
	/* a full disk or a failed read may have rolled back already; and a failure that stands must not stop this */
	if (database_in_transaction(db))
		sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
}

bool database_in_transaction(const struct database *db)
{
	return !sqlite3_get_autocommit(db->handle);
}

uint64_t database_pages_written(const struct database *db)
{
	int n = 0, ignored;

	sqlite3_db_status(db->handle, SQLITE_DBSTATUS_CACHE_WRITE, &n, &ignored, 0);
	return (uint64_t)(unsigned)n;
}

bool database_part_begin(struct database *db)
{
	return run(db, "SAVEPOINT part");
}

bool database_part_keep(struct database *db)
{
	return run(db, "RELEASE part");
}

bool database_part_undo(struct database *db)
{
	if (!database_in_transaction(db))
		return false;
	database_clear(db);
	database_script(db, "ROLLBACK TO part; RELEASE part");
	return !database_failed(db);
}
