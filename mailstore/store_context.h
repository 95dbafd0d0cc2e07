/* store_context: what a request's run works with: the connection, the time, the hints of this batch. */
#ifndef MAILSTORE_STORE_CONTEXT_H
#define MAILSTORE_STORE_CONTEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mailstore/store.h"
#include "mailstore/store_ids.h"
#include "mailstore/store_stored.h"
#include "database/database.h"
#include "database/database_statement.h"

#define STORE_BATCH_ROWS 2000           /* rows a reader's batch returns at most */

struct store_context {
	struct store *store;
	struct database *db;
	int64_t now_s;
	int64_t deadline_ms;            /* monotonic: this part should end */
	struct store_hint *hints;       /* writers only */
	size_t n_hints, hints_capacity;
	struct store_ids ids;           /* writers only */
	bool wrote_lease;               /* in this transaction; writers only */
	bool has_holds;                 /* mail for some domain is held: as read in the transaction (ids) holds_read, 0 = never; writers only */
	uint64_t holds_read;
	struct store_stored stored;     /* for who reads a message within one run; closed between them */
};

/* Begin a part that should end in budget_ms. */
void store_context_start(struct store_context *, unsigned budget_ms);
/* Asks the clock only every 64th time. */
bool store_context_is_late(const struct store_context *, size_t n_rows);
/* The commit will have touched this mailbox (0 = the queue). */
void store_context_touch(struct store_context *, int64_t mailbox_id, uint64_t modseq);
/* One hint a mailbox, the highest modseq each. */
void store_context_coalesce(struct store_context *);
void store_context_release(struct store_context *);

#endif
