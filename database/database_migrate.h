/* database_migrate: bring a file's tables to the form this program knows.  The version is SQLite's user_version. */
#ifndef DATABASE_DATABASE_MIGRATE_H
#define DATABASE_DATABASE_MIGRATE_H

#include <stdbool.h>
#include <stddef.h>

#include "database/database.h"

struct database_migration {
	int version;                    /* what the file has after it; from 1, rising by one */
	const char *sql;                /* any number of statements, no BEGIN or COMMIT */
};

/*
 * Run each step the file lacks, one transaction a step; the steps that succeeded stay.  Two programs may start
 * at once: the second finds the work done.  DENIED: the file is newer than the table; nothing was touched.
 * Other errors as database_error has them; the connection's failure is cleared.
 */
bool database_migrate(struct database *, const struct database_migration *, size_t n, struct error *err);
/* The version of the file: 0 when it is empty or nobody set one; -1 after a failure. */
int database_version(struct database *);

#endif
