/*
 * disk_record: preloaded into a program, writes down everything it does to the files below one folder, in order, so
 * that a power cut at any moment can be played afterwards (powercut.py).
 *
 * DISK_RECORD_ROOT  the folder, absolute; every file in it is made while recording
 * DISK_RECORD_LOG   where to write the record
 *
 * A record is: kind (one octet), file (u32), offset (u64), length (u32), then that many octets.  Numbers are native.
 *   C file path    created with a name      U file        created without one (O_TMPFILE)
 *   W file offset octets    written         T file offset cut or grown to offset octets
 *   S file / s file         sync begins / ended well      D path / d path   the same of a folder
 *   L file path  given a name     X path  name removed     R from NUL to  renamed     M path  folder made
 *   N octets     what the program wrote to its standard output: what it believes to be done
 * A change is written down before it happens, an end of a sync after it: so the record never promises more than was.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FILES_MAX 65536

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int log_fd = -1;
static char root[PATH_MAX];
static struct { ino_t inode; uint32_t file; } files[FILES_MAX];  /* the last entry of an inode counts: inodes are used again */
static size_t n_files;

__attribute__((constructor)) static void prepare(void)
{
	const char *folder = getenv("DISK_RECORD_ROOT"), *path = getenv("DISK_RECORD_LOG");

	if (folder == NULL || path == NULL)
		return;
	snprintf(root, sizeof root, "%s", folder);
	log_fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

#define REAL(name) ({ static typeof(&name) real_; if (real_ == NULL) *(void **)&real_ = dlsym(RTLD_NEXT, #name); real_; })

static void note(char kind, uint32_t file, uint64_t offset, const void *octets, size_t len)
{
	struct { char kind, none[3]; uint32_t file; uint64_t offset; uint32_t len, unused; } head = { .kind = kind, .file = file, .offset = offset, .len = (uint32_t)len };
	int saved = errno;

	if (log_fd < 0)
		return;
	pthread_mutex_lock(&lock);
	syscall(SYS_write, log_fd, &head, sizeof head);
	for (size_t done = 0; done < len;) {
		ssize_t n = syscall(SYS_write, log_fd, (const char *)octets + done, len - done);
		if (n <= 0)
			abort();
		done += (size_t)n;
	}
	pthread_mutex_unlock(&lock);
	errno = saved;
}

static void note_path(char kind, uint32_t file, const char *path)
{
	note(kind, file, 0, path, strlen(path));
}

/* The path below root, or NULL when it lies elsewhere. */
static const char *below(int dir_fd, const char *path, char full[PATH_MAX])
{
	char link[64];
	ssize_t n;

	if (log_fd < 0)
		return NULL;
	if (path[0] == '/') {
		snprintf(full, PATH_MAX, "%s", path);
	} else {
		snprintf(link, sizeof link, dir_fd == AT_FDCWD ? "/proc/self/cwd" : "/proc/self/fd/%d", dir_fd);
		n = readlink(link, full, PATH_MAX / 2);
		if (n < 0)
			return NULL;
		snprintf(full + n, PATH_MAX - (size_t)n, "/%s", path);
	}
	size_t len = strlen(root);
	return strncmp(full, root, len) == 0 && full[len] == '/' ? full + len + 1 : NULL;
}

static uint32_t new_file(int fd)
{
	struct stat found;

	if (fstat(fd, &found) != 0 || n_files == FILES_MAX)
		abort();
	pthread_mutex_lock(&lock);
	files[n_files].inode = found.st_ino;
	files[n_files].file = (uint32_t)n_files + 1;
	uint32_t file = files[n_files++].file;
	pthread_mutex_unlock(&lock);
	return file;
}

/* 0 = none of ours. */
static uint32_t file_of(int fd)
{
	struct stat found;
	uint32_t file = 0;

	if (log_fd < 0 || fstat(fd, &found) != 0)
		return 0;
	pthread_mutex_lock(&lock);
	for (size_t i = n_files; i > 0 && file == 0; i--)
		if (files[i - 1].inode == found.st_ino)
			file = files[i - 1].file;
	pthread_mutex_unlock(&lock);
	return file;
}

static int open_noted(int dir_fd, const char *path, int flags, mode_t mode)
{
	char full[PATH_MAX];
	const char *name = below(dir_fd, path, full);
	int is_unnamed = (flags & O_TMPFILE) == O_TMPFILE;
	int is_new = name != NULL && (flags & O_CREAT) && faccessat(dir_fd, path, F_OK, AT_SYMLINK_NOFOLLOW) != 0;
	int fd = REAL(openat)(dir_fd, path, flags, mode);

	if (fd >= 0 && name != NULL && is_unnamed)
		note('U', new_file(fd), 0, "", 0);
	else if (fd >= 0 && is_new)
		note_path('C', new_file(fd), name);
	return fd;
}

#define OPEN(name, ...) \
	int name(__VA_ARGS__ const char *path, int flags, ...) \
	{ \
		va_list rest; \
		va_start(rest, flags); \
		mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0; \
		va_end(rest); \
		return open_noted(DIR_FD, path, flags, mode); \
	}
#define DIR_FD AT_FDCWD
OPEN(open)
OPEN(open64)
#undef DIR_FD
#define DIR_FD dir_fd
OPEN(openat, int dir_fd,)
OPEN(openat64, int dir_fd,)

#define PWRITE(name) \
	ssize_t name(int fd, const void *octets, size_t len, off_t offset) \
	{ \
		uint32_t file = file_of(fd); \
		if (file != 0) \
			note('W', file, (uint64_t)offset, octets, len); \
		return REAL(name)(fd, octets, len, offset); \
	}
PWRITE(pwrite)
PWRITE(pwrite64)

ssize_t write(int fd, const void *octets, size_t len)
{
	uint32_t file = fd == STDOUT_FILENO ? 0 : file_of(fd);

	if (fd == STDOUT_FILENO)
		note('N', 0, 0, octets, len);
	else if (file != 0)
		note('W', file, (uint64_t)lseek(fd, 0, SEEK_CUR), octets, len);
	return REAL(write)(fd, octets, len);
}

#define TRUNCATE(name) \
	int name(int fd, off_t len) \
	{ \
		uint32_t file = file_of(fd); \
		if (file != 0) \
			note('T', file, (uint64_t)len, "", 0); \
		return REAL(name)(fd, len); \
	}
TRUNCATE(ftruncate)
TRUNCATE(ftruncate64)

static int sync_noted(int fd, int (*real)(int))
{
	char link[64], full[PATH_MAX];
	uint32_t file = file_of(fd);
	const char *folder = NULL;

	if (file == 0 && log_fd >= 0) {
		snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
		ssize_t n = readlink(link, full, sizeof full - 1);
		size_t len = strlen(root);
		if (n > 0 && (full[n] = '\0', strncmp(full, root, len) == 0))
			folder = full[len] == '/' ? full + len + 1 : "";
	}
	if (file != 0)
		note('S', file, 0, "", 0);
	else if (folder != NULL)
		note_path('D', 0, folder);
	int result = real(fd);
	if (result == 0 && file != 0)
		note('s', file, 0, "", 0);
	else if (result == 0 && folder != NULL)
		note_path('d', 0, folder);
	return result;
}

int fsync(int fd)
{
	return sync_noted(fd, REAL(fsync));
}

int fdatasync(int fd)
{
	return sync_noted(fd, REAL(fdatasync));
}

int unlinkat(int dir_fd, const char *path, int flags)
{
	char full[PATH_MAX];
	const char *name = below(dir_fd, path, full);

	if (name != NULL)
		note_path('X', 0, name);
	return REAL(unlinkat)(dir_fd, path, flags);
}

int unlink(const char *path)
{
	return unlinkat(AT_FDCWD, path, 0);
}

int mkdirat(int dir_fd, const char *path, mode_t mode)
{
	char full[PATH_MAX];
	const char *name = below(dir_fd, path, full);
	int result = REAL(mkdirat)(dir_fd, path, mode);

	if (result == 0 && name != NULL)
		note_path('M', 0, name);
	return result;
}

int mkdir(const char *path, mode_t mode)
{
	return mkdirat(AT_FDCWD, path, mode);
}

int linkat(int from_fd, const char *from, int to_fd, const char *to, int flags)
{
	char full[PATH_MAX];
	const char *name = below(to_fd, to, full);
	struct stat found;
	uint32_t file = 0;

	if (name != NULL && stat(from, &found) == 0) {
		pthread_mutex_lock(&lock);
		for (size_t i = n_files; i > 0 && file == 0; i--)
			if (files[i - 1].inode == found.st_ino)
				file = files[i - 1].file;
		pthread_mutex_unlock(&lock);
	}
	if (file != 0)
		note_path('L', file, name);
	return REAL(linkat)(from_fd, from, to_fd, to, flags);
}

int renameat(int from_fd, const char *from, int to_fd, const char *to)
{
	char full[PATH_MAX], other[PATH_MAX], both[2 * PATH_MAX];
	const char *name = below(from_fd, from, full), *new_name = below(to_fd, to, other);

	if (name != NULL && new_name != NULL) {
		size_t len = strlen(name) + 1;
		memcpy(both, name, len);
		memcpy(both + len, new_name, strlen(new_name));
		note('R', 0, 0, both, len + strlen(new_name));
	}
	return REAL(renameat)(from_fd, from, to_fd, to);
}

int rename(const char *from, const char *to)
{
	return renameat(AT_FDCWD, from, AT_FDCWD, to);
}
