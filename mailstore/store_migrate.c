#include "mailstore/store_migrate.h"

#include <stdlib.h>

#include "base/memory.h"
#include "mailstore/store_schema.h"

/*
 * A new version: its tables in store_schema.c, STORE_SCHEMA_VERSION, a row here that turns the version before into it, and a
 * file of that earlier version in tests/stores with its claim in tests/e2e/service.
 */
const struct database_migration store_migrations[] = {
	{ 1, "" },
	{ 2, "CREATE TABLE past_name(user_id INTEGER NOT NULL, name TEXT NOT NULL, uidvalidity INTEGER NOT NULL, PRIMARY KEY(user_id, name)) STRICT, WITHOUT ROWID" },
	{ 3, "CREATE TABLE dictionary(dictionary_id INTEGER PRIMARY KEY, octets BLOB NOT NULL) STRICT; "
	     "DROP INDEX IF EXISTS qrcpt_next; CREATE INDEX qrcpt_next ON qrcpt(next_at) WHERE hold = 0" },
};
const size_t store_n_migrations = sizeof store_migrations / sizeof *store_migrations;

_Static_assert(sizeof store_migrations / sizeof *store_migrations == STORE_SCHEMA_VERSION, "a step for each version");

bool store_migrate(struct database *db, const struct database_migration *steps, size_t n, struct error *err)
{
	struct database_migration *counted = xcalloc(n, sizeof *counted);
	char **texts = xcalloc(n, sizeof *texts);

	for (size_t i = 0; i < n; i++) {
		texts[i] = xprintf("%s; UPDATE meta SET v = %d WHERE k = 'schema' AND v < %d", steps[i].sql, steps[i].version, steps[i].version);
		counted[i] = (struct database_migration){ .version = steps[i].version, .sql = texts[i] };
	}
	bool ok = database_migrate(db, counted, n, err);
	for (size_t i = 0; i < n; i++)
		free(texts[i]);
	free(texts);
	free(counted);
	return ok;
}
