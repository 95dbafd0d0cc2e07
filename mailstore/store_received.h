/* store_received: what authenticated peers sent us, by transaction and recipient, so that a retransmission is known. */
#ifndef MAILSTORE_STORE_RECEIVED_H
#define MAILSTORE_STORE_RECEIVED_H

#include <stdbool.h>
#include <stddef.h>

#include "mailstore/deliver.h"
#include "mailstore/store_context.h"

#define STORE_RECEIVED_KEEP_S (7 * 86400)       /* a peer gives up before: queue.lifetime is five days */

/* How far the walk over the table is: behind this transaction. */
struct store_received_cursor {
	char peer[256], transaction[256];
};

/* This original came before; false also when the delivery names no transaction. */
bool store_received_is_known(struct store_context *, const struct store_delivery *, size_t original);
/* From now on it is known; nothing when the delivery names no transaction. */
void store_received_add(struct store_context *, const struct store_delivery *, size_t original);
/* The next piece of the walk: what is too old there goes. */
void store_received_prune(struct store_context *);

#endif
