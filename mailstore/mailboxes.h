/* mailboxes: names, counters, what SELECT needs; made, renamed, deleted, subscribed. */
#ifndef MAILSTORE_MAILBOXES_H
#define MAILSTORE_MAILBOXES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/ranges.h"
#include "mailstore/store.h"

/*
 * Names are UTF-8 in normal form C, levels separated by '/'; "INBOX" and the first level of "INBOX/…" count in any case.
 * A name has no empty level, no control character and none of "*" and "%".
 */
#define STORE_MAILBOX_NAME_MAX 1000     /* octets */
#define STORE_MAILBOX_LEVELS_MAX 32
#define STORE_MAILBOXES_MAX 10000       /* of a user; subscriptions likewise */

#define STORE_USE_DRAFTS  1u
#define STORE_USE_SENT    2u
#define STORE_USE_ARCHIVE 4u
#define STORE_USE_JUNK    8u
#define STORE_USE_TRASH   16u

struct store_mailbox {
	int64_t mailbox_id, user_id;
	const char *name;
	unsigned special_use;
	bool subscribed;
	uint32_t uidvalidity, uidnext;
	uint64_t modseq;                /* highest; >= 1 */
	uint32_t n_messages, n_unseen, n_deleted, n_recent;
	uint64_t n_octets;
	int64_t expire_after_s;         /* messages saved longer ago are expunged by maintenance; 0 = never */
};
typedef void store_mailbox_fn(void *owner, const struct error *err, const struct store_mailbox *mailboxes, size_t n);
/* All of a user's, sorted by name, INBOX first. */
struct store_request *store_mailbox_list(struct store_client *, int64_t user_id, store_mailbox_fn *, void *owner);
/* INBOX in any case.  NOT_FOUND. */
struct store_request *store_mailbox_get(struct store_client *, int64_t user_id, struct bytes name, store_mailbox_fn *, void *owner);

/* ---- to make and to change them ---- */

/*
 * With the levels above it that are no mailboxes yet; not subscribed.  special_use: STORE_USE_ bits or 0.  The completion is
 * given the mailbox.  EXISTS; SYNTAX: no good name; DENIED: another mailbox has that special use; LIMIT: too many mailboxes.
 */
struct store_request *store_mailbox_create(struct store_client *, int64_t user_id, struct bytes name, unsigned special_use, store_mailbox_fn *, void *owner);
/*
 * With all mailboxes below it; `from` may be a level that only has mailboxes below it.  Mailboxes keep their UIDs, and their UIDVALIDITY
 * unless their new name had a higher one before.  INBOX stays, its messages move to a new mailbox `to` (in parts, as by
 * store_message_move: after an error some may be there), and what is below INBOX stays too.  Subscriptions are names and stay as they
 * are.  NOT_FOUND: from; EXISTS: to, or a mailbox below it; SYNTAX, LIMIT as for create.  RFC 9051 6.3.6.
 */
struct store_request *store_mailbox_rename(struct store_client *, int64_t user_id, struct bytes from, struct bytes to, store_done_fn *, void *owner);
typedef void store_deleted_fn(void *owner, const struct error *err, int64_t mailbox_id);
/*
 * With its messages; mailboxes below it stay.  Removal goes in several commits, the name in the last one.
 * NOT_FOUND; SYNTAX: INBOX; DENIED: a level that only has mailboxes below it.  RFC 9051 6.3.5.
 */
struct store_request *store_mailbox_delete(struct store_client *, int64_t user_id, struct bytes name, store_deleted_fn *, void *owner);
/* Give a mailbox these special uses; another one that had one of them loses it.  NOT_FOUND. */
struct store_request *store_mailbox_set_special_use(struct store_client *, int64_t user_id, struct bytes name, unsigned special_use, store_done_fn *, void *owner);
/* expire_after_s 0 = never.  NOT_FOUND. */
struct store_request *store_mailbox_set_expire(struct store_client *, int64_t user_id, struct bytes name, int64_t expire_after_s, store_done_fn *, void *owner);

/* Subscribe to a name, or no more: of a mailbox that exists or does not.  Twice is once.  SYNTAX, LIMIT. */
struct store_request *store_mailbox_subscribe(struct store_client *, int64_t user_id, struct bytes name, bool subscribed, store_done_fn *, void *owner);
typedef void store_subscriptions_fn(void *owner, const struct error *err, const char *const *names, size_t n);
/* Every name subscribed to, sorted. */
struct store_request *store_subscription_list(struct store_client *, int64_t user_id, store_subscriptions_fn *, void *owner);

/* ---- to open them ---- */

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
/* For SELECT and EXAMINE.  take_recent: this session takes the \Recent flags of the snapshot's messages (a write, when there are any). */
struct store_request *store_mailbox_open(struct store_client *, int64_t user_id, struct bytes name, bool take_recent, store_snapshot_fn *, void *owner);

/* UIDs [first_uid, next_uid) are \Recent for who asked, and for no session after it; none when they are equal. */
typedef void store_recent_fn(void *owner, const struct error *err, uint32_t first_uid, uint32_t next_uid);
/* For a session that has the mailbox open for writing, when messages came.  NOT_FOUND. */
struct store_request *store_mailbox_take_recent(struct store_client *, int64_t mailbox_id, store_recent_fn *, void *owner);

/* The highest modseq of each of these mailboxes, in the order asked, modseq 0 for one that is gone; n <= STORE_MODSEQS_MAX. */
#define STORE_MODSEQS_MAX 2000
typedef void store_modseqs_fn(void *owner, const struct error *err, const struct store_hint *at, size_t n);
struct store_request *store_mailbox_modseqs(struct store_client *, const int64_t *mailbox_ids, size_t n, store_modseqs_fn *, void *owner);

#endif
