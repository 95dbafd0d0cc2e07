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
	/* set by the run; the caller releases the ranges */
	uint64_t from_modseq, to_modseq;        /* 0 = unchanged */
	struct ranges from_uids, to_uids;
};

/* FULL and LIMIT before anything is written. */
bool store_copy_run(struct store_context *, struct store_transfer *, struct error *err);

#endif
