/* care: figures, maintenance, integrity. */
#ifndef MAILSTORE_CARE_H
#define MAILSTORE_CARE_H

#include <stdbool.h>
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
	uint64_t n_domains, n_aliases;
	uint64_t n_expunged, n_garbage; /* tombstones kept; messages the reaper has yet to look at */
	uint64_t n_files, file_octets;  /* large bodies */
	uint64_t database_octets, free_octets;  /* the file, and what of it is free for new rows */
	uint64_t wal_octets, ballast_octets, room_octets;       /* the log; set aside; free on the disk */
	uint64_t reserve_octets;        /* below it new mail is refused */
	unsigned schema;
	int64_t created_s;
};
typedef void store_stats_fn(void *owner, const struct error *err, const struct store_stats *);
/* Counted by a reader, in one go. */
struct store_request *store_stats(struct store_client *, store_stats_fn *, void *owner);

/*
 * The care of the store, about budget_ms of writer time (five times that while old messages wait to be removed), in short parts.  Call every
 * second or so, in one process: expiry of mailboxes (store_mailbox_set_expire), reaper of what was expunged an hour ago, tombstones and
 * journal pruned by age, stray body files, free pages given back, the ballast file, and a checkpoint when the store rests.
 */
struct store_request *store_maintain(struct store_client *, unsigned budget_ms, store_done_fn *, void *owner);

/*
 * Expunge every message of every user and drop the queue and the journal, in one commit, while daemons run: sessions are told as of
 * any expunge, attempts under way end as lost leases.  DENIED unless the store is ephemeral.
 */
struct store_request *store_empty(struct store_client *, store_done_fn *, void *owner);

/*
 * Whole integrity: SQLite's own check, counters, references, orphans.  finding(owner, text) per finding; returns their number, -1 on
 * error.  Works beside running daemons, in short reads; only SQLite's own check is a long one: of the file, of one over 256 MiB a table at a
 * time, and writers wait for it when the log is full meanwhile.  Blocking.
 */
typedef void store_finding_fn(void *owner, const char *text);
int store_check(const char *data_dir, store_finding_fn *, void *owner, struct error *err);

/*
 * Put right what store_check finds, beside running daemons, at most 50 ms a turn (making indexes anew takes as long as it takes).  What
 * can be kept is kept: counters are recounted, lost rows made again by reading the octets, mail that belongs to nobody goes to the
 * account recovered@FIRST-DOMAIN, lost parts of a body are replaced by lines that say so.  Only a message of which nothing is left is
 * removed.  told(owner, finding, done) for each, done NULL when it could not be repaired; store_check afterwards says what is left.
 * Blocking.  CORRUPT: the file itself is damaged beyond its indexes: take the backup.
 */
typedef void store_repair_fn(void *owner, const char *finding, const char *done);
bool store_repair(const char *data_dir, store_repair_fn *, void *owner, struct error *err);

#endif
