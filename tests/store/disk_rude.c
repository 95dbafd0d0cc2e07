/*
 * disk_rude: preloaded into a program, makes reads and writes of files below the folder DISK_RUDE_ROOT do what POSIX allows and disks
 * seldom do: of eight one is interrupted (EINTR), one takes only half.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char root[PATH_MAX];
static atomic_ulong n_calls;

__attribute__((constructor)) static void prepare(void)
{
	const char *folder = getenv("DISK_RUDE_ROOT");

	if (folder != NULL)
		snprintf(root, sizeof root, "%s/", folder);
	/* a shell that a test starts is not meant */
	unsetenv("LD_PRELOAD");
}

static int is_below(int fd)
{
	char link[64], path[PATH_MAX];

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	ssize_t n = root[0] == '\0' ? -1 : readlink(link, path, sizeof path - 1);
	if (n < 0)
		return 0;
	path[n] = '\0';
	return strncmp(path, root, strlen(root)) == 0;
}

/* False: interrupted. */
static int be_rude(int fd, size_t *len)
{
	unsigned long turn = atomic_fetch_add(&n_calls, 1) % 8;

	if ((turn != 0 && turn != 3) || !is_below(fd))
		return 1;
	if (turn == 3 && *len > 1)
		*len /= 2;
	errno = EINTR;
	return turn != 0;
}

#define REAL(name) ({ static typeof(&name) real_; if (real_ == NULL) *(void **)&real_ = dlsym(RTLD_NEXT, #name); real_; })

#define RUDE(name, declared, ...) \
	ssize_t name declared \
	{ \
		return be_rude(fd, &len) ? REAL(name)(__VA_ARGS__) : -1; \
	}

RUDE(pwrite, (int fd, const void *octets, size_t len, off_t offset), fd, octets, len, offset)
RUDE(pwrite64, (int fd, const void *octets, size_t len, off_t offset), fd, octets, len, offset)
RUDE(write, (int fd, const void *octets, size_t len), fd, octets, len)
RUDE(pread, (int fd, void *octets, size_t len, off_t offset), fd, octets, len, offset)
RUDE(pread64, (int fd, void *octets, size_t len, off_t offset), fd, octets, len, offset)
RUDE(read, (int fd, void *octets, size_t len), fd, octets, len)
