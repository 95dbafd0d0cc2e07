/*
 * slowsync: preloaded into a server, counts its syncs and makes each take longer.
 *
 * SLOWSYNC_MS     milliseconds added to each fdatasync and fsync (default 0)
 * SLOWSYNC_COUNT  file of eight octets at least, mapped and shared: how many there were, native int64
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

typedef int (*sync_fn)(int);

static sync_fn real_fdatasync, real_fsync;
static struct timespec delay;
static _Atomic int64_t *count;

__attribute__((constructor)) static void prepare(void)
{
	const char *ms = getenv("SLOWSYNC_MS"), *path = getenv("SLOWSYNC_COUNT");

	*(void **)&real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
	*(void **)&real_fsync = dlsym(RTLD_NEXT, "fsync");
	if (ms)
		delay.tv_nsec = strtol(ms, NULL, 10) * 1000000;
	if (path) {
		int fd = open(path, O_RDWR | O_CLOEXEC);
		void *page = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof *count, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

		if (page != MAP_FAILED)
			count = page;
		if (fd >= 0)
			close(fd);
	}
}

static void slow(void)
{
	if (count)
		atomic_fetch_add(count, 1);
	if (delay.tv_nsec)
		nanosleep(&delay, NULL);
}

int fdatasync(int fd)
{
	slow();
	return real_fdatasync(fd);
}

int fsync(int fd)
{
	slow();
	return real_fsync(fd);
}
