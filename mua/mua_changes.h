/*
 * mua_changes: what a server told of messages and is not in the cache yet.  They are written many at a time, so that no lock of
 * the cache is held while the server is awaited.
 */
#ifndef MUA_MUA_CHANGES_H
#define MUA_MUA_CHANGES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/ranges.h"
#include "imap/imap_client_reply.h"
#include "mua/mua_cache.h"

struct mua_change;

struct mua_changes {                    /* zero-initialise */
	struct mua_cache *cache;        /* borrowed, like the folder */
	const struct mua_folder *folder;
	struct arena arena;
	struct mua_change *list;
	size_t n;
	/* since mua_changes_begin, written or not */
	struct ranges uids;             /* of all */
	struct ranges new_uids;         /* of those that came with an envelope */
	uint64_t n_changed;             /* written flags that were others before */
};

/* Forget all; what comes now belongs to this folder. */
void mua_changes_begin(struct mua_changes *, struct mua_cache *, const struct mua_folder *);
/* A FETCH that has an UID and an envelope (then all of it counts) or flags.  May write what waits. */
bool mua_changes_add(struct mua_changes *, const struct imap_reply_fetch *, struct error *err);
/* Write what waits, in one transaction. */
bool mua_changes_flush(struct mua_changes *, struct error *err);
/* Forget what waits. */
void mua_changes_drop(struct mua_changes *);
void mua_changes_release(struct mua_changes *);

#endif
