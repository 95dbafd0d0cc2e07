#include "mailstore/store_backup_body.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/memory.h"
#include "database/database_statement.h"
#include "mailstore/store_body.h"
#include "mailstore/store_file.h"
#include "mailstore/store_stored.h"

#define PIECE ((size_t)1 << 20)

struct named {
	struct named *next;
	const char *name;
	uint64_t size;                  /* of the message */
	enum store_codec codec;
};

static struct named *list_named(struct database *db, struct arena *arena)
{
	struct database_statement *s = database_statement_begin(db, "SELECT file, size, codec FROM main.message WHERE file IS NOT NULL");
	struct named *first = NULL;

	while (database_statement_step(s)) {
		struct named *named = arena_alloc(arena, sizeof *named);
		*named = (struct named){
			first, database_statement_text(s, 0, arena), (uint64_t)database_statement_int(s, 1),
			(enum store_codec)database_statement_int(s, 2),
		};
		/* names come from a file that may have been meddled with, and become paths */
		if (strlen(named->name) == STORE_FILE_NAME_LEN && strspn(named->name, "0123456789abcdef") == STORE_FILE_NAME_LEN)
			first = named;
	}
	return first;
}

static bool make_folders(int dir_fd, const char *name, struct error *err)
{
	char path[STORE_FILE_PATH_SIZE];

	snprintf(path, sizeof path, "bodies/%.2s", name);
	if ((mkdirat(dir_fd, "bodies", 0700) == 0 || errno == EEXIST) && (mkdirat(dir_fd, path, 0700) == 0 || errno == EEXIST))
		return true;
	return error_set_errno(err, errno, "cannot make %s", path);
}

static bool has_file(int dir_fd, const struct named *named)
{
	char path[STORE_FILE_PATH_SIZE];

	store_file_path(named->name, path);
	int fd = openat(dir_fd, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	bool is_whole = fd >= 0 && store_stored_file_is_whole(fd, named->size, named->codec);
	if (fd >= 0)
		close(fd);
	return is_whole;
}

/* Where the octets go: a new file under a passing name. */
struct target {
	int dir_fd, fd;
	char path[STORE_FILE_PATH_SIZE], passing[STORE_FILE_PATH_SIZE + 8];
};

static bool target_open(struct target *target, int dir_fd, const char *name, struct error *err)
{
	target->dir_fd = dir_fd;
	store_file_path(name, target->path);
	snprintf(target->passing, sizeof target->passing, "%s.part", target->path);
	if (!make_folders(dir_fd, name, err))
		return false;
	target->fd = openat(dir_fd, target->passing, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	return target->fd >= 0 || error_set_errno(err, errno, "cannot make %s", target->passing);
}

static bool target_write(struct target *target, struct bytes octets, struct error *err)
{
	return file_write(target->fd, octets) || error_set_errno(err, errno, "cannot write %s", target->passing);
}

static bool target_close(struct target *target, bool ok, struct error *err)
{
	if (ok && fdatasync(target->fd) != 0)
		ok = error_set_errno(err, errno, "cannot sync %s", target->passing);
	close(target->fd);
	if (ok && renameat(target->dir_fd, target->passing, target->dir_fd, target->path) != 0)
		ok = error_set_errno(err, errno, "cannot name %s", target->path);
	if (!ok)
		unlinkat(target->dir_fd, target->passing, 0);
	return ok;
}

/* ---- from the store ---- */

static bool file_to_file(int from_fd, int dir_fd, const char *name, struct error *err)
{
	struct target target;
	char *piece;
	ssize_t n = 0;

	if (!target_open(&target, dir_fd, name, err))
		return false;
	piece = xmalloc(PIECE);
	bool ok = true;
	while (ok && (n = file_read(from_fd, piece, PIECE)) > 0)
		ok = target_write(&target, bytes_of(piece, (size_t)n), err);
	if (n < 0)
		ok = error_set_errno(err, errno, "cannot read a body");
	free(piece);
	return target_close(&target, ok, err);
}

static bool file_to_rows(struct database *db, int from_fd, const char *name, struct error *err)
{
	char *piece = xmalloc(PIECE);
	int64_t n_pieces = 0;
	ssize_t n;

	while ((n = file_read(from_fd, piece, PIECE)) > 0 && !database_failed(db)) {
		struct database_statement *s = database_statement_begin(db, "INSERT OR REPLACE INTO main.backup_body(name, n, data) VALUES(?, ?, ?)");
		database_statement_bind_text(s, 1, name);
		database_statement_bind_int(s, 2, n_pieces++);
		database_statement_bind_blob(s, 3, bytes_of(piece, (size_t)n));
		database_statement_run(s);
	}
	free(piece);
	return n >= 0 || error_set_errno(err, errno, "cannot read a body");
}

static bool has_rows(struct database *db, const struct named *named)
{
	struct database_statement *s = database_statement_begin(db, "SELECT sum(length(data)) FROM main.backup_body WHERE name = ?");

	database_statement_bind_text(s, 1, named->name);
	int64_t held = database_statement_one(s, 0);
	return named->codec == STORE_PLAIN ? held == (int64_t)named->size : held > 0;
}

static bool save_one(struct store_backup_bodies *bodies, const struct named *named, struct error *err)
{
	struct error why = { 0 };

	if (bodies->folder_fd >= 0 ? has_file(bodies->folder_fd, named) : has_rows(bodies->db, named))
		return true;
	int fd = store_file_open(bodies->store_fd, named->name, &why);
	if (fd < 0) {
		/* reaped since the row was read, or lost: who still needs it is counted at the end */
		bodies->n_missing++;
		return why.kind == ERROR_NOT_FOUND || error_set(err, why.kind, "%s", why.text);
	}
	bool ok = bodies->folder_fd >= 0 ? file_to_file(fd, bodies->folder_fd, named->name, err) : file_to_rows(bodies->db, fd, named->name, err);
	close(fd);
	bodies->n_octets += ok ? named->size : 0;
	return ok;
}

bool store_backup_bodies_save(struct store_backup_bodies *bodies, struct error *err)
{
	struct arena arena = { 0 };
	bool ok = true;

	bodies->n_missing = 0;
	for (struct named *named = list_named(bodies->db, &arena); named != NULL && ok; named = named->next)
		ok = save_one(bodies, named, err);
	arena_reset(&arena);
	return ok;
}

/* ---- to the store: the backup is `live` there ---- */

static bool rows_to_file(struct store_backup_bodies *bodies, const struct named *named, struct error *err)
{
	struct database_statement *s = database_statement_begin(bodies->db, "SELECT data FROM live.backup_body WHERE name = ? ORDER BY n");
	struct target target;
	bool ok = target_open(&target, bodies->store_fd, named->name, err);

	if (!ok)
		return false;
	database_statement_bind_text(s, 1, named->name);
	while (ok && database_statement_step(s))
		ok = target_write(&target, database_statement_bytes(s, 0), err);
	database_statement_end(s);
	return target_close(&target, ok, err);
}

bool store_backup_bodies_restore(struct store_backup_bodies *bodies, struct error *err)
{
	struct arena arena = { 0 };
	bool ok = true;

	for (struct named *named = list_named(bodies->db, &arena); named != NULL && ok; named = named->next) {
		struct error why = { 0 };
		int fd = bodies->folder_fd >= 0 ? store_file_open(bodies->folder_fd, named->name, &why) : -1;
		if (fd >= 0)
			ok = file_to_file(fd, bodies->store_fd, named->name, err);
		else if (bodies->folder_fd < 0)
			ok = rows_to_file(bodies, named, err);
		if (fd >= 0)
			close(fd);
		bool is_whole = ok && has_file(bodies->store_fd, named);
		bodies->n_missing += ok && !is_whole;
		bodies->n_octets += is_whole ? named->size : 0;
	}
	arena_reset(&arena);
	return ok;
}

/* ---- what is not needed any more ---- */

static bool is_named(struct database *db, const char *name)
{
	struct database_statement *s = database_statement_begin(db, "SELECT 1 FROM temp.named WHERE file = ?");

	database_statement_bind_text(s, 1, name);
	return database_statement_one(s, 0) != 0;
}

static void prune_folder(struct store_backup_bodies *bodies, unsigned n)
{
	char path[STORE_FILE_PATH_SIZE];
	struct dirent *entry;

	snprintf(path, sizeof path, "bodies/%02x", n);
	int fd = openat(bodies->folder_fd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *folder = fd >= 0 ? fdopendir(fd) : NULL;
	while (folder != NULL && (entry = readdir(folder)) != NULL)
		if (entry->d_name[0] != '.' && !is_named(bodies->db, entry->d_name) && !database_failed(bodies->db))
			unlinkat(fd, entry->d_name, 0);
	if (folder != NULL)
		closedir(folder);
}

void store_backup_bodies_prune(struct store_backup_bodies *bodies)
{
	database_script(bodies->db, "DROP TABLE IF EXISTS temp.named; CREATE TEMP TABLE named(file TEXT PRIMARY KEY) WITHOUT ROWID;"
	                "INSERT INTO temp.named SELECT file FROM main.message WHERE file IS NOT NULL");
	if (bodies->folder_fd < 0)
		database_script(bodies->db, "DELETE FROM main.backup_body WHERE name NOT IN (SELECT file FROM temp.named)");
	for (unsigned n = 0; bodies->folder_fd >= 0 && n < 256; n++)
		prune_folder(bodies, n);
}
