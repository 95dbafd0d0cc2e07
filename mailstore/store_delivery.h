/* store_delivery: a delivery copied from its caller, and its run: one message, one row a mailbox, one queue row a remote recipient. */
#ifndef MAILSTORE_STORE_DELIVERY_H
#define MAILSTORE_STORE_DELIVERY_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"
#include "mailstore/deliver.h"
#include "mailstore/queue.h"
#include "mailstore/store_context.h"
#include "mailstore/store_insert.h"

struct store_delivery_copy {
	struct store_delivery given;    /* its pointers point into the arena */
	struct store_kept kept;
	uint64_t id_hash;               /* of the Message-ID, for the journal; 0 = none */
	bool is_report;                 /* goes also to who is over quota or disabled: losing it is worse */
	struct error *results;          /* [given.n_originals], in the arena */
	struct store_queue_items *items;        /* rows born leased: owned until somebody takes it */
};

/* The body is not copied: the request takes it. */
void store_delivery_keep(struct store_delivery_copy *, const struct store_delivery *, struct arena *);
/* False and err: nothing was written. */
bool store_delivery_run(struct store_delivery_copy *, struct store_context *, struct error *err);

#endif
