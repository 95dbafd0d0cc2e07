#define _GNU_SOURCE                     /* O_TMPFILE */

#include "mailstore/store_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/random.h"

void store_file_path(const char *name, char path[STORE_FILE_PATH_SIZE])
{
	snprintf(path, STORE_FILE_PATH_SIZE, "bodies/%.2s/%.32s", name, name);
}

static void folder_path(const char *name, char path[STORE_FILE_PATH_SIZE])
{
	snprintf(path, STORE_FILE_PATH_SIZE, "bodies/%.2s", name);
}

static bool sync_folder(int dir_fd, const char *path, struct error *err)
{
	int fd = openat(dir_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return error_set_errno(err, errno, "cannot open %s", path);
	bool ok = fsync(fd) == 0;
	int sys_errno = errno;
	close(fd);
	return ok || error_set_errno(err, sys_errno, "cannot sync %s", path);
}

static void choose_name(char name[STORE_FILE_NAME_LEN + 1])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char octets[STORE_FILE_NAME_LEN / 2];

	random_octets(octets, sizeof octets);
	for (size_t i = 0; i < sizeof octets; i++) {
		name[2 * i] = digits[octets[i] >> 4];
		name[2 * i + 1] = digits[octets[i] & 15];
	}
	name[STORE_FILE_NAME_LEN] = '\0';
}

bool store_file_create(int dir_fd, struct store_file *file, struct error *err)
{
	char path[STORE_FILE_PATH_SIZE];

	*file = (struct store_file){ .fd = -1 };
	choose_name(file->name);
	folder_path(file->name, path);
	if (mkdirat(dir_fd, path, 0700) == 0) {
		if (!sync_folder(dir_fd, "bodies", err))
			return false;
	} else if (errno != EEXIST) {
		return error_set_errno(err, errno, "cannot make %s", path);
	}
	/* unnamed in the folder where it will get its name: a link never crosses folders */
	file->fd = openat(dir_fd, path, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (file->fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == ENOENT)) {
		store_file_path(file->name, path);
		file->fd = openat(dir_fd, path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
		file->has_name = file->fd >= 0;
	}
	return file->fd >= 0 || error_set_errno(err, errno, "cannot make a file in %s", path);
}

bool store_file_add(struct store_file *file, struct bytes octets, struct error *err)
{
	if (fault_fails("store.write"))
		return error_set_errno(err, ENOSPC, "cannot write a body");
	while (octets.len > 0) {
		ssize_t n = pwrite(file->fd, octets.at, octets.len, (off_t)file->size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return error_set_errno(err, errno, "cannot write a body");
		file->size += (uint64_t)n;
		octets = bytes_skip(octets, (size_t)n);
	}
	return true;
}

bool store_file_read(const struct store_file *file, uint64_t offset, void *to, size_t len, struct error *err)
{
	char *at = to;

	while (len > 0) {
		ssize_t n = pread(file->fd, at, len, (off_t)offset);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_set_errno(err, errno, "cannot read a body");
		if (n == 0)
			return error_set(err, ERROR_CORRUPT, "a body file is shorter than its message");
		at += n;
		offset += (uint64_t)n;
		len -= (size_t)n;
	}
	return true;
}

bool store_file_seal(int dir_fd, struct store_file *file, bool ephemeral, struct error *err)
{
	char path[STORE_FILE_PATH_SIZE], unnamed[32];

	if (!ephemeral && fdatasync(file->fd) != 0)
		return error_set_errno(err, errno, "cannot sync a body");
	fault_point("store.before_link");
	if (!file->has_name) {
		snprintf(unnamed, sizeof unnamed, "/proc/self/fd/%d", file->fd);
		store_file_path(file->name, path);
		if (linkat(AT_FDCWD, unnamed, dir_fd, path, AT_SYMLINK_FOLLOW) != 0)
			return error_set_errno(err, errno, "cannot name %s", path);
		file->has_name = true;
	}
	fault_point("store.after_link");
	folder_path(file->name, path);
	return ephemeral || sync_folder(dir_fd, path, err);
}

void store_file_release(int dir_fd, struct store_file *file, bool keep)
{
	if (file->fd < 0)
		return;
	if (file->has_name && !keep)
		store_file_remove(dir_fd, file->name);
	close(file->fd);
	file->fd = -1;
}

int store_file_open(int dir_fd, const char *name, struct error *err)
{
	char path[STORE_FILE_PATH_SIZE];

	store_file_path(name, path);
	int fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		error_set(err, ERROR_NOT_FOUND, "%s is gone", path);
	else if (fd < 0)
		error_set_errno(err, errno, "cannot open %s", path);
	return fd;
}

bool store_file_remove(int dir_fd, const char *name)
{
	char path[STORE_FILE_PATH_SIZE];

	store_file_path(name, path);
	return unlinkat(dir_fd, path, 0) == 0 || errno == ENOENT;
}

uint64_t store_file_room(int dir_fd)
{
	struct statvfs room;

	return fstatvfs(dir_fd, &room) == 0 ? (uint64_t)room.f_bavail * room.f_frsize : 0;
}

bool store_file_fits(uint64_t room, uint64_t reserve, uint64_t size, struct error *err)
{
	if (room >= reserve && room >= 2 * size)
		return true;
	return error_set(err, ERROR_FULL, "the disk is full: %llu MiB free", (unsigned long long)(room >> 20));
}
