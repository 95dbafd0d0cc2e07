#include "mailstore/store_migrate.h"

#include <stdlib.h>

#include "base/memory.h"
#include "mailstore/store_schema.h"

/* An arrival is named by its queue id now, what follows by its time: behind every arrival of that millisecond, in the old order. */
#define NAME_ENTRIES \
	"CREATE TABLE renamed(was INTEGER PRIMARY KEY, entry_id INTEGER NOT NULL UNIQUE) STRICT;" \
	"INSERT OR IGNORE INTO renamed SELECT entry_id, queue_id FROM journal_2 WHERE stage IN (1, 9) AND queue_id > 0 ORDER BY entry_id;" \
	"INSERT OR IGNORE INTO renamed SELECT entry_id, (at_ms + 1 << 22) + (entry_id & 4194303) FROM journal_2 WHERE stage NOT IN (1, 9);" \
	"INSERT INTO renamed SELECT entry_id, (SELECT ifnull(max(entry_id), 0) FROM renamed) + row_number() OVER (ORDER BY entry_id) FROM journal_2 " \
	"  WHERE entry_id NOT IN (SELECT was FROM renamed);"

/* Smaller rows in the tables that grow with each message, the table of dictionaries, and no held rows in the index of what is due. */
#define NARROWER \
	"CREATE TABLE dictionary(dictionary_id INTEGER PRIMARY KEY, octets BLOB NOT NULL) STRICT;" \
	"DROP INDEX IF EXISTS qrcpt_next; CREATE INDEX qrcpt_next ON qrcpt(next_at) WHERE hold = 0;" \
	"DROP INDEX msg_modseq; DROP INDEX msg_message; ALTER TABLE msg RENAME TO msg_2;" \
	"CREATE TABLE msg(id INTEGER PRIMARY KEY, modseq INTEGER NOT NULL, flags INTEGER NOT NULL, internal_date INTEGER NOT NULL," \
	"  saved_after INTEGER NOT NULL, size INTEGER NOT NULL, sent INTEGER NOT NULL, thread_back INTEGER NOT NULL DEFAULT 0," \
	"  message_id INTEGER NOT NULL, saved INTEGER AS (internal_date + saved_after), thread INTEGER AS (message_id - thread_back)) STRICT;" \
	"INSERT INTO msg(id, modseq, flags, internal_date, saved_after, size, sent, thread_back, message_id)" \
	"  SELECT id, modseq, flags, internal_date, saved - internal_date, size, sent, message_id - thread, message_id FROM msg_2 ORDER BY id;" \
	"DROP TABLE msg_2; CREATE INDEX msg_modseq ON msg(id>>32, modseq); CREATE INDEX msg_message ON msg(message_id);" \
	"ALTER TABLE thread_id RENAME TO thread_id_2;" \
	"CREATE TABLE thread_id(user_id INTEGER NOT NULL, hash INTEGER NOT NULL, thread INTEGER NOT NULL," \
	"  PRIMARY KEY(user_id, hash)) STRICT, WITHOUT ROWID;" \
	"INSERT OR IGNORE INTO thread_id SELECT user_id, hash >> 16, thread FROM thread_id_2 ORDER BY user_id, hash; DROP TABLE thread_id_2;" \
	"DROP INDEX journal_queue; DROP INDEX journal_id; ALTER TABLE journal RENAME TO journal_2;" NAME_ENTRIES \
	"CREATE TABLE journal(entry_id INTEGER PRIMARY KEY, queue_id INTEGER, after_ms INTEGER NOT NULL, id_hash INTEGER NOT NULL," \
	"  stage INTEGER NOT NULL, recipient TEXT, remote TEXT, detail TEXT) STRICT;" \
	"INSERT INTO journal SELECT r.entry_id, iif(j.stage IN (1, 9) AND j.queue_id = r.entry_id, NULL, j.queue_id), j.at_ms - (r.entry_id >> 22)," \
	"  j.id_hash >> 16, j.stage, j.recipient, j.remote, j.detail FROM renamed r JOIN journal_2 j ON j.entry_id = r.was ORDER BY r.entry_id;" \
	"DROP TABLE renamed; DROP TABLE journal_2; CREATE INDEX journal_queue ON journal(queue_id) WHERE queue_id IS NOT NULL"

/*
 * Ids of messages and queue items are noted by store_ids: SQLite looked its own note up with every row.  The rows stay as they are, so that
 * the tables' text is all there is to change; a table made and dropped tells other connections that it did.
 */
#define NUMBERED_BY_US \
	"PRAGMA writable_schema=ON;" \
	"UPDATE sqlite_schema SET sql = replace(sql, ' PRIMARY KEY AUTOINCREMENT,', ' PRIMARY KEY,') WHERE type = 'table' AND name IN ('message', 'qrcpt');" \
	"PRAGMA writable_schema=RESET; CREATE TABLE passing(x); DROP TABLE passing"

/*
 * A new version: its tables in store_schema.c, STORE_SCHEMA_VERSION, a row here that turns the version before into it, and a
 * file of that earlier version in tests/stores with its claim in tests/e2e/service.
 */
const struct database_migration store_migrations[] = {
	{ 1, "" },
	{ 2, "CREATE TABLE past_name(user_id INTEGER NOT NULL, name TEXT NOT NULL, uidvalidity INTEGER NOT NULL, PRIMARY KEY(user_id, name)) STRICT, WITHOUT ROWID" },
	{ 3, NARROWER },
	{ 4, NUMBERED_BY_US },
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
