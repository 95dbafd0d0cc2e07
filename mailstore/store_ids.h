/*
 * store_ids: ids of new rows in the tables message and qrcpt: rising in commit order, never used again, whatever was deleted.  They are reserved in
 * blocks, whose highest id is noted in sqlite_sequence; a block is given up when another process took one.
 */
#ifndef MAILSTORE_STORE_IDS_H
#define MAILSTORE_STORE_IDS_H

#include <stdbool.h>
#include <stdint.h>

#include "database/database.h"

enum store_ids_table { STORE_IDS_MESSAGE, STORE_IDS_QRCPT, STORE_IDS_TABLES };

/* The blocks of a connection; zeroed = none. */
struct store_ids {
	struct store_ids_block {
		int64_t next, end;
		bool is_checked;        /* in this transaction: nobody took another one */
	} blocks[STORE_IDS_TABLES];
	uint64_t transaction;           /* counts the writes begun: what was read in this one still holds, but for what it changed itself */
};

/* Whenever a write begins. */
void store_ids_begin(struct store_ids *);
/* Inside it: the id to insert with. */
int64_t store_ids_take(struct store_ids *, struct database *, enum store_ids_table);
/* After a rollback, which may have undone a reservation that another process then made anew. */
void store_ids_forget(struct store_ids *);

#endif
