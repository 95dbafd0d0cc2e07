/*
 * store_thread_id: which thread of a user's a new message belongs to.  RFC 8474 5.2.
 *
 * A thread is named by the message id of its first message.  The table thread_id notes for each user in which thread a
 * Message-ID was met, as a message's own or among what one refers to.  A new message joins the thread noted for the first known one of: its
 * own Message-ID, In-Reply-To, References from the last to the first; what was not known of them is noted for that thread.  A thread once
 * given stays: when a late message names two threads, it joins one and both go on.
 */
#ifndef MAILSTORE_STORE_THREAD_ID_H
#define MAILSTORE_STORE_THREAD_ID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "mailstore/store_context.h"

#define STORE_THREAD_NAMES_MAX 7        /* In-Reply-To, the last five References and the first: what a message may cost is bounded */

struct store_thread_names {             /* hashes of ids, see summary_id_hash */
	uint64_t own;                   /* Message-ID; 0 = none */
	uint64_t others[STORE_THREAD_NAMES_MAX];        /* the nearest first */
	size_t n_others;
};
/* From packed sort keys; none of damaged ones. */
void store_thread_id_names(struct bytes sortkeys, struct store_thread_names *);

/* The thread of a message that is new to this user; notes its names. */
int64_t store_thread_id_take(struct store_context *, int64_t user_id, int64_t message_id, const struct store_thread_names *);

/*
 * A part of a walk over all notes, for maintenance: those of users that are gone, and of threads whose first message is gone and was older
 * than a year.  Who answers such a thread later begins a new one.  True: the walk came to the end, and begins anew with the next call.
 */
bool store_thread_id_prune(struct store_context *);

#endif
