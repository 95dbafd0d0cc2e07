/* store_account: rows of users inside a run: found, made with their mailboxes, counted. */
#ifndef MAILSTORE_STORE_ACCOUNT_H
#define MAILSTORE_STORE_ACCOUNT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "mailstore/store_context.h"

#define STORE_USER_DISABLED 1           /* bits of user.state */
#define STORE_USER_MADE_BY_MAIL 2       /* at delivery, not by an administrator */

/* 0 = none.  state may be NULL. */
int64_t store_account_find(struct store_context *, struct bytes name, int64_t *state);
/* With INBOX, Drafts, Sent, Archive, Junk and Trash.  Returns the id. */
int64_t store_account_make(struct store_context *, struct bytes name, int64_t state);
/* Is the domain ours?  catch_all may be NULL. */
bool store_account_domain(struct store_context *, struct bytes domain, bool *catch_all);
struct store_target;
/* What store_target_judge asks of a user; false: there is none. */
bool store_account_read(struct store_context *, int64_t user_id, struct store_target *);

/* Where a user's mail arrives, as the next copy finds it. */
struct store_inbox {
	int64_t mailbox_id;
	uint32_t uidnext;
	uint64_t modseq;
};
/* The same and the INBOX with one statement, for every delivery asks for both; false: one of them is gone.  The target may be NULL. */
bool store_account_read_inbox(struct store_context *, int64_t user_id, struct store_inbox *, struct store_target *);
/* The grace time begins, unless it runs. */
void store_account_start_grace(struct store_context *, int64_t user_id);
/* Do octets more stay within the quota? */
bool store_account_has_room(struct store_context *, int64_t user_id, uint64_t octets);
/* The user's counters; within the quota the grace time ends. */
void store_account_count(struct store_context *, int64_t user_id, int64_t messages, int64_t octets);

#endif
