#include "database/database_log_file.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

#define ROOM ((size_t)128 << 10)
#define NAME "gathered-log"

struct log_file {
	sqlite3_file base;
	sqlite3_file *real;             /* behind this struct */
	char *at;                       /* ROOM octets, made when needed */
	size_t len;
	sqlite3_int64 start;            /* where they belong */
};

static int write_out(struct log_file *file)
{
	size_t len = file->len;

	/* written or failed: they are not tried again, for SQLite rolls back */
	file->len = 0;
	return len > 0 ? file->real->pMethods->xWrite(file->real, file->at, (int)len, file->start) : SQLITE_OK;
}

static int close_log(sqlite3_file *base)
{
	struct log_file *file = (struct log_file *)base;
	int code = file->real->pMethods->xClose(file->real);

	free(file->at);
	return code;
}

/* A transaction too big for the cache reads its own pages back. */
static int read_log(sqlite3_file *base, void *to, int len, sqlite3_int64 offset)
{
	struct log_file *file = (struct log_file *)base;
	int code = offset + len > file->start ? write_out(file) : SQLITE_OK;

	return code == SQLITE_OK ? file->real->pMethods->xRead(file->real, to, len, offset) : code;
}

static int write_log(sqlite3_file *base, const void *from, int len, sqlite3_int64 offset)
{
	struct log_file *file = (struct log_file *)base;
	int code = SQLITE_OK;

	if (offset != file->start + (sqlite3_int64)file->len || file->len + (size_t)len > ROOM)
		code = write_out(file);
	if (code != SQLITE_OK)
		return code;
	if ((size_t)len > ROOM)
		return file->real->pMethods->xWrite(file->real, from, len, offset);
	if (file->at == NULL)
		file->at = xmalloc(ROOM);
	if (file->len == 0)
		file->start = offset;
	memcpy(file->at + file->len, from, (size_t)len);
	file->len += (size_t)len;
	return SQLITE_OK;
}

static int truncate_log(sqlite3_file *base, sqlite3_int64 size)
{
	struct log_file *file = (struct log_file *)base;
	int code = write_out(file);

	return code == SQLITE_OK ? file->real->pMethods->xTruncate(file->real, size) : code;
}

static int sync_log(sqlite3_file *base, int flags)
{
	struct log_file *file = (struct log_file *)base;
	int code = write_out(file);

	return code == SQLITE_OK ? file->real->pMethods->xSync(file->real, flags) : code;
}

static int size_of_log(sqlite3_file *base, sqlite3_int64 *size)
{
	struct log_file *file = (struct log_file *)base;
	int code = write_out(file);

	return code == SQLITE_OK ? file->real->pMethods->xFileSize(file->real, size) : code;
}

static int control_log(sqlite3_file *base, int what, void *argument)
{
	sqlite3_file *real = ((struct log_file *)base)->real;

	return real->pMethods->xFileControl(real, what, argument);
}

static int sector_size_of_log(sqlite3_file *base)
{
	sqlite3_file *real = ((struct log_file *)base)->real;

	return real->pMethods->xSectorSize(real);
}

static int nature_of_log(sqlite3_file *base)
{
	sqlite3_file *real = ((struct log_file *)base)->real;

	return real->pMethods->xDeviceCharacteristics(real);
}

/* A log is never locked: SQLite locks its index. */
static const sqlite3_io_methods methods = {
	.iVersion = 1, .xClose = close_log, .xRead = read_log, .xWrite = write_log, .xTruncate = truncate_log, .xSync = sync_log,
	.xFileSize = size_of_log, .xFileControl = control_log, .xSectorSize = sector_size_of_log, .xDeviceCharacteristics = nature_of_log,
};

static sqlite3_vfs *usual, ours;

static int open_file(sqlite3_vfs *vfs, const char *path, sqlite3_file *base, int flags, int *given)
{
	struct log_file *file = (struct log_file *)base;

	(void)vfs;
	if ((flags & SQLITE_OPEN_WAL) == 0)
		return usual->xOpen(usual, path, base, flags, given);
	*file = (struct log_file){ .real = (sqlite3_file *)(file + 1) };
	int code = usual->xOpen(usual, path, file->real, flags, given);
	/* after a failure too, a file that names its methods is closed */
	if (file->real->pMethods != NULL)
		file->base.pMethods = &methods;
	return code;
}

static void make_known(void)
{
	usual = sqlite3_vfs_find(NULL);
	ours = *usual;
	ours.zName = NAME;
	ours.pNext = NULL;
	ours.szOsFile = (int)sizeof(struct log_file) + usual->szOsFile;
	ours.xOpen = open_file;
	sqlite3_vfs_register(&ours, 0);
}

const char *database_log_file_system(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, make_known);
	return NAME;
}

static void forget(void *handle)
{
	sqlite3_file *file = NULL;

	if (sqlite3_file_control(handle, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file) == SQLITE_OK && file != NULL && file->pMethods == &methods)
		((struct log_file *)file)->len = 0;
}

void database_log_file_watch(sqlite3 *handle)
{
	sqlite3_rollback_hook(handle, forget, handle);
}
