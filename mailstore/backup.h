/*
 * backup: a copy of a store that works on, and a store made from it again.  Blocking: for programs without a loop.
 *
 * A backup is one SQLite file with the store's own tables, without indexes and without the search index (both are made anew).
 * Large bodies lie in it too (a FILE), or beside it in bodies/ (a FOLDER).  Bodies never change: they are copied a few at a time
 * and without holding anybody up; then one read transaction, about a second for a million messages, takes all the rest as
 * it is at that moment.  So everything acknowledged before the start is in it, and it is one state.  The turnstile is not needed.
 *
 * A second run into the same folder copies only bodies that came since, and those that a repair mended and the backup does not have whole.  It becomes visible in one commit: an interrupted
 * run leaves the backup before it whole.
 */
#ifndef MAILSTORE_BACKUP_H
#define MAILSTORE_BACKUP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* Messages looked at so far and in all, about. */
typedef void store_backup_progress_fn(void *owner, uint64_t done, uint64_t all);

struct store_backup_options {
	const char *data_dir;
	const char *path;               /* of the backup: made and read with the rights of this process */
	bool is_folder;
	bool unchanged;                 /* restore only: nobody used the store after the backup was made */
	store_backup_progress_fn *progress;     /* may be NULL */
	void *owner;
};

struct store_backup_result {
	uint64_t n_messages;            /* in mailboxes */
	uint64_t n_bodies, n_octets;    /* copied by this run */
	uint64_t n_missing;             /* large bodies that the store names and does not have */
	uint64_t n_held;                /* restore: recipients in the queue that are held now */
	int64_t made_at_s;              /* the state in it */
	unsigned snapshot_ms;           /* how long the one read transaction took */
};

/*
 * EXISTS: the file is there, or the folder holds something else or the backup of another store; DENIED: the store is newer than this
 * program, and nothing was touched; TRY_LATER: another backup is under way there; FULL; SYSTEM.  A new file appears under its name when it is complete.
 */
bool store_backup(const struct store_backup_options *, struct store_backup_result *, struct error *err);

/*
 * Make the store in data_dir, a folder without one (EXISTS).  It gets a uuid of its own.  Because clients may have seen what came after the backup, every
 * mailbox gets a new UIDVALIDITY, higher than any before (clients fetch their lists again), ids go on far above the old ones, and the whole queue
 * is held: what was sent in the meantime must not be sent twice.  With `unchanged` these three stay.  NOT_FOUND, CORRUPT: no backup
 * there; DENIED: of a newer program; TRY_LATER: another restore is under way there.
 */
bool store_restore(const struct store_backup_options *, struct store_backup_result *, struct error *err);

#endif
