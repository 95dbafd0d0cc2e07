/* journal: what became of each message, written in the commits it tells of. */
#ifndef MAILSTORE_JOURNAL_H
#define MAILSTORE_JOURNAL_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "mailstore/store.h"

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
	int64_t entry_id, at_ms;        /* at_ms: when it was committed, about; ids rise in the order of one message's entries */
	uint64_t queue_id;
	uint64_t id_hash;               /* ACCEPTED, REPEATED: the upper 48 bits of summary_id_hash of the Message-ID; else 0 */
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
 * One batch (about 2,000 entries) of the message with this queue id or, when that is 0, of all messages (65,536 at most) whose Message-ID has this
 * hash (its upper 48 bits): these are looked for through the whole journal, a few ms at a time.
 * from_entry_id 0 = from the start.  None is no error.
 */
struct store_request *store_journal_read(struct store_client *, uint64_t queue_id, uint64_t id_hash, int64_t from_entry_id, store_journal_fn *, void *owner);

#endif
