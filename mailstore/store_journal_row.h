/* store_journal_row: one line of the journal inside the run, and so in the commit, of what it tells. */
#ifndef MAILSTORE_STORE_JOURNAL_ROW_H
#define MAILSTORE_STORE_JOURNAL_ROW_H

#include <stdint.h>

#include "mailstore/store_context.h"

/* Texts are borrowed for the call.  entry_id and at_ms are set by it. */
void store_journal_row_add(struct store_context *, const struct store_journal_entry *);
/* Forget the oldest entries when they are too old, a few hundred a call.  True: no more of them. */
bool store_journal_row_prune(struct store_context *);

#endif
