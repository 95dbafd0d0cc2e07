/* store_copy: messages from one mailbox of a user to another, inside a run. */
#ifndef MAILSTORE_STORE_COPY_H
#define MAILSTORE_STORE_COPY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/ranges.h"
#include "mailstore/store_context.h"

struct store_transfer {
	int64_t user_id, from, to;      /* mailboxes of the user; `to` exists */
	bool is_move;
	const struct ranges *uids;
	uint32_t first, end;            /* of those, not below `first` and below `end`; 0 = all */
	/* set by the run; the caller releases the ranges */
	uint32_t rest;                  /* a part was moved: again with `first` so when it is committed; 0 = that was all */
	uint64_t from_modseq, to_modseq;        /* 0 = unchanged */
	struct ranges from_uids, to_uids;
};

/*
 * A copy is one piece: LIMIT, and nothing of it was written, when it is more than the log has room for.  A move is one part of it, of 5,000 messages or a few more; the
 * first one sets `end`, so that what comes meanwhile stays.  NOT_FOUND: the target went.  FULL, NOT_FOUND and, of UIDs, LIMIT before anything is written.
 */
bool store_copy_run(struct store_context *, struct store_transfer *, struct error *err);

#endif
