/* file: reads and writes that signals neither end nor shorten; the standard descriptors. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/bytes.h"

/* All octets, at the descriptor's place.  False: errno says why. */
bool file_write(int fd, struct bytes);
/* As read(2), but never EINTR: up to len octets, 0 at the end, -1 and errno. */
ssize_t file_read(int fd, void *to, size_t len);
/*
 * For the begin of main: a standard descriptor that was closed becomes /dev/null, from which nothing comes and to which nothing can be written.
 * Otherwise the next file opened would take its place, and be read and written as if it were it.
 */
void file_fill_standard(void);

#endif
