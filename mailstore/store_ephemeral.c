#define _GNU_SOURCE                     /* F_OFD_SETLK */

#include "mailstore/store_ephemeral.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "database/database_transaction.h"
#include "mailstore/store_empty.h"
#include "mailstore/store_open.h"

#define MARK "EPHEMERAL"
#define ENTER_MS 10000                  /* another daemon may be wiping */

bool store_ephemeral_mark(const char *data_dir, struct error *err)
{
	static const char text[] = "This store is for tests: when the last daemon that uses it ends, its mail is deleted.\n";
	int dir_fd = open(data_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int fd = dir_fd < 0 ? -1 : openat(dir_fd, MARK, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	bool ok = fd >= 0 && file_write(fd, bytes_text(text));

	if (!ok)
		error_set_errno(err, errno, "cannot make %s/" MARK, data_dir);
	if (fd >= 0)
		close(fd);
	if (dir_fd >= 0)
		close(dir_fd);
	return ok;
}

/* ---- the wipe: whoever does it has the store for itself ---- */

static void remove_files(int bodies_fd, const char *name)
{
	int fd = openat(bodies_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *folder = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;

	if (folder == NULL) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((entry = readdir(folder)) != NULL) {
		if (entry->d_name[0] != '.')
			unlinkat(fd, entry->d_name, 0);
	}
	closedir(folder);
}

static void remove_bodies(int dir_fd)
{
	char name[8];
	int fd = openat(dir_fd, "bodies", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return;
	for (unsigned i = 0; i < 256; i++) {
		snprintf(name, sizeof name, "%02x", i);
		remove_files(fd, name);
	}
	close(fd);
}

static bool wipe_tables(struct store *store, struct database *db, int64_t *n)
{
	struct store_context context = { .store = store, .db = db, .stored = { .fd = -1, .packer = { .dictionaries = store->dictionaries } } };

	store_context_start(&context, 0);
	if (database_begin_write(db)) {
		*n = database_statement_one(database_statement_begin(db, "SELECT count(*) FROM message"), 0);
		store_empty_run(&context);
		store_empty_forget(&context);
		database_commit(db);
	}
	store_context_release(&context);
	if (database_failed(db))
		return false;
	/* what was deleted leaves the disk too, and the sandbox has no folder for SQLite's scratch file */
	database_script(db, "PRAGMA temp_store=MEMORY; VACUUM");
	database_script(db, "PRAGMA wal_checkpoint(TRUNCATE)");
	return !database_failed(db);
}

static bool wipe(struct store *store, struct error *err)
{
	int64_t n = 0;

	if (!store_turnstile_enter(&store->turnstile, store->options.turn_wait_ms, err))
		return false;
	struct database *db = store_database_open(store->data_dir, DATABASE_WRITE, true, err);
	bool ok = db != NULL && wipe_tables(store, db, &n);
	if (db != NULL && !ok && err != NULL)
		*err = *database_error(db);
	database_close(db);
	if (ok)
		remove_bodies(store->dir_fd);
	store_turnstile_leave(&store->turnstile);
	if (ok && n > 0)
		log_info("store", "wiped", "messages=%lld reason=%s", (long long)n, "ephemeral");
	return ok;
}

/* ---- who uses it ---- */

static int set_lock(int fd, short type)
{
	struct flock lock = { .l_type = type, .l_whence = SEEK_SET, .l_start = 0, .l_len = 1 };
	int failed;

	do
		failed = fcntl(fd, F_OFD_SETLK, &lock) == 0 ? 0 : errno;
	while (failed == EINTR);
	return failed;
}

static bool join(struct store *store, struct error *err)
{
	const struct timespec pause = { 0, 5000000 };
	int64_t deadline_ms = clock_monotonic_ms() + ENTER_MS;
	int failed;

	for (;;) {
		failed = set_lock(store->ephemeral_fd, F_WRLCK);
		if (failed == 0) {
			if (!wipe(store, err))
				return false;
			failed = set_lock(store->ephemeral_fd, F_RDLCK);
			return failed == 0 || error_set_errno(err, failed, "cannot lock " MARK);
		}
		if (failed != EAGAIN && failed != EACCES)
			return error_set_errno(err, failed, "cannot lock " MARK);
		if (set_lock(store->ephemeral_fd, F_RDLCK) == 0)
			return true;
		if (clock_monotonic_ms() >= deadline_ms)
			return error_set(err, ERROR_TRY_LATER, "another daemon keeps wiping the store");
		nanosleep(&pause, NULL);
	}
}

bool store_ephemeral_enter(struct store *store, struct error *err)
{
	if (!store->options.ephemeral)
		return true;
	store->ephemeral_fd = openat(store->dir_fd, MARK, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	if (store->ephemeral_fd < 0 && errno == ENOENT)
		return error_set(err, ERROR_DENIED, "%s was not made by mailctl init --ephemeral, and would lose its mail", store->data_dir);
	if (store->ephemeral_fd < 0)
		return error_set_errno(err, errno, "cannot open " MARK);
	if (store->options.is_daemon)
		return join(store, err);
	close(store->ephemeral_fd);
	store->ephemeral_fd = -1;
	return true;
}

void store_ephemeral_leave(struct store *store)
{
	struct error err = { 0 };

	if (store->ephemeral_fd < 0)
		return;
	/* given up first: of two that end together one gets it alone */
	set_lock(store->ephemeral_fd, F_UNLCK);
	if (set_lock(store->ephemeral_fd, F_WRLCK) == 0 && !wipe(store, &err))
		log_error("store", "wipe-failed", "error=%s", err.text);
	close(store->ephemeral_fd);
	store->ephemeral_fd = -1;
}
