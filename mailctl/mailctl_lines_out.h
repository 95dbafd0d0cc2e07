/* mailctl_lines_out: a message's octets, which come in any pieces, cut into lines that end LF. */
#ifndef MAILCTL_MAILCTL_LINES_OUT_H
#define MAILCTL_MAILCTL_LINES_OUT_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/bytes.h"

struct mailctl_lines_out {              /* zero-initialise for each message */
	struct buffer held;             /* what came since the last line ended */
	bool in_line;                   /* the last piece given did not end its line */
};

/* line: with its LF, or a part of one of more than 64 KiB; begins: it begins a line. */
typedef void mailctl_line_fn(void *owner, struct bytes line, bool begins);
void mailctl_lines_out_feed(struct mailctl_lines_out *, struct bytes octets, mailctl_line_fn *, void *owner);
/* With `ends` the last line gets its LF when it has none.  Releases. */
void mailctl_lines_out_finish(struct mailctl_lines_out *, bool ends, mailctl_line_fn *, void *owner);

#endif
