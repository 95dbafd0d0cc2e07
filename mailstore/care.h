/* care: figures, maintenance, integrity. */
#ifndef MAILSTORE_CARE_H
#define MAILSTORE_CARE_H

#include <stdint.h>

#include "base/error.h"
#include "mailstore/store.h"

struct store_stats {
	uint64_t n_users, n_mailboxes;
	uint64_t n_messages, n_octets;  /* as their owners count them: a message in two mailboxes is two */
	uint64_t n_queue_messages;
	uint64_t n_waiting, n_due, n_held, n_in_transit;        /* recipients; due ones are waiting ones */
	uint64_t n_held_domains;
	int64_t oldest_s, next_at_s;    /* of the queue: arrival of the oldest message, next try; 0 = none */
	uint64_t n_journal;             /* entries, about */
	uint64_t database_octets, wal_octets, room_octets;      /* files; room: free on the disk */
};
typedef void store_stats_fn(void *owner, const struct error *err, const struct store_stats *);
struct store_request *store_stats(struct store_client *, store_stats_fn *, void *owner);


/* Reaper and pruning, about budget_ms of writer time; call every few seconds from one place. */
struct store_request *store_maintain(struct store_client *, unsigned budget_ms, store_done_fn *, void *owner);

/*
 * Expunge every message of every user and drop the queue and the journal, in one commit, while daemons run: sessions are told as of
 * any expunge, attempts under way end as lost leases.  DENIED unless the store is ephemeral.
 */
struct store_request *store_empty(struct store_client *, store_done_fn *, void *owner);

/* Whole integrity: SQLite's own check, counters, references, orphans.  finding(owner, text) per finding; returns their number, -1 on error.  Works beside running daemons.  Blocking. */
typedef void store_finding_fn(void *owner, const char *text);
int store_check(const char *data_dir, store_finding_fn *, void *owner, struct error *err);

#endif

