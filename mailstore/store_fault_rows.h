/* store_fault_rows: the answers to a question about rows, a slice of the table at a time. */
#ifndef MAILSTORE_STORE_FAULT_ROWS_H
#define MAILSTORE_STORE_FAULT_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "database/database.h"
#include "mailstore/store_faults.h"

struct store_fault_row {
	struct store_fault_row *next;
	const char *text;               /* the finding */
	int64_t key;
	const char *done;               /* of the repair */
};

struct store_fault_rows {               /* store_fault_rows_init */
	const struct store_fault *fault;
	int64_t young_s;                /* tombstones from then on are young */
	int64_t first;                  /* key of the next slice */
	bool is_over;
};

void store_fault_rows_init(struct store_fault_rows *, const struct store_fault *, int64_t now_s);
/* What is wrong in the next slice, `max` at most; NULL: nothing.  Each is a read of its own, over when this returns: nobody's log waits for whoever is told. */
struct store_fault_row *store_fault_rows_next(struct store_fault_rows *, struct database *, size_t max, struct arena *);

#endif
