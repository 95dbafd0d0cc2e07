#include "mailstore/store_backup_rows.h"

#include "base/arena.h"
#include "database/database_statement.h"
#include "database/database_transaction.h"

struct database *store_backup_open(const char *path, const char *from, struct error *err)
{
	struct database_options options = { .path = path, .mode = DATABASE_CREATE };
	struct database *db = database_open(&options, err);

	if (db == NULL)
		return NULL;
	/* consistent at any cut, synced when the log is emptied at the end; sorting may need more than memory */
	database_script(db, "PRAGMA synchronous=NORMAL; PRAGMA temp_store=FILE");
	struct database_statement *s = database_statement_begin(db, "ATTACH ? AS live");
	database_statement_bind_text(s, 1, from);
	database_statement_run(s);
	if (!database_failed(db))
		return db;
	if (err != NULL) {
		*err = *database_error(db);
		error_prefix(err, "%s", from);
	}
	database_close(db);
	return NULL;
}

static void run_each(struct database *db, struct database_statement *texts)
{
	struct arena arena = { 0 };
	struct text { struct text *next; const char *at; } *first = NULL, **last = &first;

	while (database_statement_step(texts)) {
		struct text *text = arena_alloc(&arena, sizeof *text);
		*text = (struct text){ .at = database_statement_text(texts, 0, &arena) };
		*last = text;
		last = &text->next;
	}
	for (; first != NULL; first = first->next)
		database_script(db, first->at);
	arena_reset(&arena);
}

void store_backup_make_tables(struct database *db)
{
	if (!database_begin_write(db))
		return;
	run_each(db, database_statement_begin(db, "SELECT sql FROM live.sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' "
	                                      "AND name NOT LIKE 'backup%'"));
	database_script(db,
		"CREATE TABLE backup(k TEXT PRIMARY KEY, v ANY) STRICT, WITHOUT ROWID;"
		"CREATE TABLE backup_index(sql TEXT NOT NULL) STRICT;"
		"CREATE TABLE backup_body(name TEXT NOT NULL, n INTEGER NOT NULL, data BLOB NOT NULL, PRIMARY KEY(name, n)) STRICT");
	database_commit(db);
}

static void copy_some(struct database *db, const char *literal, int64_t top, const struct store_backup_options *options)
{
	struct database_statement *s;
	int64_t n;

	do {
		s = database_statement_begin(db, literal);
		database_statement_bind_int(s, 1, top);
		n = database_statement_run(s);
		if (options->progress == NULL)
			continue;
		int64_t at = database_statement_one(database_statement_begin(db, "SELECT max(id) >> 12 FROM main.chunk"), 0);
		options->progress(options->owner, (uint64_t)(at < top ? at : top), (uint64_t)top);
	} while (n > 0 && !database_failed(db));
}

/* Ids rise in the order of commits and rows never change: what is above the highest that is here is what is missing. */
void store_backup_copy_bodies(struct database *db, int64_t top, const struct store_backup_options *options)
{
	copy_some(db, "INSERT INTO main.message SELECT * FROM live.message "
	          "WHERE message_id > (SELECT ifnull(max(message_id), 0) FROM main.message) AND message_id <= ?1 ORDER BY message_id LIMIT 2000",
	          top, options);
	copy_some(db, "INSERT INTO main.chunk SELECT * FROM live.chunk "
	          "WHERE id > (SELECT ifnull(max(id), 0) FROM main.chunk) AND id <= ?1 << 12 | 4095 ORDER BY id LIMIT 256",
	          top, options);
}

void store_backup_copy_rest(struct database *db)
{
	database_script(db,
		"INSERT INTO main.message SELECT * FROM live.message WHERE message_id > (SELECT ifnull(max(message_id), 0) FROM main.message);"
		"INSERT INTO main.chunk SELECT * FROM live.chunk WHERE id > (SELECT ifnull(max(id), 0) FROM main.chunk)");
	/* computed columns are not among those of table_info, and cannot be written */
	run_each(db, database_statement_begin(db,
		"SELECT printf('DELETE FROM main.\"%w\"; INSERT INTO main.\"%w\"(%s) SELECT %s FROM live.\"%w\"', name, name, columns, columns, name) FROM "
		"(SELECT name, (SELECT group_concat('\"' || c.name || '\"') FROM pragma_table_info(t.name, 'live') c) AS columns FROM live.sqlite_schema t "
		"WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT IN ('message', 'chunk', 'dictionary') AND name NOT LIKE 'backup%')"));
	/* what an earlier state had stays: bodies name it, and a store that lost its own gets it back */
	run_each(db, database_statement_begin(db,
		"SELECT 'INSERT OR IGNORE INTO main.dictionary SELECT * FROM live.dictionary' FROM live.sqlite_schema WHERE type = 'table' AND name = 'dictionary'"));
	database_script(db, "DELETE FROM main.sqlite_sequence; INSERT INTO main.sqlite_sequence SELECT * FROM live.sqlite_sequence");
}

int64_t store_backup_fact(struct database *db, const char *key)
{
	struct database_statement *s = database_statement_begin(db, "SELECT v FROM backup WHERE k = ?");

	database_statement_bind_text(s, 1, key);
	return database_statement_one(s, -1);
}

void store_backup_set_fact(struct database *db, const char *key, int64_t value)
{
	struct database_statement *s = database_statement_begin(db, "INSERT OR REPLACE INTO main.backup(k, v) VALUES(?, ?)");

	database_statement_bind_text(s, 1, key);
	database_statement_bind_int(s, 2, value);
	database_statement_run(s);
}
