/* mailctl_lines: a file read line by line, in bounded memory whatever the lines are. */
#ifndef MAILCTL_MAILCTL_LINES_H
#define MAILCTL_MAILCTL_LINES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/error.h"

struct mailctl_lines {                  /* mailctl_lines_open to mailctl_lines_close */
	int fd;                         /* -1 = closed */
	char *octets;
	size_t start, end;              /* what is read and not given yet */
	uint64_t offset, next_offset;   /* in the file: of the piece given last, of the one after it */
	bool is_over;                   /* the file was read to its end */
	bool begins_line;               /* the next piece does */
};

bool mailctl_lines_open(struct mailctl_lines *, int dir_fd, const char *path, struct error *err);
void mailctl_lines_close(struct mailctl_lines *);
/* Go on at this offset, which begins a line. */
bool mailctl_lines_seek(struct mailctl_lines *, uint64_t offset, struct error *err);

/*
 * The next piece: a line with its end, or a part of one of more than 64 KiB.  *begins: it begins a line.  Borrowed until the
 * next call.  False at the end of the file, and when reading fails (err).
 */
bool mailctl_lines_next(struct mailctl_lines *, struct bytes *piece, bool *begins, struct error *err);

/* What comes next, at most 64 KiB or to the end of the file, without taking it.  Borrowed until the next call. */
struct bytes mailctl_lines_ahead(struct mailctl_lines *);

/* Append the piece as the store wants lines: ending CRLF; a NUL, which IMAP cannot carry, becomes 0x80. */
void mailctl_lines_add(struct buffer *out, struct bytes piece);

#endif
