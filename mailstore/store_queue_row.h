/* store_queue_row: rows of the queue inside a run: made by deliveries, shown as items. */
#ifndef MAILSTORE_STORE_QUEUE_ROW_H
#define MAILSTORE_STORE_QUEUE_ROW_H

#include "database/database_statement.h"
#include "mailstore/store_context.h"

/* The qmsg row of a delivery with n remote recipients.  Returns where items born leased go, NULL when none are. */
struct store_queue_items *store_queue_row_insert(struct store_context *, const struct store_delivery *, int64_t message_id, size_t n);
/* A recipient's row, and its item when items is not NULL.  refused: why a local copy could not be stored, NULL for a remote one. */
void store_queue_row_add(struct store_context *, const struct store_delivery *, const struct store_recipient *, const char *refused,
                         int64_t message_id, struct store_queue_items *items);

struct store_queue_items *store_queue_row_items(size_t room);

#endif
