/* deliver: a message into mailboxes and the queue, in one commit. */
#ifndef MAILSTORE_DELIVER_H
#define MAILSTORE_DELIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "mailstore/store.h"
#include "message/summary.h"

#define STORE_DIGEST_SIZE 32

struct store_queue_items;
struct store_body;

struct store_recipient {
	size_t original;                /* index of the original recipient this copy is for: results are per original */
	int64_t user_id;                /* as in store_target; a remote copy keeps the sender, so that reports go to it */
	const char *address;            /* as in store_target; local: the original address will do (for the journal) */
	unsigned notify;                /* ENVELOPE_NOTIFY_ bits, 0 = default */
	const char *original_recipient; /* ORCPT or NULL */
};

struct store_delivery {
	uint64_t queue_id;              /* random_time_id: names the transaction in every log line and reply */
	struct store_body *body;        /* taken, also on failure */
	const struct summary *summary;  /* copied */
	uint64_t local_prefix;          /* octets at the front that are only for mailboxes (Return-Path): the relay skips them */
	const char *sender;             /* "" = null */
	const char *envelope_id;        /* ENVID or NULL */
	int returns;                    /* enum envelope_return */
	bool is_8bit;
	int64_t arrived_s;
	int64_t expires_s;              /* queue rows give up then */
	const char *source;             /* who handed it in, for the journal: "alice@a.test" or "192.0.2.1" */
	/* Who submits it, 0 = nobody who logged in: must still be a user and not disabled (else DENIED); the message is counted for its day
	 * (UTC), and refused beyond messages_per_day (LIMIT; 0 = none).  With either nothing is stored, and n is 0 in the completion. */
	int64_t sender_user_id;
	int64_t messages_per_day;
	const struct store_recipient *recipients;
	size_t n_recipients, n_originals;
	/* When some copies are stored and a local one is not (its user went, it is over quota), it becomes a queue row that
	 * carries the reason and counts as stored: over quota (FULL) it is tried again until the grace time ends, and then, or at once, its
	 * sender is told by a report.  Without this only where another copy for the same original is stored. */
	bool report_refused;
	bool lease;                     /* queue rows are born leased to this process for lease_s; they come back in the completion */
	int64_t lease_s;
	/* Between authenticated peers: an original whose (peer, transaction, digest) came before is stored already and reported OK,
	 * in whatever company it comes again.  digests: n_originals times 32 octets, SHA-256 over sender,
	 * body and this recipient as the peer sent them; NULL = not asked for. */
	const char *peer, *peer_transaction;
	const unsigned char *digests;
};

/*
 * results[0..n_originals): kind NONE = stored for all targets of that original, else why not, as store_target_judge has it: FULL (may pass),
 * LIMIT (will not): over quota; DENIED: disabled; NOT_FOUND: no such user any more.
 * err set: nothing is stored; when every original failed for itself err is the first one's and results tell all, else n is 0.
 * items (taken, may be NULL): the rows born leased.
 */
typedef void store_deliver_fn(void *owner, const struct error *err, const struct error *results, size_t n, struct store_queue_items *items);
struct store_request *store_deliver(struct store_client *, const struct store_delivery *, store_deliver_fn *, void *owner);

#endif
