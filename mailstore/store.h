/*
 * store: mailboxes, messages, users and the queue, durable.  This page: opening it, and a loop's window on it.
 * What can be asked of it stands in users.h, mailboxes.h, messages.h, threads.h, search.h, bodies.h, deliver.h, queue.h,
 * queue_admin.h, journal.h, care.h and backup.h; no SQL and no SQLite type shows in any of them.  Headers called store_… are the
 * folder's own.
 *
 * A process opens one store (writer thread, reader threads); each loop has a store_client whose descriptor
 * becomes readable when completions wait.  Every request below returns at once and calls its
 * completion exactly once, from store_client_dispatch of the same client, never inside the call itself.  A
 * completion of a write means: committed and synced.  Arguments are copied unless "taken" is said.
 * The returned handle serves only store_request_forget and is void once the completion began.
 *
 * ids are int64, 0 = none.  Times are Unix seconds.  Any request may fail with FULL (no disk), TRY_LATER (busy), CORRUPT and
 * SYSTEM; NOT_FOUND, EXISTS, DENIED, LIMIT, SYNTAX (bad name) and FULL (quota) mean what the request's page says.
 */
#ifndef MAILSTORE_STORE_H
#define MAILSTORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/budget.h"
#include "base/error.h"

struct store;
struct store_client;
struct store_request;

/* A commit touched this mailbox (its highest modseq now), or the queue when mailbox_id is 0. */
struct store_hint {
	int64_t mailbox_id;
	uint64_t modseq;
};

struct store_options {
	const char *data_dir;
	bool ephemeral;                 /* test benches: no syncs; DENIED for a store that was not created so */
	bool is_daemon;                 /* an ephemeral store is wiped when its first daemon opens it and its last one closes it: users,
	                                 * mailboxes and domains stay, their messages and the queue go.  Other processes do not count. */
	unsigned n_readers;             /* 0 = 2 */
	bool compress;                  /* bodies stored from now on are packed by zstd where it pays; what is stored reads the same either way */
	struct budget *budget;          /* staged bodies are counted here; may be NULL */
	uint64_t reserve;               /* octets of disk kept free: FULL below it; 0 = 64 MiB */
	unsigned turn_wait_ms;          /* how long a write waits for other processes' writes; 0 = 5,000 */
	const char *postmaster;         /* store_create only: who gets postmaster@ and abuse@; may be NULL */
	int64_t journal_keep_s;         /* store_maintain forgets journal entries this old; 0 = 30 days */
	/* Called in the writer thread after each commit, hints coalesced per mailbox; may be NULL. */
	void (*on_commit)(void *owner, const struct store_hint *hints, size_t n);
	void *owner;
};

/* Make an empty store in the folder (created 0700 when missing).  EXISTS when there is one. */
bool store_create(const struct store_options *, struct error *err);
/* Refuses a schema newer than the program's (DENIED, nothing touched).  Starts threads: call after the sandbox. */
struct store *store_open(const struct store_options *, struct error *err);
/* Finishes queued writes, joins threads.  Clients must be gone. */
void store_close(struct store *);

#define STORE_UUID_LEN 36
/* "xxxxxxxx-xxxx-…", made with the store; valid while it is open. */
const char *store_uuid(const struct store *);
/* 32 random octets made with the store: key of hint tags and of fake salts. */
const unsigned char *store_secret(const struct store *);

/* A loop's window: used by one thread. */
struct store_client *store_client_create(struct store *, struct error *err);
/* Completions of unfinished requests are not called; accepted writes still happen. */
void store_client_destroy(struct store_client *);
/* Readable while completions wait; to be watched, not read. */
int store_client_fd(const struct store_client *);
/* Run the completions that wait. */
void store_client_dispatch(struct store_client *);
/* For programs without a loop: block and dispatch until nothing of this client is under way. */
void store_client_wait(struct store_client *);
/* The completion will not be called; a write still happens.  NULL is ignored. */
void store_request_forget(struct store_request *);

typedef void store_done_fn(void *owner, const struct error *err);       /* err NULL = done */

/* Did another process commit since the last poll of this store?  The 1 s net under the hints. */
typedef void store_poll_fn(void *owner, const struct error *err, bool changed);
struct store_request *store_poll(struct store_client *, store_poll_fn *, void *owner);

#endif
