/* queue_admin: the queue as its administrator sees it. */
#ifndef MAILSTORE_QUEUE_ADMIN_H
#define MAILSTORE_QUEUE_ADMIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "mailstore/store.h"

struct store_queue_filter {             /* zero: everything */
	uint64_t queue_id;              /* this message only; 0 = any */
	const char *domain;             /* recipients there only, without case; NULL = any */
	bool is_held;                   /* listing only: recipients that are held */
};
enum store_queue_state {
	STORE_QUEUE_WAITING,            /* for next_at_s */
	STORE_QUEUE_HELD,
	STORE_QUEUE_IN_TRANSIT,         /* leased by a living process: it tries now, or is about to */
};
struct store_queue_entry {              /* one recipient of one message */
	int64_t item_id, message_id;
	uint64_t queue_id, size, skip;  /* what is sent is octets [skip, size) of the message */
	const char *sender, *recipient, *envelope_id, *original_recipient;
	enum store_queue_state state;
	bool is_refused;                /* not to be sent: its report is due */
	bool is_parked;                 /* waiting until its server answers, next_at_s at the latest */
	unsigned tries;
	int64_t next_at_s, arrived_s, expires_s;        /* next_at_s: 1 = an administrator wants it now; in transit: end of the lease */
	const char *status, *remote;    /* of the last try, or NULL */
};
struct store_queue_listing {            /* owned by whom it is given to: store_queue_listing_destroy */
	struct arena arena;
	struct store_queue_entry *at;   /* ascending item_id: the order of arrival */
	size_t n;
	int64_t next_item_id;           /* 0 = the end was reached; else ask again from here */
	bool domain_is_held;            /* the filter's: mail that comes for it is held too */
};
void store_queue_listing_destroy(struct store_queue_listing *);
typedef void store_queue_list_fn(void *owner, const struct error *err, struct store_queue_listing *);
/* One batch: at most 2,000 rows, about 10 ms; it may be empty and not the last.  from_item_id 0 = from the start. */
struct store_request *store_queue_list(struct store_client *, const struct store_queue_filter *, int64_t from_item_id, store_queue_list_fn *, void *owner);

/* The domains that are held: mail that comes for them is held too.  Borrowed during the call. */
typedef void store_queue_held_fn(void *owner, const struct error *err, const char *const *domains, size_t n);
struct store_request *store_queue_held(struct store_client *, store_queue_held_fn *, void *owner);

enum store_queue_op {
	STORE_QUEUE_OP_HOLD,            /* no further try until released; one under way is not stopped.  With a domain: also what comes later */
	STORE_QUEUE_OP_RELEASE,         /* held rows are due at once; with a domain: it is not held any more */
	STORE_QUEUE_OP_RETRY,           /* due at once, and its destination does not rest; held rows stay held */
	STORE_QUEUE_OP_EXPIRE,          /* given up: the relay sends the report when it runs; no further try */
	STORE_QUEUE_OP_DELETE,          /* gone without a report */
};
struct store_queue_counts {             /* recipients */
	size_t n_matched;
	size_t n_changed;
	size_t n_in_transit;            /* of a living process: RETRY, EXPIRE and DELETE pass them over, nothing can call them back */
	size_t n_held;                  /* RETRY passed them over */
};
typedef void store_queue_admin_fn(void *owner, const struct error *err, const struct store_queue_counts *);
/* In parts, so that nobody waits for a long queue: an error may come after some parts were done.  NOT_FOUND: no message of that queue id waits. */
struct store_request *store_queue_admin(struct store_client *, enum store_queue_op, const struct store_queue_filter *, store_queue_admin_fn *, void *owner);

#endif
