#include "database/database.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "database/database_handle.h"
#include "database/database_log_file.h"
#include "database/database_statement.h"

#define CHECKPOINT_PAGES 4000

static bool is_disk_full(const struct database *db)
{
	int reason = sqlite3_system_errno(db->handle);

	return reason == ENOSPC || reason == EDQUOT;
}

static enum error_kind kind_of(const struct database *db, int code)
{
	switch (code) {
	case SQLITE_CONSTRAINT_UNIQUE:
	case SQLITE_CONSTRAINT_PRIMARYKEY:
	case SQLITE_CONSTRAINT_ROWID:
		return ERROR_EXISTS;
	}
	switch (code & 0xff) {
	case SQLITE_FULL:
		return ERROR_FULL;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return ERROR_TRY_LATER;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return ERROR_CORRUPT;
	case SQLITE_TOOBIG:
		return ERROR_LIMIT;
	case SQLITE_IOERR:
		return is_disk_full(db) ? ERROR_FULL : ERROR_SYSTEM;
	case SQLITE_CANTOPEN:
		return sqlite3_system_errno(db->handle) == ENOENT ? ERROR_NOT_FOUND : is_disk_full(db) ? ERROR_FULL : ERROR_SYSTEM;
	default:
		return ERROR_SYSTEM;
	}
}

bool database_handle_fail(struct database *db, int code)
{
	int primary = code & 0xff;

	if (primary == SQLITE_NOMEM) {
		log_error("database", "out-of-memory", "text=%s", sqlite3_errmsg(db->handle));
		abort();
	}
	if (db->error.kind != ERROR_NONE)
		return false;
	/* only these two come from a system call; for others the number is an old one */
	int reason = primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN ? sqlite3_system_errno(db->handle) : 0;

	if (reason == 0)
		return error_set(&db->error, kind_of(db, code), "database: %s", sqlite3_errmsg(db->handle));
	error_set_errno(&db->error, reason, "database: %s", sqlite3_errmsg(db->handle));
	db->error.kind = kind_of(db, code);
	return false;
}

bool database_fail(struct database *db, enum error_kind kind, const char *text)
{
	if (db->error.kind == ERROR_NONE)
		error_set(&db->error, kind, "database: %s", text);
	return false;
}

void database_script(struct database *db, const char *sql)
{
	if (db->error.kind != ERROR_NONE)
		return;
	int code = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);
	if (code != SQLITE_OK)
		database_handle_fail(db, code);
}

static void set_number(struct database *db, const char *name, int64_t value)
{
	char text[80];

	snprintf(text, sizeof text, "PRAGMA %s=%lld", name, (long long)value);
	database_script(db, text);
}

static void require_log(struct database *db, const char *pragma)
{
	struct database_statement *answer = database_statement_begin(db, pragma);
	bool is_wal = database_statement_step(answer) && bytes_equal(database_statement_bytes(answer, 0), BYTES("wal"));

	database_statement_end(answer);
	if (!is_wal)
		database_fail(db, ERROR_SYSTEM, "no write-ahead log is possible on this file");
}

static int after_commit(void *owner, sqlite3 *handle, const char *name, int n_pages)
{
	struct database *db = owner;

	db->log_pages = n_pages;
	/* what fails here is tried again after the next commit */
	if (n_pages >= CHECKPOINT_PAGES && !db->leaves_log)
		sqlite3_wal_checkpoint_v2(handle, name, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
	return SQLITE_OK;
}

static void set_up_writer(struct database *db, const struct database_options *options)
{
	/* in force only while the file is empty, and only before the first page is written */
	if (options->mode == DATABASE_CREATE)
		database_script(db, "PRAGMA page_size=4096; PRAGMA auto_vacuum=INCREMENTAL");
	require_log(db, "PRAGMA journal_mode=WAL");
	set_number(db, "synchronous", options->synchronous_off ? 0 : 2);
	sqlite3_wal_hook(db->handle, after_commit, db);
	set_number(db, "journal_size_limit", 64 << 20);
}

static void set_up(struct database *db, const struct database_options *options)
{
	bool reads = options->mode == DATABASE_READ;
	int cache_kib = options->cache_kib > 0 ? options->cache_kib : reads ? 4000 : 16000;

	db->busy_ms = options->busy_ms > 0 ? options->busy_ms : 10000;
	sqlite3_busy_timeout(db->handle, db->busy_ms);
	if (options->mode == DATABASE_LOOK)
		return;
	if (reads)
		require_log(db, "PRAGMA journal_mode");
	else
		set_up_writer(db, options);
	database_script(db, "PRAGMA secure_delete=OFF; PRAGMA temp_store=MEMORY");
	set_number(db, "cache_size", -cache_kib);
	if (reads)
		database_script(db, "PRAGMA mmap_size=1073741824; PRAGMA query_only=ON");
	database_script(db, "PRAGMA foreign_keys=OFF; PRAGMA trusted_schema=OFF");
}

/* SQLite would make the file readable to all; its log takes the mode from it. */
static bool make_file(const char *path, struct error *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0 && errno == ENOENT)
		return error_set(err, ERROR_NOT_FOUND, "%s: its folder does not exist", path);
	if (fd < 0 && errno != EEXIST)
		return error_set_errno(err, errno, "%s", path);
	if (fd >= 0)
		close(fd);
	return true;
}

/* Nobody asks how much memory SQLite holds: two locks less each time it allocates and frees. */
static void set_up_memory(void)
{
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

struct database *database_open(const struct database_options *options, struct error *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	int flags = options->mode == DATABASE_LOOK ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;

	if (options->mode == DATABASE_CREATE && !make_file(options->path, err))
		return NULL;
	pthread_once(&once, set_up_memory);
	bool gathers_log = options->gathers_log && !options->synchronous_off && (options->mode == DATABASE_CREATE || options->mode == DATABASE_WRITE);
	struct database *db = xcalloc(1, sizeof *db);
	int code = sqlite3_open_v2(options->path, &db->handle, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_EXRESCODE,
	                           gathers_log ? database_log_file_system() : NULL);
	if (code == SQLITE_OK && gathers_log)
		database_log_file_watch(db->handle);
	if (code != SQLITE_OK)
		database_handle_fail(db, code);
	else
		set_up(db, options);
	if (db->error.kind == ERROR_NONE)
		return db;
	if (err != NULL) {
		*err = db->error;
		error_prefix(err, "%s", options->path);
	}
	database_close(db);
	return NULL;
}

void database_close(struct database *db)
{
	if (db == NULL)
		return;
	database_handle_release_statements(db);
	sqlite3_close(db->handle);
	free(db);
}

bool database_failed(const struct database *db)
{
	return db->error.kind != ERROR_NONE;
}

const struct error *database_error(const struct database *db)
{
	return &db->error;
}

void database_clear(struct database *db)
{
	error_clear(&db->error);
}

unsigned database_log_pages(const struct database *db)
{
	return (unsigned)db->log_pages;
}

void database_leave_log(struct database *db)
{
	db->leaves_log = true;
}

bool database_copy_log(struct database *db, unsigned *n_left)
{
	int n_pages = 0, n_copied = 0;

	if (db->error.kind != ERROR_NONE)
		return false;
	int code = sqlite3_wal_checkpoint_v2(db->handle, NULL, SQLITE_CHECKPOINT_PASSIVE, &n_pages, &n_copied);
	*n_left = n_pages > n_copied ? (unsigned)(n_pages - n_copied) : 0;
	return code == SQLITE_OK || database_handle_fail(db, code);
}

static int checkpoint_now(struct database *db, int *n_pages)
{
	return sqlite3_wal_checkpoint_v2(db->handle, NULL, SQLITE_CHECKPOINT_RESTART, n_pages, NULL);
}

/*
 * SQLite's own wait is for a place of the log that an old reader had when it began to wait, even when only new readers, who are
 * in nobody's way, have taken that place over: without a gap between them it would wait its whole time.  So it is asked anew.
 */
bool database_checkpoint(struct database *db, unsigned wait_ms)
{
	int64_t deadline_ms = clock_monotonic_ms() + wait_ms;
	struct timespec pause = { 0, 1000000 };
	int n_pages = -1, code;

	if (db->error.kind != ERROR_NONE)
		return false;
	sqlite3_busy_timeout(db->handle, 0);
	while (((code = checkpoint_now(db, &n_pages)) & 0xff) == SQLITE_BUSY && clock_monotonic_ms() < deadline_ms) {
		nanosleep(&pause, NULL);
		if (pause.tv_nsec < 8000000)
			pause.tv_nsec *= 2;
	}
	sqlite3_busy_timeout(db->handle, db->busy_ms);
	if (code == SQLITE_OK)
		db->log_pages = 0;
	else if (n_pages >= 0)
		db->log_pages = n_pages;
	return code == SQLITE_OK || database_handle_fail(db, code);
}

int64_t database_last_id(const struct database *db)
{
	return sqlite3_last_insert_rowid(db->handle);
}

int64_t database_changes(const struct database *db)
{
	return sqlite3_changes64(db->handle);
}
