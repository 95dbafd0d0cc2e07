/*
 * mua_safe: the one way text of strangers reaches a terminal.  Controls, invalid UTF-8, bidirectional and invisible
 * characters become visible marks; nothing that is printed can move the cursor, set a title or reorder a line.
 */
#ifndef MUA_MUA_SAFE_H
#define MUA_MUA_SAFE_H

#include <stddef.h>

#include "base/buffer.h"
#include "base/bytes.h"

/* One line: LF and TAB are marked too. */
void mua_safe_line(struct buffer *out, struct bytes text);
/* Several lines: LF and TAB stay, CRLF becomes LF. */
void mua_safe_text(struct buffer *out, struct bytes text);
/* A safe line cut and padded to exactly `columns` terminal columns. */
void mua_safe_column(struct buffer *out, struct bytes text, size_t columns);

#endif
