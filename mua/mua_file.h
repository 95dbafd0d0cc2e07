/* mua_file: reading a file, or standard input for "-". */
#ifndef MUA_MUA_FILE_H
#define MUA_MUA_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"

/* Append all of it; LIMIT when it is longer than max, NOT_FOUND when there is none. */
bool mua_file_read(const char *path, size_t max, struct buffer *out, struct error *err);

#endif
