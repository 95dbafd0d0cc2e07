/* mua_file: reading a file, or standard input for "-"; making new ones. */
#ifndef MUA_MUA_FILE_H
#define MUA_MUA_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"

/* Append all of it; LIMIT when it is longer than max, NOT_FOUND when there is none. */
bool mua_file_read(const char *path, size_t max, struct buffer *out, struct error *err);
/*
 * Make a new file (0600) in that folder and write the content; where the name is taken, "name (1)" and so on.  Never follows a link, never
 * overwrites.  *used: the name it got.  Nothing is left behind when it fails.
 */
bool mua_file_save(int folder_fd, struct bytes name, struct bytes content, struct buffer *used, struct error *err);

#endif
