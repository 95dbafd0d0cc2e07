/* mailboxes: names, counters, what SELECT needs, what changed since. */
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

/* The highest modseq of each of these mailboxes, in the order asked, modseq 0 for one that is gone; n <= STORE_MODSEQS_MAX. */
#define STORE_MODSEQS_MAX 2000
typedef void store_modseqs_fn(void *owner, const struct error *err, const struct store_hint *at, size_t n);
struct store_request *store_mailbox_modseqs(struct store_client *, const int64_t *mailbox_ids, size_t n, store_modseqs_fn *, void *owner);

#endif
