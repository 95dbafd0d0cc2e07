#include "mua/mua_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

bool mua_file_read(const char *path, size_t max, struct buffer *out, struct error *err)
{
	bool is_input = strcmp(path, "-") == 0, ok = false;
	int fd = is_input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0) {
		if (errno == ENOENT)
			return error_set(err, ERROR_NOT_FOUND, "%s: no such file", path);
		return error_set_errno(err, errno, "%s", path);
	}
	for (;;) {
		n = read(fd, buffer_reserve(out, 65536), 65536);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		buffer_added(out, (size_t)n);
		if (out->len > max)
			break;
	}
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
