#define _GNU_SOURCE                     /* posix_fallocate */

#include "mailstore/store_ballast.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/log.h"
#include "mailstore/store_file.h"
#include "mailstore/store_open.h"

#define NAME "ballast"
#define SIZE_MAX_OCTETS ((uint64_t)64 << 20)
#define SIZE_MIN_OCTETS ((uint64_t)1 << 20)

/* What this disk's is to have. */
static uint64_t size_for(const struct store *store)
{
	struct statvfs disk;

	if (store->options.ephemeral || fstatvfs(store->dir_fd, &disk) != 0)
		return 0;
	uint64_t share = (uint64_t)disk.f_blocks * disk.f_frsize / 16;
	return share < SIZE_MIN_OCTETS ? 0 : share < SIZE_MAX_OCTETS ? share : SIZE_MAX_OCTETS;
}

/* -1 = never made. */
static int64_t octets_of(const struct store *store)
{
	struct stat st;

	return fstatat(store->dir_fd, NAME, &st, AT_SYMLINK_NOFOLLOW) == 0 ? (int64_t)st.st_size : -1;
}

uint64_t store_ballast_octets(const struct store *store)
{
	int64_t octets = octets_of(store);

	return octets > 0 ? (uint64_t)octets : 0;
}

uint64_t store_ballast_reserve(const struct store *store)
{
	return store->options.reserve + (octets_of(store) == 0 ? size_for(store) : 0);
}

bool store_ballast_drop(const struct store *store)
{
	if (store_ballast_octets(store) == 0)
		return false;
	int fd = openat(store->dir_fd, NAME, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return false;
	bool dropped = ftruncate(fd, 0) == 0;
	close(fd);
	log_warning("store", "ballast-dropped", "room=%llu", (unsigned long long)store_file_room(store->dir_fd));
	return dropped;
}

void store_ballast_keep(const struct store *store)
{
	uint64_t size = size_for(store);

	if (size == 0 || store_ballast_octets(store) >= size || store_file_room(store->dir_fd) < store->options.reserve + 2 * size)
		return;
	int fd = openat(store->dir_fd, NAME, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	int failed = fd >= 0 ? posix_fallocate(fd, 0, (off_t)size) : errno;
	if (failed == 0) {
		log_info("store", "ballast-made", "octets=%llu", (unsigned long long)size);
	} else {
		log_warning("store", "ballast-failed", "error=%s", strerrordesc_np(failed));
		if (fd >= 0 && ftruncate(fd, 0) != 0)
			log_warning("store", "ballast-failed", "error=%s", strerrordesc_np(errno));
	}
	if (fd >= 0)
		close(fd);
}
