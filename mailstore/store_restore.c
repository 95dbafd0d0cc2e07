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
#include "base/memory.h"
#include "database/database_statement.h"
#include "database/database_transaction.h"
#include "mailstore/store_backup_body.h"
#include "mailstore/store_backup_rows.h"
#include "mailstore/store_file.h"
#include "mailstore/store_open.h"
#include "mailstore/store_schema.h"

#define PASSING "restoring.db"

struct restore {
	const struct store_backup_options *options;
	struct store_backup_result *result;
	char *from;                     /* the backup's SQLite file */
	char *path;                     /* of the store's while it is written */
	struct store_backup_bodies bodies;
};

/* ---- the folder ---- */

static bool is_empty_folder(int dir_fd, const char *name)
{
	int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *folder = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;
	bool is_empty = true;

	if (folder == NULL)
		return errno == ENOENT;
	while (is_empty && (entry = readdir(folder)) != NULL)
		is_empty = entry->d_name[0] == '.';
	closedir(folder);
	return is_empty;
}

/* The logs too: a full disk lets SQLite not empty them. */
static void remove_passing(int dir_fd)
{
	unlinkat(dir_fd, PASSING, 0);
	unlinkat(dir_fd, PASSING "-wal", 0);
	unlinkat(dir_fd, PASSING "-shm", 0);
}

static bool open_data(struct restore *r, struct error *err)
{
	const char *data_dir = r->options->data_dir;
	struct stat st;

	if (mkdir(data_dir, 0700) != 0 && errno != EEXIST)
		return error_set_errno(err, errno, "cannot make %s", data_dir);
	int fd = r->bodies.store_fd = open(data_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return error_set_errno(err, errno, "cannot open %s", data_dir);
	if (flock(fd, LOCK_EX | LOCK_NB) != 0)
		return error_set(err, ERROR_TRY_LATER, "%s: another restore is under way there", data_dir);
	if (fstatat(fd, "shard0.db", &st, AT_SYMLINK_NOFOLLOW) == 0 || fstatat(fd, "shard0.db-wal", &st, AT_SYMLINK_NOFOLLOW) == 0)
		return error_set(err, ERROR_EXISTS, "%s holds a store: move it away first", data_dir);
	if (!is_empty_folder(fd, "bodies"))
		return error_set(err, ERROR_EXISTS, "%s/bodies holds what is left of a store: move it away first", data_dir);
	if (!is_empty_folder(fd, "index"))
		return error_set(err, ERROR_EXISTS, "%s/index holds what is left of a store: remove it first", data_dir);
	if (mkdirat(fd, "bodies", 0700) != 0 && errno != EEXIST)
		return error_set_errno(err, errno, "cannot make %s/bodies", data_dir);
	remove_passing(fd);
	r->path = xprintf("%s/" PASSING, data_dir);
	return true;
}

static bool open_backup(struct restore *r, struct error *err)
{
	if (!r->options->is_folder) {
		r->from = xstrdup(r->options->path);
	} else {
		r->from = xprintf("%s/store", r->options->path);
		r->bodies.folder_fd = open(r->options->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (r->bodies.folder_fd < 0)
			return error_set_errno(err, errno, "cannot open %s", r->options->path);
	}
	if (access(r->from, R_OK) != 0)
		return error_set_errno(err, errno, "cannot read %s", r->from);
	return true;
}

static bool check_backup(struct restore *r, struct error *err)
{
	struct database *db = r->bodies.db;
	struct database_statement *s = database_statement_begin(db, "SELECT v FROM live.backup WHERE k = 'format'");
	int64_t format = database_statement_one(s, 0);

	r->result->made_at_s = database_statement_one(database_statement_begin(db, "SELECT v FROM live.backup WHERE k = 'made_at'"), 0);
	int64_t version = database_statement_one(database_statement_begin(db, "SELECT v FROM live.meta WHERE k = 'schema'"), 0);
	if (database_failed(db) || format == 0 || r->result->made_at_s == 0)
		return error_set(err, ERROR_CORRUPT, "%s is no complete backup of a store", r->options->path);
	if (format > STORE_BACKUP_FORMAT || version > STORE_SCHEMA_VERSION)
		return error_set(err, ERROR_DENIED, "the backup has format %lld and schema %lld, this program knows %d and %d: it is older than the backup",
		                 (long long)format, (long long)version, STORE_BACKUP_FORMAT, STORE_SCHEMA_VERSION);
	return true;
}

/* ---- a life of its own ---- */

static void set_meta(struct database *db, const char *key, const char *text)
{
	struct database_statement *s = database_statement_begin(db, "INSERT OR REPLACE INTO main.meta(k, v) VALUES(?, ?)");

	database_statement_bind_text(s, 1, key);
	database_statement_bind_text(s, 2, text);
	database_statement_run(s);
}

/* Nobody holds what was leased then. */
static void free_leases(struct database *db)
{
	struct database_statement *s = database_statement_begin(db, "UPDATE main.qrcpt SET token = 0, next_at = ? WHERE token <> 0");

	database_statement_bind_int(s, 1, clock_now_s());
	database_statement_run(s);
	database_script(db, "DELETE FROM main.lease");
}

static void part_from_the_past(struct restore *r)
{
	static const char *const statements[] = {
		/* 10,000 is how many mailboxes a user may have made within the second */
		"UPDATE main.user SET next_uidvalidity = max(next_uidvalidity, ?1) + 10000",
		("UPDATE main.mailbox SET uidvalidity = (SELECT u.next_uidvalidity FROM main.user u WHERE u.user_id = mailbox.user_id) + "
		 "(SELECT count(*) FROM main.mailbox m WHERE m.user_id = mailbox.user_id AND m.mailbox_id < mailbox.mailbox_id) WHERE ?1 > 0 "
		 "AND user_id IN (SELECT user_id FROM main.user)"),
		"UPDATE main.user SET next_uidvalidity = next_uidvalidity + 1 + (SELECT count(*) FROM main.mailbox m WHERE m.user_id = user.user_id) WHERE ?1 > 0",
		/* no more than 100,000 rows were made in a second; where none were before, there is no note yet */
		("INSERT INTO main.sqlite_sequence(name, seq) SELECT t.name, 0 FROM main.sqlite_schema t WHERE t.name IN ('message', 'qrcpt') "
		 "AND NOT EXISTS (SELECT 1 FROM main.sqlite_sequence s WHERE s.name = t.name) AND ?1 > 0"),
		"UPDATE main.sqlite_sequence SET seq = seq + 1000000 + 100000 * max(?1 - ?2, 0) WHERE name IN ('message', 'qrcpt')",
		"UPDATE main.sqlite_sequence SET seq = seq + 100000 WHERE name = 'mailbox' AND seq < 1000000000 AND ?1 > 0",
		"UPDATE main.sqlite_sequence SET seq = seq + 100000 WHERE name = 'user' AND ?1 > 0",
	};
	struct database *db = r->bodies.db;

	for (size_t i = 0; i < sizeof statements / sizeof *statements; i++) {
		struct database_statement *s = database_statement_begin(db, statements[i]);
		database_statement_bind_int(s, 1, clock_now_s());
		if (strstr(statements[i], "?2") != NULL)
			database_statement_bind_int(s, 2, r->result->made_at_s);
		database_statement_run(s);
	}
	r->result->n_held = (uint64_t)database_statement_run(database_statement_begin(db, "UPDATE main.qrcpt SET hold = 1"));
}

/* Where the steps to a later schema begin: it is no row, so it was not copied. */
static void set_version(struct database *db)
{
	char set[60];

	snprintf(set, sizeof set, "PRAGMA main.user_version=%lld",
	         (long long)database_statement_one(database_statement_begin(db, "SELECT v FROM main.meta WHERE k = 'schema'"), 0));
	database_script(db, set);
}

static void make_indexes(struct database *db)
{
	struct database_statement *s = database_statement_begin(db, "SELECT sql FROM live.backup_index");
	struct arena arena = { 0 };
	struct text { struct text *next; const char *at; } *first = NULL;

	while (database_statement_step(s)) {
		struct text *text = arena_alloc(&arena, sizeof *text);
		*text = (struct text){ first, database_statement_text(s, 0, &arena) };
		first = text;
	}
	for (; first != NULL; first = first->next)
		database_script(db, first->at);
	arena_reset(&arena);
}

static bool copy(struct restore *r, struct error *err)
{
	struct database *db = r->bodies.db;
	char uuid[STORE_UUID_LEN + 1];

	if (!check_backup(r, err))
		return false;
	store_backup_make_tables(db);
	int64_t top = database_statement_one(database_statement_begin(db, "SELECT ifnull(max(message_id), 0) FROM live.message"), 0);
	store_backup_copy_bodies(db, top, r->options);
	if (database_begin_write(db)) {
		store_backup_copy_rest(db);
		make_indexes(db);
		set_version(db);
		free_leases(db);
		if (!r->options->unchanged)
			part_from_the_past(r);
		store_make_uuid(uuid);
		set_meta(db, "uuid", uuid);
		database_script(db, "DROP TABLE main.backup; DROP TABLE main.backup_index; DROP TABLE main.backup_body");
		database_commit(db);
	}
	if (database_failed(db) || !store_backup_bodies_restore(&r->bodies, err))
		return false;
	r->result->n_missing = r->bodies.n_missing;
	r->result->n_messages = (uint64_t)database_statement_one(database_statement_begin(db, "SELECT count(*) FROM main.msg"), 0);
	r->result->n_bodies = (uint64_t)database_statement_one(database_statement_begin(db, "SELECT count(*) FROM main.message"), 0);
	r->result->n_octets = (uint64_t)database_statement_one(database_statement_begin(db, "SELECT sum(size) FROM main.message"), 0);
	/* all of it into the one file that gets its name, synced */
	database_script(db, "DETACH live; PRAGMA wal_checkpoint(TRUNCATE)");
	return true;
}

static bool name_store(struct restore *r, struct error *err)
{
	if (linkat(r->bodies.store_fd, PASSING, r->bodies.store_fd, "shard0.db", 0) != 0)
		return error_set_errno(err, errno, "cannot name %s/shard0.db", r->options->data_dir);
	unlinkat(r->bodies.store_fd, PASSING, 0);
	return fsync(r->bodies.store_fd) == 0 || error_set_errno(err, errno, "cannot sync %s", r->options->data_dir);
}

/* What a restore that failed put there: the folder was empty before. */
static void discard(struct restore *r)
{
	char path[STORE_FILE_PATH_SIZE];
	struct dirent *entry;

	remove_passing(r->bodies.store_fd);
	for (unsigned n = 0; n < 256; n++) {
		snprintf(path, sizeof path, "bodies/%02x", n);
		int fd = openat(r->bodies.store_fd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		DIR *folder = fd >= 0 ? fdopendir(fd) : NULL;
		while (folder != NULL && (entry = readdir(folder)) != NULL)
			if (entry->d_name[0] != '.')
				unlinkat(fd, entry->d_name, 0);
		if (folder != NULL)
			closedir(folder);
		unlinkat(r->bodies.store_fd, path, AT_REMOVEDIR);
	}
}

bool store_restore(const struct store_backup_options *options, struct store_backup_result *result, struct error *err)
{
	struct restore r = { .options = options, .result = result, .bodies = { .folder_fd = -1, .store_fd = -1 } };
	struct error why = { 0 };

	*result = (struct store_backup_result){ 0 };
	bool ok = open_backup(&r, &why) && open_data(&r, &why) && (r.bodies.db = store_backup_open(r.path, r.from, &why)) != NULL;
	if (ok) {
		ok = copy(&r, &why) && !database_failed(r.bodies.db);
		if (!ok && why.kind == ERROR_NONE) {
			why = *database_error(r.bodies.db);
			error_prefix(&why, "%s", why.kind == ERROR_CORRUPT ? options->path : options->data_dir);
		}
	}
	database_close(r.bodies.db);
	ok = ok && name_store(&r, &why);
	if (!ok && r.path != NULL)
		discard(&r);
	if (!ok && err != NULL)
		*err = why;
	if (r.bodies.folder_fd >= 0)
		close(r.bodies.folder_fd);
	if (r.bodies.store_fd >= 0)
		close(r.bodies.store_fd);
	free(r.from);
	free(r.path);
	return ok;
}
