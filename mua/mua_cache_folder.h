/* mua_cache_folder: the folders of the cache, and what of them the server confirmed. */
#ifndef MUA_MUA_CACHE_FOLDER_H
#define MUA_MUA_CACHE_FOLDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/ranges.h"
#include "mua/mua_cache.h"

/* NOT_FOUND, and all zero, when nothing is known of it. */
bool mua_cache_folder_find(struct mua_cache *, const char *name, struct mua_folder *, struct error *err);
/* Made when missing. */
bool mua_cache_folder_make(struct mua_cache *, const char *name, struct mua_folder *, struct error *err);
/* Forget its messages and begin with another UIDVALIDITY. */
bool mua_cache_folder_reset(struct mua_cache *, struct mua_folder *, uint32_t uidvalidity, struct error *err);

struct mua_settlement {
	const struct ranges *gone;      /* not in the folder any more */
	uint32_t uidnext;               /* the folder was read up to here */
	uint64_t modseq;                /* of the moment before it was read; 0 = none told */
};
/*
 * The folder was read: forget what is gone (*n_gone = how many that were known) and note how far.  When another process read it meanwhile the
 * higher UIDNEXT and the lower modseq stay.  TRY_LATER when it found another UIDVALIDITY.
 */
bool mua_cache_folder_settle(struct mua_cache *, struct mua_folder *, const struct mua_settlement *, uint64_t *n_gone, struct error *err);
/* Messages known below its UIDNEXT. */
bool mua_cache_folder_count(struct mua_cache *, const struct mua_folder *, uint64_t *n, struct error *err);

/* All names, in their order; texts live in the arena. */
bool mua_cache_folder_names(struct mua_cache *, struct arena *, const char *const **names, size_t *n, struct error *err);
/* With its messages; no failure when it is not there. */
bool mua_cache_folder_forget(struct mua_cache *, const char *name, struct error *err);

#endif
