/* messages of a mailbox: scan, append, flags, copy, move, expunge, changes. */
#ifndef MAILSTORE_MESSAGES_H
#define MAILSTORE_MESSAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/ranges.h"
#include "mailstore/mailboxes.h"
#include "message/summary.h"

struct store_body;

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
#define STORE_FIELD_ONLY_FLAGS 16u      /* alone: uid, modseq and flags are all that is wanted; the rest may be missing */

typedef void store_messages_fn(void *owner, const struct error *err, struct store_messages *);
/* One batch: at most 2,000 rows (of flags alone 4,000), 1 MiB of fields, about 10 ms.  Also rows expunged less than `retain` ago when include_expunged (their flags are the last ones). */
struct store_request *store_message_scan(struct store_client *, int64_t mailbox_id, const struct ranges *uids, unsigned fields, bool include_expunged, store_messages_fn *, void *owner);

struct store_append_item {
	struct store_body *body;        /* taken */
	const struct summary *summary;
	uint64_t flags;                 /* bits 0-4 */
	const char *const *keywords;
	size_t n_keywords;
	bool spares_keywords;           /* those that find no room in the mailbox are left out; of the first item, for all */
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
/* modified: UIDs left alone because their modseq was above unchanged_since; borrowed.  modseq 0 = nothing changed. */
typedef void store_flags_fn(void *owner, const struct error *err, uint64_t modseq, const struct ranges *modified);
/* In parts of 5,000, the modseq is the last one's: an error may come after some were changed.  NOT_FOUND; LIMIT: too many keywords. */
struct store_request *store_message_flags(struct store_client *, const struct store_flags_change *, store_flags_fn *, void *owner);

/* uids: what was removed, also when an error ended it; borrowed.  modseq 0 = nothing was. */
typedef void store_expunge_fn(void *owner, const struct error *err, uint64_t modseq, const struct ranges *uids);
/* Remove messages that are \Deleted, those in uids only when it is not NULL; in parts of 5,000.  NOT_FOUND. */
struct store_request *store_message_expunge(struct store_client *, int64_t mailbox_id, const struct ranges *uids, store_expunge_fn *, void *owner);

/* The n-th of `from` became the n-th of `to`; both empty, and the rest 0, when nothing was there to copy. */
struct store_copied {
	int64_t mailbox_id;             /* of the target */
	uint32_t uidvalidity;
	uint64_t modseq;                /* of the target */
	uint64_t from_modseq;           /* of the source, when moved */
	const struct ranges *from, *to; /* UIDs */
};
typedef void store_copied_fn(void *owner, const struct error *err, const struct store_copied *);
/*
 * Copy to the mailbox `to` of the same user, all or none; UIDs that are not there (or the whole mailbox) are passed over.
 * Flags, keywords by name, internal dates and threads are kept, the save date is new, the body is shared.  A keyword for which
 * the target has no bit left is not carried.  NOT_FOUND: the target (TRYCREATE); FULL: quota; LIMIT: no more UIDs, or more
 * messages than the log has room for in one commit (some 250,000, fewer when they lie scattered in a big store).
 */
struct store_request *store_message_copy(struct store_client *, int64_t user_id, int64_t mailbox_id, const struct ranges *uids, struct bytes to, store_copied_fn *, void *owner);
/* The same, and the messages leave where they were, as if expunged.  No quota stands in the way.  In parts of
 * 5,000, so an error may come after some were moved; each message is in one of the two.  RFC 6851. */
struct store_request *store_message_move(struct store_client *, int64_t user_id, int64_t mailbox_id, const struct ranges *uids, struct bytes to, store_copied_fn *, void *owner);

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
/* What is new, changed or gone above since_modseq, which may be 0: everything there is.  RFC 7162. */
struct store_request *store_mailbox_changes(struct store_client *, int64_t mailbox_id, uint64_t since_modseq, store_changes_fn *, void *owner);

#endif
