/* queue: recipients that wait for the relay, as the relay sees them. */
#ifndef MAILSTORE_QUEUE_H
#define MAILSTORE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "mailstore/store.h"

struct store_delivery;

struct store_queue_item {               /* one recipient of one message, leased to this process */
	int64_t item_id;
	uint64_t queue_id;
	int64_t message_id;
	uint64_t size, skip;            /* send octets [skip, size) of the message */
	const char *sender, *recipient, *envelope_id, *original_recipient;
	const char *refused;            /* not to be sent anywhere: why not, for the report; NULL = to be sent */
	int returns;
	unsigned notify, tries;
	bool is_8bit, delay_was_noticed;
	bool is_given_up;               /* refused: by an administrator; else a local copy that could not be stored */
	bool is_urgent;                 /* an administrator wants a try now, even at a destination that rests */
	int64_t arrived_s, expires_s, lease_until_s;
};
struct store_queue_items {
	struct arena arena;             /* holds everything below */
	struct store_queue_item *at;
	size_t n;
	int64_t next_due_s;             /* of a claim: when the earliest row not leased to this process is due; 0 = none */
};
void store_queue_items_destroy(struct store_queue_items *);

typedef void store_queue_fn(void *owner, const struct error *err, struct store_queue_items *items);
/* Lease up to max due rows to this process.  Rows of processes that died are due again (their lease lock is free). */
struct store_request *store_queue_claim(struct store_client *, size_t max, int64_t lease_s, store_queue_fn *, void *owner);
/* Keep rows longer; TRY_LATER when one was lost. */
struct store_request *store_queue_renew(struct store_client *, const int64_t *item_ids, size_t n, int64_t lease_s, store_done_fn *, void *owner);

enum store_queue_outcome { STORE_QUEUE_DELIVERED, STORE_QUEUE_FAILED, STORE_QUEUE_RETRY, STORE_QUEUE_RELEASE /* not tried */ };
struct store_queue_result {
	int64_t item_id;
	enum store_queue_outcome outcome;
	int64_t next_at_s;              /* RETRY */
	bool parked;                    /* RETRY: the destination was not asked; counts as no try, and store_queue_wake makes it due */
	bool delay_noticed;             /* a delay notice goes out with this result */
	bool has_expired;               /* FAILED because its time was over */
	const char *status;             /* last reply or reason, printable: kept in the row and the journal */
	const char *remote;             /* host that said so, or NULL */
};
/* One commit: the results, and the report (a delivery of a DSN; NULL for none; its body is taken).  A row whose lease was lost is passed over (logged). */
struct store_request *store_queue_done(struct store_client *, const struct store_queue_result *, size_t n, const struct store_delivery *report, store_done_fn *, void *owner);

/* n rows were made due; is_all: no other one is parked. */
typedef void store_wake_fn(void *owner, const struct error *err, size_t n, bool is_all);
/* Make up to max parked rows for a domain due now, the longest waiting first; domain NULL = for any. */
struct store_request *store_queue_wake(struct store_client *, const char *domain, size_t max, store_wake_fn *, void *owner);

#endif
