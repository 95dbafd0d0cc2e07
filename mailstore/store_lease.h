/*
 * store_lease: who holds queue rows.  A process has one random token; while it lives it locks octet (token mod 2^40) + 1
 * of the file `leases`.  A token whose octet nobody locks belongs to a dead process.
 */
#ifndef MAILSTORE_STORE_LEASE_H
#define MAILSTORE_STORE_LEASE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "database/database.h"
#include "database/database_statement.h"

struct store_lease {
	int fd;                         /* -1 = closed */
	int64_t token;                  /* 62 bits, never 0 */
	bool is_written;                /* a commit has its row, which nobody removes while this process lives; the writer's thread only */
};

bool store_lease_open(struct store_lease *, int dir_fd, struct error *err);
void store_lease_close(struct store_lease *);
/* Is the process of this token alive? */
bool store_lease_is_held(const struct store_lease *, int64_t token);
/* Inside a write: the row of this process, made when missing. */
void store_lease_write(const struct store_lease *, struct database *, int64_t now_s);
/* Inside a write: rows of dead processes are due at once, their tokens forgotten. */
void store_lease_release_dead(const struct store_lease *, struct database *, int64_t now_s);

#endif
