#include "mua/mua_cache.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "database/database_migrate.h"
#include "database/database_statement.h"
#include "database/database_transaction.h"
#include "mua/mua_cache_handle.h"

static const struct database_migration migrations[] = {
	{ 1, "CREATE TABLE folder(folder_id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, uidvalidity INTEGER NOT NULL DEFAULT 0,"
	     " uidnext INTEGER NOT NULL DEFAULT 0) STRICT;"
	     "CREATE TABLE message(folder_id INTEGER NOT NULL, uid INTEGER NOT NULL, flags INTEGER NOT NULL, keywords TEXT NOT NULL,"
	     " size INTEGER NOT NULL, received INTEGER NOT NULL, sent INTEGER NOT NULL, from_name TEXT NOT NULL, from_address TEXT NOT NULL,"
	     " recipients TEXT NOT NULL, subject TEXT NOT NULL, message_id TEXT NOT NULL, in_reply_to TEXT NOT NULL,"
	     " has_attachment INTEGER NOT NULL, PRIMARY KEY(folder_id, uid)) STRICT, WITHOUT ROWID;"
	     "CREATE INDEX message_received ON message(folder_id, received);" },
	{ 2, "ALTER TABLE folder ADD COLUMN modseq INTEGER NOT NULL DEFAULT 0;"
	     "CREATE TABLE body(folder_id INTEGER NOT NULL, uid INTEGER NOT NULL, octets BLOB NOT NULL, PRIMARY KEY(folder_id, uid)) STRICT;"
	     "CREATE TRIGGER message_gone AFTER DELETE ON message BEGIN DELETE FROM body WHERE folder_id=OLD.folder_id AND uid=OLD.uid; END;" },
};

static char *cache_path(const char *given, struct error *err)
{
	const char *base = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	char *folder = base && base[0] == '/' ? xprintf("%s/mua", base) : xprintf("%s/.cache/mua", home ? home : ".");
	char *path, *name = xstrdup(given);

	for (char *at = folder + 1; *at != '\0'; at++) {
		if (*at != '/')
			continue;
		*at = '\0';
		mkdir(folder, 0700);
		*at = '/';
	}
	if (mkdir(folder, 0700) != 0 && errno != EEXIST) {
		error_set_errno(err, errno, "%s", folder);
		free(folder);
		free(name);
		return NULL;
	}
	for (char *at = name; *at != '\0'; at++)
		if (*at == '/')
			*at = '_';
	path = xprintf("%s/%s.db", folder, name);
	free(folder);
	free(name);
	return path;
}

static struct database *open_file(const char *path, struct error *err)
{
	/* What is lost here comes again from the server. */
	struct database *db = database_open(&(struct database_options){ .path = path, .mode = DATABASE_CREATE, .synchronous_off = true }, err);

	if (db == NULL || database_migrate(db, migrations, sizeof migrations / sizeof *migrations, err))
		return db;
	error_prefix(err, "%s", path);
	database_close(db);
	return NULL;
}

static void remove_file(const char *path)
{
	static const char *const endings[] = { "", "-wal", "-shm" };

	for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
		char *name = xprintf("%s%s", path, endings[i]);
		unlink(name);
		free(name);
	}
}

struct mua_cache *mua_cache_open(const char *name, struct error *err)
{
	char *path = cache_path(name, err);
	struct mua_cache *c;
	struct database *db;

	if (path == NULL)
		return NULL;
	db = open_file(path, err);
	if (db == NULL && err->kind == ERROR_CORRUPT) {
		remove_file(path);
		*err = (struct error){ 0 };
		db = open_file(path, err);
	}
	free(path);
	if (db == NULL)
		return NULL;
	c = xcalloc(1, sizeof *c);
	c->db = db;
	return c;
}

void mua_cache_close(struct mua_cache *c)
{
	if (c == NULL)
		return;
	database_close(c->db);
	free(c);
}

bool mua_cache_begin(struct mua_cache *c, struct error *err)
{
	database_begin_write(c->db);
	return mua_cache_result(c, err);
}

bool mua_cache_commit(struct mua_cache *c, struct error *err)
{
	database_commit(c->db);
	return mua_cache_result(c, err);
}

void mua_cache_rollback(struct mua_cache *c)
{
	database_rollback(c->db);
	database_clear(c->db);
}

bool mua_cache_put(struct mua_cache *c, const struct mua_folder *folder, const struct mua_message *m, struct error *err)
{
	struct database_statement *s = database_statement_begin(c->db, "INSERT OR REPLACE INTO message VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
	int64_t numbers[] = { folder->folder_id, m->uid, (int64_t)m->flags };

	for (int i = 0; i < 3; i++)
		database_statement_bind_int(s, i + 1, numbers[i]);
	database_statement_bind_text(s, 4, m->keywords);
	database_statement_bind_int(s, 5, (int64_t)m->size);
	database_statement_bind_int(s, 6, m->received_s);
	database_statement_bind_int(s, 7, m->sent_s);
	database_statement_bind_text(s, 8, m->from_name);
	database_statement_bind_text(s, 9, m->from_address);
	database_statement_bind_text(s, 10, m->to);
	database_statement_bind_text(s, 11, m->subject);
	database_statement_bind_text(s, 12, m->message_id);
	database_statement_bind_text(s, 13, m->in_reply_to);
	database_statement_bind_int(s, 14, m->has_attachment);
	database_statement_run(s);
	return mua_cache_result(c, err);
}

bool mua_cache_set_flags(struct mua_cache *c, const struct mua_folder *folder, uint32_t uid, uint64_t flags, const char *keywords, bool *is_changed,
                         struct error *err)
{
	struct database_statement *s = database_statement_begin(c->db, "UPDATE message SET flags=?1, keywords=?2 WHERE folder_id=?3 AND uid=?4"
	                                                        " AND (flags<>?1 OR keywords<>?2)");

	database_statement_bind_int(s, 1, (int64_t)flags);
	database_statement_bind_text(s, 2, keywords);
	database_statement_bind_int(s, 3, folder->folder_id);
	database_statement_bind_int(s, 4, uid);
	*is_changed = database_statement_run(s) > 0;
	return mua_cache_result(c, err);
}

#define COLUMNS "uid, flags, keywords, size, received, sent, from_name, from_address, recipients, subject, message_id, in_reply_to, has_attachment"

static void read_row(struct database_statement *s, struct arena *arena, struct mua_message *m)
{
	m->uid = (uint32_t)database_statement_int(s, 0);
	m->flags = (uint64_t)database_statement_int(s, 1);
	m->keywords = database_statement_text(s, 2, arena);
	m->size = (uint64_t)database_statement_int(s, 3);
	m->received_s = database_statement_int(s, 4);
	m->sent_s = database_statement_int(s, 5);
	m->from_name = database_statement_text(s, 6, arena);
	m->from_address = database_statement_text(s, 7, arena);
	m->to = database_statement_text(s, 8, arena);
	m->subject = database_statement_text(s, 9, arena);
	m->message_id = database_statement_text(s, 10, arena);
	m->in_reply_to = database_statement_text(s, 11, arena);
	m->has_attachment = database_statement_int(s, 12) != 0;
}

bool mua_cache_load(struct mua_cache *c, const struct mua_folder *folder, uint64_t limit, struct arena *arena, struct mua_message **list,
                    size_t *n, struct error *err)
{
	struct database_statement *s = database_statement_begin(c->db, "SELECT count(*) FROM message WHERE folder_id=?");
	size_t most;

	database_statement_bind_int(s, 1, folder->folder_id);
	most = (size_t)database_statement_one(s, 0);
	if (limit > 0 && most > limit)
		most = (size_t)limit;
	*list = arena_alloc(arena, (most + 1) * sizeof **list);
	*n = 0;
	s = database_statement_begin(c->db, "SELECT " COLUMNS " FROM message WHERE folder_id=? ORDER BY received DESC, uid DESC LIMIT ?");
	database_statement_bind_int(s, 1, folder->folder_id);
	database_statement_bind_int(s, 2, (int64_t)most);
	while (*n < most && database_statement_step(s))
		read_row(s, arena, &(*list)[(*n)++]);
	database_statement_end(s);
	return mua_cache_result(c, err);
}

bool mua_cache_get(struct mua_cache *c, const struct mua_folder *folder, uint32_t uid, struct arena *arena, struct mua_message *m, struct error *err)
{
	struct database_statement *s = database_statement_begin(c->db, "SELECT " COLUMNS " FROM message WHERE folder_id=? AND uid=?");
	bool found;

	database_statement_bind_int(s, 1, folder->folder_id);
	database_statement_bind_int(s, 2, uid);
	found = database_statement_step(s);
	if (found)
		read_row(s, arena, m);
	database_statement_end(s);
	if (!mua_cache_result(c, err))
		return false;
	return found || error_set(err, ERROR_NOT_FOUND, "no message with UID %u", uid);
}

bool mua_cache_forget(struct mua_cache *c, const struct mua_folder *folder, uint32_t uid, struct error *err)
{
	struct database_statement *s = database_statement_begin(c->db, "DELETE FROM message WHERE folder_id=? AND uid=?");

	database_statement_bind_int(s, 1, folder->folder_id);
	database_statement_bind_int(s, 2, uid);
	database_statement_run(s);
	return mua_cache_result(c, err);
}
