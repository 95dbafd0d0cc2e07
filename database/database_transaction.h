/* database_transaction: all of a run of statements, or nothing of it. */
#ifndef DATABASE_DATABASE_TRANSACTION_H
#define DATABASE_DATABASE_TRANSACTION_H

#include <stdbool.h>
#include <stdint.h>

#include "database/database.h"

/* Takes the write lock at once: TRY_LATER comes here and not in the middle. */
bool database_begin_write(struct database *);
/* Every statement until commit or rollback sees the same state. */
bool database_begin_read(struct database *);
/*
 * True: what was written is there for good (on the disk, unless opened with synchronous_off).
 * False: nothing of it is; the transaction is over either way, and the failure stands.
 */
bool database_commit(struct database *);
/* Legal without a transaction, after a failure, and when SQLite rolled back by itself.  A failure stays recorded. */
void database_rollback(struct database *);
bool database_in_transaction(const struct database *);

/*
 * Pages that this connection wrote to the log so far; within a transaction those that found no room in its cache any more.  How many it adds to the
 * log is known only at its end: those, and what the cache holds.
 */
uint64_t database_pages_written(const struct database *);

/*
 * A part of a transaction that can fail alone; parts nest.  Begin and keep answer false after a failure.
 * database_part_undo takes back what the part wrote and clears the failure; it answers false when the
 * failure took the whole transaction with it (database_rollback is then what is left, and the failure stands).
 */
bool database_part_begin(struct database *);
bool database_part_keep(struct database *);
bool database_part_undo(struct database *);

#endif
