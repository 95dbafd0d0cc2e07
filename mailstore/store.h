/*
 * store: mailboxes, messages, users and the queue, durable.  The only public header of mailstore:
 * no SQL and no SQLite type shows.
 *
 * A process opens one store (writer thread, reader threads); each loop has a store_client whose descriptor
 * becomes readable when completions wait.  Every request below returns at once and calls its
 * completion exactly once, from store_client_dispatch of the same client, never inside the call itself.  A
 * completion of a write means: committed and synced.  Arguments are copied unless "taken" is said.
 * The returned handle serves only store_request_forget and is void once the completion began.
 *
 * ids are int64, 0 = none.  Times are Unix seconds.  Errors: NOT_FOUND, EXISTS, FULL (disk or quota), TRY_LATER (busy,
 * lost lease), CORRUPT, SYSTEM, LIMIT, SYNTAX (bad name).
 */
#ifndef MAILSTORE_STORE_H
#define MAILSTORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "auth/password.h"
#include "base/arena.h"
#include "base/budget.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/ranges.h"
#include "message/summary.h"

struct store;
struct store_client;
struct store_request;

/* ---- the store of a process ---- */

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
const char *store_uuid(const struct store *);
/* 32 random octets made with the store: key of hint tags and of fake salts. */
const unsigned char *store_secret(const struct store *);

/* ---- a loop's window on it ---- */

struct store_client *store_client_create(struct store *, struct error *err);
/* Completions of unfinished requests are not called; accepted writes still happen. */
void store_client_destroy(struct store_client *);
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
/* The highest modseq of each of these mailboxes, in the order asked, modseq 0 for one that is gone; n <= STORE_MODSEQS_MAX. */
#define STORE_MODSEQS_MAX 2000
typedef void store_modseqs_fn(void *owner, const struct error *err, const struct store_hint *at, size_t n);
struct store_request *store_mailbox_modseqs(struct store_client *, const int64_t *mailbox_ids, size_t n, store_modseqs_fn *, void *owner);

/* ---- users, domains, addresses ---- */

struct store_user {
	int64_t user_id;
	const char *name;               /* the address, lower case */
	bool disabled;
	uint64_t quota, used;           /* octets; quota 0 = none */
	uint64_t n_messages;
	bool has_password;
	struct password_record password;
};
/* Borrowed during the call; n 0 and NOT_FOUND for a get that found nothing. */
typedef void store_user_fn(void *owner, const struct error *err, const struct store_user *users, size_t n);

/* name is the whole address; its domain must exist.  password NULL = cannot log in.  Makes INBOX, Drafts, Sent, Archive, Junk, Trash
 * (with their special use, subscribed).  The completion gets the new user. */
struct store_request *store_user_create(struct store_client *, struct bytes name, const struct password_record *password, store_user_fn *, void *owner);
struct store_request *store_user_get(struct store_client *, struct bytes name, store_user_fn *, void *owner);
struct store_request *store_user_list(struct store_client *, store_user_fn *, void *owner);
struct store_request *store_user_set_password(struct store_client *, struct bytes name, const struct password_record *, store_done_fn *, void *owner);
/* With its mailboxes; bodies go when nobody points at them. */
struct store_request *store_user_delete(struct store_client *, struct bytes name, store_done_fn *, void *owner);

struct store_request *store_domain_add(struct store_client *, struct bytes domain, bool catch_all, store_done_fn *, void *owner);

enum store_resolution {
	STORE_LOCAL,                    /* at least one target */
	STORE_UNKNOWN_USER,             /* our domain, no such user */
	STORE_FOREIGN,                  /* not our domain */
};
#define STORE_USER_NEW (-1)             /* as a user_id: a mailbox of our domain that is made at delivery */
struct store_target {                   /* where a recipient's copy goes after aliases */
	int64_t user_id;                /* 0 = remote, STORE_USER_NEW; see address */
	const char *address;
};
typedef void store_resolve_fn(void *owner, const struct error *err, enum store_resolution, const struct store_target *targets, size_t n);
/*
 * Resolve one recipient (local@domain; bare "postmaster" too).  Aliases are followed (10,000 results, depth 10: LIMIT); user+tag goes to user when
 * there is no such alias; postmaster@ and abuse@ of a domain go to the configured postmaster, else to the first user added, else to a mailbox of their own,
 * made at delivery.  Domain and local part compare without case.
 */
struct store_request *store_resolve(struct store_client *, struct bytes address, store_resolve_fn *, void *owner);

/* ---- bodies ---- */

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

/* ---- delivery ---- */

struct store_recipient {
	size_t original;                /* index of the original recipient this copy is for: results are per original */
	int64_t user_id;                /* as in store_target */
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
	const struct store_recipient *recipients;
	size_t n_recipients, n_originals;
	/* When some copies are stored and a local one is not (its user went, it is over quota), it becomes a queue row that
	 * carries the reason, so that its sender is told by a report, and counts as stored. */
	bool report_refused;
	bool lease;                     /* queue rows are born leased to this process for lease_s; they come back in the completion */
	int64_t lease_s;
	/* Between authenticated peers: the same (peer, transaction, digest) again stores nothing and reports OK.  digest: SHA-256 of
	 * the envelope and the body as the peer sent them; NULL = not asked for. */
	const char *peer, *peer_transaction;
	const unsigned char *digest;
};

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

/*
 * results[0..n_originals): kind NONE = stored for all targets of that original, else why not (FULL = over quota …).
 * err set: nothing is stored; when every original failed for itself err is the first one's and results tell all, else n is 0.
 * items (taken, may be NULL): the rows born leased.
 */
typedef void store_deliver_fn(void *owner, const struct error *err, const struct error *results, size_t n, struct store_queue_items *items);
struct store_request *store_deliver(struct store_client *, const struct store_delivery *, store_deliver_fn *, void *owner);

/* ---- mailboxes ---- */

#define STORE_USE_DRAFTS  1u
#define STORE_USE_SENT    2u
#define STORE_USE_ARCHIVE 4u
#define STORE_USE_JUNK    8u
#define STORE_USE_TRASH   16u

struct store_mailbox {
	int64_t mailbox_id, user_id;
	const char *name;               /* UTF-8 NFC, levels separated by '/'; "INBOX" spelled so */
	unsigned special_use;
	bool subscribed;
	uint32_t uidvalidity, uidnext;
	uint64_t modseq;                /* highest; >= 1 */
	uint32_t n_messages, n_unseen, n_deleted, n_recent;
	uint64_t n_octets;
};
typedef void store_mailbox_fn(void *owner, const struct error *err, const struct store_mailbox *mailboxes, size_t n);
/* All of a user's, sorted by name, INBOX first. */
struct store_request *store_mailbox_list(struct store_client *, int64_t user_id, store_mailbox_fn *, void *owner);
/* INBOX in any case.  NOT_FOUND. */
struct store_request *store_mailbox_get(struct store_client *, int64_t user_id, struct bytes name, store_mailbox_fn *, void *owner);

#define STORE_KEYWORDS_MAX 55
struct store_keywords {                 /* names of the flag bits 8.. of a mailbox */
	const char *names[64];          /* [bit]; NULL = unused */
};
struct store_snapshot {                 /* owned by whom it is given to: store_snapshot_destroy */
	struct arena arena;
	struct store_mailbox mailbox;   /* counters at mailbox.modseq */
	struct ranges uids;
	uint32_t first_unseen_uid;      /* 0 = none */
	uint32_t first_recent_uid;      /* UIDs from here on are \Recent in this session */
	struct store_keywords keywords;
};
void store_snapshot_destroy(struct store_snapshot *);
typedef void store_snapshot_fn(void *owner, const struct error *err, struct store_snapshot *);
/* For SELECT and EXAMINE.  take_recent: this session takes the \Recent flags (a write). */
struct store_request *store_mailbox_open(struct store_client *, int64_t user_id, struct bytes name, bool take_recent, store_snapshot_fn *, void *owner);

/* UIDs [first_uid, next_uid) are \Recent for who asked, and for no session after it; none when they are equal. */
typedef void store_recent_fn(void *owner, const struct error *err, uint32_t first_uid, uint32_t next_uid);
/* For a session that has the mailbox open for writing, when messages came.  NOT_FOUND. */
struct store_request *store_mailbox_take_recent(struct store_client *, int64_t mailbox_id, store_recent_fn *, void *owner);

/* ---- messages ---- */

#define STORE_SEEN     1u
#define STORE_ANSWERED 2u
#define STORE_FLAGGED  4u
#define STORE_DELETED  8u
#define STORE_DRAFT    16u
#define STORE_KEYWORD_FIRST_BIT 8

struct store_message {
	uint32_t uid;
	uint64_t modseq, flags;         /* bits 0-4 above, bits 8-62 keywords of the mailbox */
	int64_t internal_date_s, saved_s, sent_s;
	uint64_t size, header_len;
	int64_t message_id, thread_id;
	struct bytes envelope, structure, sortkeys;     /* packed (message/summary.h); empty unless asked for */
};
struct store_messages {                 /* owned by whom it is given to: store_messages_destroy */
	struct arena arena;
	struct store_message *at;       /* ascending UIDs */
	size_t n;
	uint32_t next_uid;              /* 0 = the end was reached; else scan again from here */
};
void store_messages_destroy(struct store_messages *);

#define STORE_FIELD_ENVELOPE  1u
#define STORE_FIELD_STRUCTURE 2u
#define STORE_FIELD_SORTKEYS  4u
#define STORE_FIELD_BODY_INFO 8u        /* header_len */

typedef void store_messages_fn(void *owner, const struct error *err, struct store_messages *);
/* One batch: at most 2,000 rows, 1 MiB of fields, about 10 ms.  Also rows expunged less than `retain` ago when include_expunged (their flags are the last ones). */
struct store_request *store_message_scan(struct store_client *, int64_t mailbox_id, const struct ranges *uids, unsigned fields, bool include_expunged, store_messages_fn *, void *owner);

#define STORE_READ_MAX (256u * 1024)
typedef void store_read_fn(void *owner, const struct error *err, struct bytes octets);
/* Octets [offset, offset + len) of a message, len <= STORE_READ_MAX; short at its end.  NOT_FOUND when the body is gone. */
struct store_request *store_read(struct store_client *, int64_t message_id, uint64_t offset, size_t len, store_read_fn *, void *owner);

struct store_append_item {
	struct store_body *body;        /* taken */
	const struct summary *summary;
	uint64_t flags;                 /* bits 0-4 */
	const char *const *keywords;
	size_t n_keywords;
	int64_t internal_date_s;
};
/* uids: in the order of the items. */
typedef void store_append_fn(void *owner, const struct error *err, uint32_t uidvalidity, const struct ranges *uids);
/* All or none.  NOT_FOUND: no such mailbox (TRYCREATE); LIMIT: too many keywords; FULL: quota. */
struct store_request *store_append(struct store_client *, int64_t user_id, struct bytes mailbox, const struct store_append_item *, size_t n, store_append_fn *, void *owner);

enum store_flags_op { STORE_FLAGS_SET, STORE_FLAGS_ADD, STORE_FLAGS_REMOVE };
struct store_flags_change {
	int64_t mailbox_id;
	const struct ranges *uids;      /* missing ones are passed over */
	enum store_flags_op op;
	uint64_t bits;                  /* 0-4 and known keyword bits */
	const char *const *keywords;    /* made when new */
	size_t n_keywords;
	uint64_t unchanged_since;       /* UINT64_MAX = no condition */
};
/* modified: UIDs left alone because their modseq was above unchanged_since.  modseq 0 = nothing changed. */
typedef void store_flags_fn(void *owner, const struct error *err, uint64_t modseq, const struct ranges *modified);
struct store_request *store_message_flags(struct store_client *, const struct store_flags_change *, store_flags_fn *, void *owner);

typedef void store_expunge_fn(void *owner, const struct error *err, uint64_t modseq, const struct ranges *uids);
/* Remove messages that are \Deleted, those in uids only when it is not NULL. */
struct store_request *store_message_expunge(struct store_client *, int64_t mailbox_id, const struct ranges *uids, store_expunge_fn *, void *owner);

struct store_changes {                  /* owned by whom it is given to: store_changes_destroy */
	struct arena arena;
	struct store_mailbox mailbox;   /* as of now; continue from mailbox.modseq */
	struct store_message *at;       /* flags, modseq, uid, size of new and changed messages, ascending UIDs */
	size_t n;
	struct ranges vanished;         /* expunged since */
	bool vanished_is_incomplete;    /* since is older than the tombstones kept: compare with all UIDs */
	struct store_keywords keywords;
};
void store_changes_destroy(struct store_changes *);
/* err NOT_FOUND: the mailbox was deleted. */
typedef void store_changes_fn(void *owner, const struct error *err, struct store_changes *);
struct store_request *store_mailbox_changes(struct store_client *, int64_t mailbox_id, uint64_t since_modseq, store_changes_fn *, void *owner);

/* ---- the queue ---- */

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

/* ---- the queue as its administrator sees it ---- */

struct store_queue_filter {             /* zero: everything */
	uint64_t queue_id;              /* this message only; 0 = any */
	const char *domain;             /* recipients there only, without case; NULL = any */
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

/* ---- the journal: what became of each message, written in the commits it tells of ---- */

enum store_journal_stage {              /* stored: numbers keep their meaning */
	STORE_JOURNAL_ACCEPTED = 1,     /* remote: who handed it in; recipient: NULL; detail: the reverse-path */
	STORE_JOURNAL_STORED = 2,       /* in the recipient's mailbox */
	STORE_JOURNAL_QUEUED = 3,       /* detail: what is special about it, or NULL */
	STORE_JOURNAL_DEFERRED = 4,     /* a try failed for now; detail: the reply or reason */
	STORE_JOURNAL_DELIVERED = 5,    /* remote took it; detail: its reply */
	STORE_JOURNAL_FAILED = 6,       /* for good; detail: the reply or reason */
	STORE_JOURNAL_EXPIRED = 7,      /* its time was over, or an administrator gave it up */
	STORE_JOURNAL_REPORTED = 8,     /* recipient: whom the report went to; detail: the report's queue id as text */
	STORE_JOURNAL_REPEATED = 9,     /* the peer sent again what was stored: nothing was done */
	STORE_JOURNAL_ADMINISTERED = 10,        /* detail: what an administrator did */
};
struct store_journal_entry {
	int64_t entry_id, at_ms;
	uint64_t queue_id;
	uint64_t id_hash;               /* ACCEPTED, REPEATED: summary_id_hash of the Message-ID; else 0 */
	enum store_journal_stage stage;
	const char *recipient, *remote, *detail;        /* or NULL */
	int64_t next_at_s;              /* DEFERRED: when it is tried again */
};
struct store_journal {                  /* owned by whom it is given to: store_journal_destroy */
	struct arena arena;
	struct store_journal_entry *at; /* in the order of what happened; what happened in one stroke shares its entry_id */
	size_t n;
	int64_t next_entry_id;          /* 0 = the end was reached; else ask again from here */
};
void store_journal_destroy(struct store_journal *);
typedef void store_journal_fn(void *owner, const struct error *err, struct store_journal *);
/*
 * One batch (about 2,000 entries) of the message with this queue id or, when that is 0, of all messages whose Message-ID has this hash.
 * from_entry_id 0 = from the start.  None is no error.
 */
struct store_request *store_journal_read(struct store_client *, uint64_t queue_id, uint64_t id_hash, int64_t from_entry_id, store_journal_fn *, void *owner);

/* ---- care ---- */

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
