/* file: reads and writes that signals neither end nor shorten. */
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

#endif
