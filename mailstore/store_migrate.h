/* store_migrate: brings a store that an earlier program made forward to the schema this one knows. */
#ifndef MAILSTORE_STORE_MIGRATE_H
#define MAILSTORE_STORE_MIGRATE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "database/database.h"
#include "database/database_migrate.h"

/*
 * steps[i] leads to version i + 1; the first one stands for what store_schema_create makes and is empty.  One transaction a step, which
 * also counts meta.schema up: a kill leaves the version before it whole.  Inside the turnstile.  DENIED: newer than the steps.
 */
bool store_migrate(struct database *, const struct database_migration *steps, size_t n, struct error *err);

/* The steps of this program, up to STORE_SCHEMA_VERSION. */
extern const struct database_migration store_migrations[];
extern const size_t store_n_migrations;

#endif
