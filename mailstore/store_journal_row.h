/* store_journal_row: one line of the journal inside the run, and so in the commit, of what it tells. */
#ifndef MAILSTORE_STORE_JOURNAL_ROW_H
#define MAILSTORE_STORE_JOURNAL_ROW_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/bytes.h"
#include "mailstore/journal.h"
#include "mailstore/store_context.h"

/* When it was written.  An entry's id is that of a queue (see random_time_id) or made like one. */
#define STORE_JOURNAL_AT_MS "((entry_id >> 22) + after_ms)"

/* Of id_hash the table has the upper 48 bits: they tell messages apart well enough, in 6 octets. */
#define STORE_JOURNAL_HASH_SHIFT 16

/*
 * Texts are borrowed for the call.  entry_id and at_ms are set by it.  ACCEPTED takes the copies made in the same commit along,
 * so that a usual message costs one row: recipient is a list made by store_journal_row_list.  ACCEPTED and REPEATED get their queue id
 * as entry_id, others one above all there are.
 */
void store_journal_row_add(struct store_context *, const struct store_journal_entry *);
/* One copy more of an acceptance: STORED or QUEUED, without detail. */
void store_journal_row_list(struct buffer *list, enum store_journal_stage, const char *recipient);
/* The next copy of such a list, which shrinks; false at its end. */
bool store_journal_row_next(struct bytes *list, enum store_journal_stage *, struct bytes *recipient);
/* Forget the oldest entries when they are too old, a few hundred a call.  True: no more of them. */
bool store_journal_row_prune(struct store_context *);

#endif
