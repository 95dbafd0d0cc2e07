#include "mailctl/mailctl_lines.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

#define BLOCK ((size_t)256 * 1024)
#define PIECE_MAX ((size_t)64 * 1024)

bool mailctl_lines_open(struct mailctl_lines *lines, int dir_fd, const char *path, struct error *err)
{
	*lines = (struct mailctl_lines){ .fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC), .begins_line = true };
	if (lines->fd < 0)
		return error_set_errno(err, errno, "cannot open %s", path);
	lines->octets = xmalloc(BLOCK);
	return true;
}

void mailctl_lines_close(struct mailctl_lines *lines)
{
	if (lines->fd >= 0)
		close(lines->fd);
	free(lines->octets);
	*lines = (struct mailctl_lines){ .fd = -1 };
}

bool mailctl_lines_seek(struct mailctl_lines *lines, uint64_t offset, struct error *err)
{
	if (lseek(lines->fd, (off_t)offset, SEEK_SET) < 0)
		return error_set_errno(err, errno, "cannot seek");
	lines->start = lines->end = 0;
	lines->offset = lines->next_offset = offset;
	lines->is_over = false;
	lines->begins_line = true;
	return true;
}

/* Until a whole piece is there, or the file is over. */
static bool fill(struct mailctl_lines *lines, struct error *err)
{
	memmove(lines->octets, lines->octets + lines->start, lines->end - lines->start);
	lines->end -= lines->start;
	lines->start = 0;
	ssize_t n = file_read(lines->fd, lines->octets + lines->end, BLOCK - lines->end);
	if (n < 0)
		return error_set_errno(err, errno, "cannot read");
	lines->is_over = n == 0;
	lines->end += (size_t)n;
	return true;
}

bool mailctl_lines_next(struct mailctl_lines *lines, struct bytes *piece, bool *begins, struct error *err)
{
	char *line_end = NULL;

	for (;;) {
		size_t len = lines->end - lines->start;
		line_end = len == 0 ? NULL : memchr(lines->octets + lines->start, '\n', len);
		if (line_end != NULL || len > PIECE_MAX || lines->is_over)
			break;
		if (!fill(lines, err))
			return false;
	}
	size_t len = line_end != NULL ? (size_t)(line_end - lines->octets) + 1 - lines->start : lines->end - lines->start;
	/* a CR stays with the LF behind it */
	if (len > PIECE_MAX)
		len = PIECE_MAX - (lines->octets[lines->start + PIECE_MAX - 1] == '\r');
	if (len == 0)
		return false;
	*piece = bytes_of(lines->octets + lines->start, len);
	lines->offset = lines->next_offset;
	lines->next_offset += len;
	*begins = lines->begins_line;
	lines->begins_line = piece->at[len - 1] == '\n';
	lines->start += len;
	return true;
}

struct bytes mailctl_lines_ahead(struct mailctl_lines *lines)
{
	struct error told_later = { 0 };

	while (lines->end - lines->start < PIECE_MAX && !lines->is_over && fill(lines, &told_later))
		;
	return bytes_slice(bytes_of(lines->octets + lines->start, lines->end - lines->start), 0, PIECE_MAX);
}

void mailctl_lines_add(struct buffer *out, struct bytes piece)
{
	bool ends = piece.len > 0 && piece.at[piece.len - 1] == '\n';
	char *nul;

	if (ends)
		piece.len -= piece.len > 1 && piece.at[piece.len - 2] == '\r' ? 2 : 1;
	size_t from = out->len;
	buffer_add_bytes(out, piece);
	while (piece.len > 0 && (nul = memchr(out->at + from, '\0', piece.len)) != NULL)
		*nul = (char)0x80;
	if (ends)
		buffer_add_text(out, "\r\n");
}
