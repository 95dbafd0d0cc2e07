/* imapd_fetch_work: a FETCH under way, as the files that answer it share it.  For nobody else. */
#ifndef IMAPD_IMAPD_FETCH_WORK_H
#define IMAPD_IMAPD_FETCH_WORK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/ranges.h"
#include "imap/imap_fetch_items.h"
#include "imapd/imapd_section.h"
#include "imapd/imapd_session.h"
#include "mailstore/bodies.h"
#include "mailstore/messages.h"

#define IMAPD_FETCH_FLUSH_AT (32u * 1024)       /* octets of output, then the stream is asked */

struct imapd_fetch {
	struct imap_fetch_items items;
	struct ranges uids;             /* asked for, and not answered yet */
	unsigned fields;
	bool marks_seen;                /* and tells FLAGS where it did */
	bool is_missing;                /* a message could not be answered */

	struct store_messages *batch;
	size_t n_done;                  /* messages of the batch answered */
	struct ranges unmarked;         /* of the batch: without \Seen when it was scanned */
	struct ranges fresh;            /* of the batch: \Seen was just set */

	/* the message and item being answered */
	bool is_open;                   /* "* n FETCH (" is written */
	size_t n_items_done;
	struct imapd_extent extent;     /* octets still to read */
	bool is_announced;              /* of the literal */
	struct buffer header;           /* being gathered for HEADER.FIELDS */

	struct store_pieces *ahead;     /* octets of the next sections, in their order */
	size_t n_taken;                 /* of those */
};

/* An item whose octets were waited for is written: go on behind it. */
void imapd_fetch_go_on(struct imapd_session *);

#endif
