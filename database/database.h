/*
 * database: one connection to an SQLite file with a write-ahead log, set up the way this project wants it.  Nothing
 * here knows what is stored.  A connection belongs to one thread.
 *
 * The first failure sticks: until database_clear every later call on the connection does nothing and answers
 * "no row", so that a run of statements reads as its statements and asks database_failed once at the end.
 */
#ifndef DATABASE_DATABASE_H
#define DATABASE_DATABASE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct database;

enum database_mode {
	DATABASE_CREATE,                /* a writer; the file is made (0600) when it is not there */
	DATABASE_WRITE,
	DATABASE_READ,                  /* query_only, mapped memory; may still recover the log's index */
	DATABASE_LOOK,                  /* opened read-only: changes nothing, not even a setting */
};

struct database_options {
	const char *path;               /* symbolic links are refused */
	enum database_mode mode;
	bool synchronous_off;           /* a commit does not wait for the disk: caches and ephemeral stores only */
	bool gathers_log;               /* a writer hands a commit's pages to the system together; without effect when synchronous_off */
	int cache_kib;                  /* 0: 16,000 for writers, 4,000 for readers */
	int busy_ms;                    /* how long a lock held by another connection is waited for; 0: 10,000 */
};

/*
 * NULL on error: NOT_FOUND (no file, or no folder for it), CORRUPT (no database), TRY_LATER (locked by another
 * program), SYSTEM (also when the file system cannot carry a write-ahead log).  The text starts with the path.
 */
struct database *database_open(const struct database_options *, struct error *err);
/* NULL is accepted.  Ends its statements; an open transaction is rolled back. */
void database_close(struct database *);

/* Several statements without parameters or wanted rows. */
void database_script(struct database *, const char *sql);

/*
 * Kinds: EXISTS (a unique key is taken), FULL, TRY_LATER (busy), CORRUPT, LIMIT (a value too big), NOT_FOUND
 * (no such file), SYSTEM (all others; sys_errno when the system gave one).  FULL, SYSTEM and TRY_LATER may
 * have rolled the transaction back: database_rollback is right in any case.
 */
bool database_failed(const struct database *);
const struct error *database_error(const struct database *);
/* Forget the failure. */
void database_clear(struct database *);
/* Record one found by the caller, unless there is one already.  Returns false. */
bool database_fail(struct database *, enum error_kind, const char *text);

/*
 * Pages in the write-ahead log after the last commit of this writer.  From 4,000 on each commit copies what no reader needs into
 * the file; the log begins anew only when nobody reads from it at that moment.
 */
unsigned database_log_pages(const struct database *);
/* Commits of this connection copy nothing any more: its owner does, at times of his own. */
void database_leave_log(struct database *);
/*
 * Copy what no reader needs from the log into the file, beside other writers and without waiting for anybody.  Outside a transaction.
 * *n_left: pages that were not copied, being needed or written meanwhile; with 0 the next commit begins the log anew.  False: a failure,
 * TRY_LATER while another connection copies.
 */
bool database_copy_log(struct database *, unsigned *n_left);
/*
 * Copy the whole log into the file, waiting wait_ms at most for those who read or write, so that it begins anew.  Outside a
 * transaction.  False: a failure, TRY_LATER when somebody stayed; database_log_pages is exact again.
 */
bool database_checkpoint(struct database *, unsigned wait_ms);

/* Rowid of the last row inserted on this connection. */
int64_t database_last_id(const struct database *);
/* Rows changed by the last statement that changes rows. */
int64_t database_changes(const struct database *);

#endif
