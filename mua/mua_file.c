#include "mua/mua_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "mua/mua_safe_name.h"

#define NUMBER_MAX 9999

bool mua_file_read(const char *path, size_t max, struct buffer *out, struct error *err)
{
	bool is_input = strcmp(path, "-") == 0, ok = false;
	int fd = is_input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = 0;

	if (fd < 0) {
		if (errno == ENOENT)
			return error_set(err, ERROR_NOT_FOUND, "%s: no such file", path);
		return error_set_errno(err, errno, "%s", path);
	}
	while (out->len <= max && (n = file_read(fd, buffer_reserve(out, 65536), 65536)) > 0)
		buffer_added(out, (size_t)n);
	if (n < 0)
		error_set_errno(err, errno, "%s", path);
	else if (out->len > max)
		error_set(err, ERROR_LIMIT, "%s: larger than %zu octets", path, max);
	else
		ok = true;
	if (!is_input)
		close(fd);
	return ok;
}

static int create(int folder_fd, struct bytes name, struct buffer *used)
{
	int fd;

	for (unsigned n = 0; n <= NUMBER_MAX; n++) {
		buffer_clear(used);
		if (n == 0)
			buffer_add_bytes(used, name);
		else
			mua_safe_name_number(used, name, n);
		fd = openat(folder_fd, used->at, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (fd >= 0 || errno != EEXIST)
			return fd;
	}
	return -1;
}

bool mua_file_save(int folder_fd, struct bytes name, struct bytes content, struct buffer *used, struct error *err)
{
	int fd = create(folder_fd, name, used), why;
	bool ok;

	if (fd < 0)
		return error_set_errno(err, errno, "%s", used->at);
	ok = file_write(fd, content);
	why = errno;
	if (close(fd) != 0 && ok) {
		why = errno;
		ok = false;
	}
	if (ok)
		return true;
	unlinkat(folder_fd, used->at, 0);
	return error_set_errno(err, why, "%s", used->at);
}
