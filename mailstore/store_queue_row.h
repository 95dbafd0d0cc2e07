/* store_queue_row: rows of the queue inside a run: made by deliveries, shown as items, settled at the end. */
#ifndef MAILSTORE_STORE_QUEUE_ROW_H
#define MAILSTORE_STORE_QUEUE_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "mailstore/deliver.h"
#include "mailstore/queue.h"
#include "mailstore/store_context.h"

/* Before rows are leased: that this process lives is noted once. */
void store_queue_row_write_lease(struct store_context *);
/* The qmsg row of a delivery with n remote recipients.  Returns where items born leased go, NULL when none are. */
struct store_queue_items *store_queue_row_insert(struct store_context *, const struct store_delivery *, int64_t message_id, size_t n);
#define STORE_QUEUE_ROW_REMOTE 0        /* qrcpt.kind */
#define STORE_QUEUE_ROW_REFUSED 1       /* a local copy that could not be stored: status says why */
#define STORE_QUEUE_ROW_GIVEN_UP 2      /* by an administrator: status says so */
#define STORE_QUEUE_ROW_PARKED 3        /* waits until its destination can be reached, or for next_at */
#define STORE_QUEUE_ROW_LOCAL 4         /* for a user whose mailbox is full now: store_queue_local.h */
#define STORE_QUEUE_ROW_URGENT_S 1      /* qrcpt.next_at: an administrator wants it now */

/*
 * A recipient's row, and its item when items is not NULL.  refused: why a local copy could not be stored, NULL for a remote one.
 * True: the row is held, for its domain is; it has no item.
 */
bool store_queue_row_add(struct store_context *, const struct store_delivery *, const struct store_recipient *, const char *refused,
                         int64_t message_id, struct store_queue_items *items);

/* Of either kind that is not to be sent anywhere. */
bool store_queue_row_is_refused(int64_t kind);
/* This recipient is settled; with the last one the message leaves the queue. */
void store_queue_row_settle(struct store_context *, int64_t item_id, int64_t queue_id);
/* The part behind the last "@". */
struct bytes store_queue_row_domain(struct bytes recipient);
bool store_queue_row_domain_is_held(struct store_context *, struct bytes domain);

struct store_queue_items *store_queue_row_items(size_t room);

#endif
