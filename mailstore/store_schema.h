/* store_schema: the tables of shard 0, version 4.  ARCHITECTURE.md shows them; a test compares. */
#ifndef MAILSTORE_STORE_SCHEMA_H
#define MAILSTORE_STORE_SCHEMA_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "database/database.h"
#include "database/database_statement.h"

#define STORE_SCHEMA_VERSION 4

/* Inside a transaction of an empty database. */
void store_schema_create(struct database *, const char *uuid, const unsigned char secret[32], const char *postmaster, int64_t now_s);
/* DENIED when newer than this program, CORRUPT when there is none; an older one is told in *version, or TRY_LATER when that is NULL. */
bool store_schema_check(struct database *, int *version, struct error *err);

#endif
