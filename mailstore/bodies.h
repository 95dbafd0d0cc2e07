/* bodies: a message's octets on their way in, and out again. */
#ifndef MAILSTORE_BODIES_H
#define MAILSTORE_BODIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/error.h"
#include "mailstore/store.h"

/*
 * A message's octets on their way in.  Up to 1 MiB it stays in memory (counted in the budget; spilled to an unlinked file when the budget is tight);
 * past that it becomes a file.  File writes are done by a store thread.  One thread at a time.
 */
struct store_body;
typedef void store_body_ready_fn(void *owner);
/* ready: called by dispatch when a write said "wait" and it may go on. */
struct store_body *store_body_create(struct store_client *, store_body_ready_fn *ready, void *owner);
/* LIMIT or FULL: the body is useless, destroy it (keep reading from the peer and refuse at the end).  *wait = true: taken, but stop until ready. */
bool store_body_write(struct store_body *, struct bytes, bool *wait, struct error *err);
uint64_t store_body_size(const struct store_body *);
/* Give up a body that was not handed over.  NULL accepted. */
void store_body_destroy(struct store_body *);

#define STORE_READ_MAX (256u * 1024)
typedef void store_read_fn(void *owner, const struct error *err, struct bytes octets);
/* Octets [offset, offset + len) of a message, len <= STORE_READ_MAX; short at its end.  NOT_FOUND when the body is gone. */
struct store_request *store_read(struct store_client *, int64_t message_id, uint64_t offset, size_t len, store_read_fn *, void *owner);

struct store_piece {
	int64_t message_id;
	uint64_t offset;
	size_t len;                     /* asked for */
	struct bytes octets;            /* found; fewer than asked for at the message's end, none where it could not be read: store_read tells why */
};
struct store_pieces {                   /* owned by whom it is given to: store_pieces_destroy */
	struct store_piece *at;         /* as asked for */
	size_t n;
	struct buffer octets;           /* of all */
};
void store_pieces_destroy(struct store_pieces *);
typedef void store_pieces_fn(void *owner, const struct error *err, struct store_pieces *);
/* Several pieces by one request, STORE_READ_MAX octets together; wanted is copied, its octets are not looked at. */
struct store_request *store_read_pieces(struct store_client *, const struct store_piece *wanted, size_t n, store_pieces_fn *, void *owner);

#endif
