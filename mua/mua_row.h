/* mua_row: a message as one line for people. */
#ifndef MUA_MUA_ROW_H
#define MUA_MUA_ROW_H

#include "base/buffer.h"
#include "mua/mua_cache.h"

/* folder NULL: not shown. */
void mua_row_format(struct buffer *out, const char *folder, const struct mua_message *);

#endif
