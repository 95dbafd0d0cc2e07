#include "mailstore/backup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/memory.h"
#include "database/database_statement.h"
#include "database/database_transaction.h"
#include "mailstore/store_backup_body.h"
#include "mailstore/store_backup_mended.h"
#include "mailstore/store_backup_rows.h"
#include "mailstore/store_open.h"

#define PASSES_MAX 10
#define FEW_MESSAGES 200                /* so many more since the last pass are left to the one read transaction */

struct backup {
	const struct store_backup_options *options;
	struct store_backup_result *result;
	char *path;                     /* of the SQLite file while it is written */
	char *live;                     /* of the store's */
	int passing_fd;                 /* of the file, locked: SQLite's own locks do not last that long */
	struct store_backup_bodies bodies;
	bool is_new;
};

/* ---- where it goes ---- */

static bool holds_only_a_backup(int folder_fd, bool *is_new, struct error *err)
{
	DIR *folder = fdopendir(dup(folder_fd));
	struct dirent *entry;
	bool is_empty = true, has_store = false;

	if (folder == NULL)
		return error_set_errno(err, errno, "cannot read the folder");
	rewinddir(folder);
	while ((entry = readdir(folder)) != NULL) {
		is_empty = is_empty && entry->d_name[0] == '.';
		has_store = has_store || strcmp(entry->d_name, "store") == 0;
	}
	closedir(folder);
	*is_new = is_empty;
	return is_empty || has_store || error_set(err, ERROR_EXISTS, "the folder holds something that is no backup");
}

static bool open_folder(struct backup *b, struct error *err)
{
	const char *path = b->options->path;

	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		return error_set_errno(err, errno, "cannot make %s", path);
	b->bodies.folder_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (b->bodies.folder_fd < 0)
		return error_set_errno(err, errno, "cannot open %s", path);
	if (flock(b->bodies.folder_fd, LOCK_EX | LOCK_NB) != 0)
		return error_set(err, ERROR_TRY_LATER, "%s: another backup is under way there", path);
	b->path = xprintf("%s/store", path);
	return holds_only_a_backup(b->bodies.folder_fd, &b->is_new, err) || error_prefix(err, "%s", path);
}

/* Left by a run that was killed, or found the disk too full to empty them. */
static void remove_logs(const char *path)
{
	static const char *const suffixes[] = { "-wal", "-shm" };

	for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
		char *log = xprintf("%s%s", path, suffixes[i]);
		unlink(log);
		free(log);
	}
}

/* Of a run that ended meanwhile the file has its right name by now. */
static bool has_name(int fd, const char *path)
{
	struct stat own, named;

	return fstat(fd, &own) == 0 && lstat(path, &named) == 0 && own.st_ino == named.st_ino && own.st_dev == named.st_dev;
}

/* A passing name beside it, so that what has the right name is complete, and of one run. */
static bool open_file(struct backup *b, struct error *err)
{
	char *passing = xprintf("%s.partial", b->options->path);
	struct stat st;

	if (lstat(b->options->path, &st) == 0)
		error_set(err, ERROR_EXISTS, "%s exists", b->options->path);
	else if ((b->passing_fd = open(passing, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600)) < 0 && errno == ENOENT)
		error_set(err, ERROR_NOT_FOUND, "there is no folder for %s", passing);
	else if (b->passing_fd < 0)
		error_set_errno(err, errno, "cannot make %s", passing);
	else if (flock(b->passing_fd, LOCK_EX | LOCK_NB) != 0)
		error_set(err, ERROR_TRY_LATER, "%s: another backup is under way there", passing);
	else if (!has_name(b->passing_fd, passing))
		error_set(err, ERROR_TRY_LATER, "%s: another backup ended there just now", passing);
	else if (ftruncate(b->passing_fd, 0) != 0)
		error_set_errno(err, errno, "cannot empty %s", passing);
	if (err->kind != ERROR_NONE) {
		free(passing);
		return false;
	}
	remove_logs(passing);
	b->is_new = true;
	b->path = passing;
	return true;
}

/* ---- is it this store's ---- */

static bool fits_store(struct backup *b, struct error *err)
{
	struct database *db = b->bodies.db;
	int64_t format = store_backup_fact(db, "format");
	int64_t same = database_statement_one(database_statement_begin(db,
		"SELECT (SELECT v FROM main.meta WHERE k = 'uuid') = (SELECT v FROM live.meta WHERE k = 'uuid') "
		"AND (SELECT v FROM main.meta WHERE k = 'schema') = (SELECT v FROM live.meta WHERE k = 'schema')"), 0);

	if (!database_failed(db) && format == STORE_BACKUP_FORMAT && same == 1)
		return true;
	database_clear(db);
	return error_set(err, ERROR_EXISTS, "%s holds the backup of another store, or of an earlier version: take a new folder", b->options->path);
}

/* A folder whose first run never came to its end has tables and no facts. */
static bool make_or_fit(struct backup *b, struct error *err)
{
	struct database *db = b->bodies.db;
	int64_t has_tables = database_statement_one(database_statement_begin(db, "SELECT count(*) FROM main.sqlite_schema"), 0);

	if (has_tables == 0)
		store_backup_make_tables(db);
	else if (store_backup_fact(db, "format") != -1)
		return fits_store(b, err);
	return true;
}

/* ---- the copying ---- */

static int64_t top_message(struct database *db)
{
	return database_statement_one(database_statement_begin(db, "SELECT ifnull(max(message_id), 0) FROM live.message"), 0);
}

static bool copy_bodies(struct backup *b, struct error *err)
{
	struct database *db = b->bodies.db;
	int64_t top = 0;

	for (int i = 0; i < PASSES_MAX && !database_failed(db); i++) {
		int64_t last = top;
		top = top_message(db);
		if (i > 0 && top - last < FEW_MESSAGES)
			break;
		store_backup_copy_bodies(db, top, b->options);
		if (!store_backup_bodies_save(&b->bodies, err))
			return false;
		fault_point("store.backup");
	}
	return true;
}

static bool take_state(struct backup *b, int64_t first_new, struct error *err)
{
	struct database *db = b->bodies.db;
	uint64_t n_mended, mended_octets;

	database_script(db, "PRAGMA synchronous=FULL");
	if (!database_begin_write(db))
		return true;
	int64_t start_ms = clock_monotonic_ms();
	store_backup_copy_mended(db, b->bodies.folder_fd, &n_mended, &mended_octets);
	store_backup_copy_rest(db);
	database_script(db, "DELETE FROM main.backup_index; INSERT INTO main.backup_index(sql) "
	                "SELECT sql FROM live.sqlite_schema WHERE type = 'index' AND sql IS NOT NULL");
	b->result->made_at_s = clock_now_s();
	store_backup_set_fact(db, "format", STORE_BACKUP_FORMAT);
	store_backup_set_fact(db, "made_at", b->result->made_at_s);
	if (!database_failed(db) && !store_backup_bodies_save(&b->bodies, err)) {
		database_rollback(db);
		return false;
	}
	struct database_statement *s = database_statement_begin(db, "SELECT count(*), ifnull(sum(iif(file IS NULL, size, 0)), 0) FROM main.message WHERE message_id > ?");
	database_statement_bind_int(s, 1, first_new);
	if (database_statement_step(s)) {
		b->result->n_bodies = (uint64_t)database_statement_int(s, 0) + n_mended;
		b->result->n_octets = (uint64_t)database_statement_int(s, 1) + b->bodies.n_octets + mended_octets;
	}
	database_statement_end(s);
	fault_point("store.backup.commit");
	database_commit(db);
	b->result->snapshot_ms = (unsigned)(clock_monotonic_ms() - start_ms);
	return true;
}

/* Bodies copied earlier that nobody points at in this state. */
static void prune(struct backup *b)
{
	struct database *db = b->bodies.db;

	database_script(db,
		"CREATE TEMP TABLE kept(message_id INTEGER PRIMARY KEY);"
		"INSERT OR IGNORE INTO temp.kept SELECT message_id FROM main.msg;"
		"INSERT OR IGNORE INTO temp.kept SELECT message_id FROM main.qmsg;"
		"INSERT OR IGNORE INTO temp.kept SELECT message_id FROM main.gc;"
		"DELETE FROM main.chunk WHERE id >> 12 NOT IN (SELECT message_id FROM temp.kept);"
		"DELETE FROM main.message WHERE message_id NOT IN (SELECT message_id FROM temp.kept)");
	store_backup_bodies_prune(&b->bodies);
	/* counted anew: what was missing because it was reaped meanwhile is not missed */
	struct error ignored = { 0 };
	store_backup_bodies_save(&b->bodies, &ignored);
	b->result->n_missing = b->bodies.n_missing;
	b->result->n_messages = (uint64_t)database_statement_one(database_statement_begin(db, "SELECT count(*) FROM main.msg"), 0);
}

static bool copy(struct backup *b, struct error *err)
{
	struct database *db = b->bodies.db;

	if (!make_or_fit(b, err))
		return false;
	int64_t first_new = database_statement_one(database_statement_begin(db, "SELECT ifnull(max(message_id), 0) FROM main.message"), 0);
	if (!copy_bodies(b, err) || !take_state(b, first_new, err))
		return false;
	prune(b);
	/* the log goes into the file, synced, and the file can be read from a disk that cannot be written to */
	database_script(db, "DETACH live; PRAGMA main.journal_mode=DELETE");
	return true;
}

static bool name_file(struct backup *b, struct error *err)
{
	if (b->path == NULL || link(b->path, b->options->path) != 0)
		return error_set_errno(err, errno, "cannot name %s", b->options->path);
	unlink(b->path);
	return true;
}

bool store_backup(const struct store_backup_options *options, struct store_backup_result *result, struct error *err)
{
	struct backup b = { .options = options, .result = result, .passing_fd = -1, .bodies = { .folder_fd = -1 }, .live = store_database_path(options->data_dir) };
	struct error why = { 0 };

	*result = (struct store_backup_result){ 0 };
	b.bodies.store_fd = open(options->data_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int version;
	bool ok = b.bodies.store_fd >= 0 || error_set_errno(&why, errno, "cannot open %s", options->data_dir);
	ok = ok && store_is_known(options->data_dir, &version, &why) && (options->is_folder ? open_folder(&b, &why) : open_file(&b, &why));
	ok = ok && (b.bodies.db = store_backup_open(b.path, b.live, &why)) != NULL;
	if (ok) {
		ok = copy(&b, &why) && !database_failed(b.bodies.db);
		if (!ok && why.kind == ERROR_NONE) {
			why = *database_error(b.bodies.db);
			error_prefix(&why, "%s", options->path);
		}
	}
	database_close(b.bodies.db);
	ok = ok && (options->is_folder || name_file(&b, &why));
	if (!ok && !options->is_folder && b.path != NULL) {
		unlink(b.path);
		remove_logs(b.path);
	}
	if (!ok && err != NULL)
		*err = why;
	if (b.passing_fd >= 0)
		close(b.passing_fd);
	if (b.bodies.folder_fd >= 0)
		close(b.bodies.folder_fd);
	if (b.bodies.store_fd >= 0)
		close(b.bodies.store_fd);
	free(b.path);
	free(b.live);
	return ok;
}
