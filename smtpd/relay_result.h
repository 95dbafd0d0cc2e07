/* relay_result: results of tries go back to the store, each with its report in the same commit. */
#ifndef SMTPD_RELAY_RESULT_H
#define SMTPD_RELAY_RESULT_H

#include "base/list.h"
#include "mailstore/deliver.h"
#include "smtpd/relay_state.h"

/*
 * Commit the results of these relay_items, whose outcome is set, and forget them.  The list is emptied; reports go out for those that
 * need one.  Results that come while a commit is under way go together with the next.
 */
void relay_result_commit(struct relay *, struct list *items);
/* Wait for nothing: what the store is asked after this sees the results. */
void relay_result_flush(struct relay *);
/* One commit for these, with a report or NULL (its body is taken).  For relay_report. */
void relay_result_commit_with(struct relay *, struct list *items, const struct store_delivery *report);

#endif
