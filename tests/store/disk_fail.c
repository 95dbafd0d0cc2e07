/*
 * disk_fail: preloaded into a program, lets one of its calls on files below a folder fail.
 *
 * DISK_FAIL_ROOT   the folder, absolute
 * DISK_FAIL_KIND   write (also cutting and growing), sync, read or open
 * DISK_FAIL_AT     which call of that kind, from 1
 * DISK_FAIL_TIMES  how many in a row (default 1)
 * DISK_FAIL_ERRNO  with what (default 5, EIO)
 * DISK_FAIL_SEEN   a file that is made when a call failed: without it the run had fewer of them
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static char root[PATH_MAX], kind;
static long first, last;
static int with = EIO;
static const char *seen;
static atomic_long n_calls;

__attribute__((constructor)) static void prepare(void)
{
	const char *folder = getenv("DISK_FAIL_ROOT"), *at = getenv("DISK_FAIL_AT"), *times = getenv("DISK_FAIL_TIMES");
	const char *number = getenv("DISK_FAIL_ERRNO"), *name = getenv("DISK_FAIL_KIND");

	if (folder == NULL || at == NULL || name == NULL)
		return;
	snprintf(root, sizeof root, "%s/", folder);
	kind = name[0];
	first = strtol(at, NULL, 10);
	last = first + (times == NULL ? 1 : strtol(times, NULL, 10)) - 1;
	if (number != NULL)
		with = (int)strtol(number, NULL, 10);
	seen = getenv("DISK_FAIL_SEEN");
}

#define REAL(name) ({ static typeof(&name) real_; if (real_ == NULL) *(void **)&real_ = dlsym(RTLD_NEXT, #name); real_; })

/* Is it this call's turn? */
static int fails(char call)
{
	if (call != kind)
		return 0;
	long n = atomic_fetch_add(&n_calls, 1) + 1;
	if (n < first || n > last)
		return 0;
	if (seen != NULL)
		close((int)syscall(SYS_openat, AT_FDCWD, seen, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	errno = with;
	return 1;
}

static int is_below(int fd)
{
	char link[64], path[PATH_MAX];

	if (root[0] == '\0')
		return 0;
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	ssize_t n = readlink(link, path, sizeof path - 1);
	if (n < 0)
		return 0;
	path[n] = '\0';
	/* the folder itself counts too: it is synced */
	return strncmp(path, root, strlen(root)) == 0 || strncmp(path, root, strlen(root) - 1) == 0;
}

#define FAILING(result, name, call, declared, ...) \
	result name declared \
	{ \
		if (is_below(fd) && fails(call)) \
			return -1; \
		return REAL(name)(__VA_ARGS__); \
	}

FAILING(ssize_t, pwrite, 'w', (int fd, const void *octets, size_t len, off_t offset), fd, octets, len, offset)
FAILING(ssize_t, pwrite64, 'w', (int fd, const void *octets, size_t len, off_t offset), fd, octets, len, offset)
FAILING(ssize_t, write, 'w', (int fd, const void *octets, size_t len), fd, octets, len)
FAILING(int, ftruncate, 'w', (int fd, off_t len), fd, len)
FAILING(int, ftruncate64, 'w', (int fd, off_t len), fd, len)
FAILING(ssize_t, pread, 'r', (int fd, void *octets, size_t len, off_t offset), fd, octets, len, offset)
FAILING(ssize_t, pread64, 'r', (int fd, void *octets, size_t len, off_t offset), fd, octets, len, offset)
FAILING(ssize_t, read, 'r', (int fd, void *octets, size_t len), fd, octets, len)
FAILING(int, fsync, 's', (int fd), fd)
FAILING(int, fdatasync, 's', (int fd), fd)

#define OPEN(name, dir_fd, ...) \
	int name(__VA_ARGS__ const char *path, int flags, ...) \
	{ \
		va_list rest; \
		va_start(rest, flags); \
		mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0; \
		va_end(rest); \
		if (root[0] != '\0' && (path[0] == '/' ? strncmp(path, root, strlen(root)) == 0 : (dir_fd) != AT_FDCWD && is_below(dir_fd)) && fails('o')) \
			return -1; \
		return (int)syscall(SYS_openat, dir_fd, path, flags, mode); \
	}
OPEN(open, AT_FDCWD,)
OPEN(open64, AT_FDCWD,)
OPEN(openat, dir_fd, int dir_fd,)
OPEN(openat64, dir_fd, int dir_fd,)
