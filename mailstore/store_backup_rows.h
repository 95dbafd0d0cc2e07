/* store_backup_rows: rows from one file's tables to another's: the file `live` is attached to the connection that writes. */
#ifndef MAILSTORE_STORE_BACKUP_ROWS_H
#define MAILSTORE_STORE_BACKUP_ROWS_H

#include <stdbool.h>
#include <stdint.h>

#include "database/database.h"
#include "mailstore/backup.h"

#define STORE_BACKUP_FORMAT 1

/* Open (or make) the file at `path`, with the file at `from` attached as live.  The file's commits are not synced one by one. */
struct database *store_backup_open(const char *path, const char *from, struct error *err);
/* live's tables without its indexes, which are noted in backup_index; the backup's own tables. */
void store_backup_make_tables(struct database *);
/* messages and chunks up to this id that are not there yet, in transactions of their own; progress is told of them. */
void store_backup_copy_bodies(struct database *, int64_t top, const struct store_backup_options *);
/* Inside a transaction: the rest of those two tables, and all others anew. */
void store_backup_copy_rest(struct database *);

/* A number from the table `backup`; -1 = none. */
int64_t store_backup_fact(struct database *, const char *key);
void store_backup_set_fact(struct database *, const char *key, int64_t value);

#endif
