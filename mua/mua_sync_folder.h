/* mua_sync_folder: enters a folder and brings the cache level with it.  RFC 7162 where the server has it. */
#ifndef MUA_MUA_SYNC_FOLDER_H
#define MUA_MUA_SYNC_FOLDER_H

#include "mua/mua_cache.h"
#include "mua/mua_sync.h"

/*
 * Select the folder and bring the cache level with it: what vanished, flags, new messages from the newest down.  QRESYNC tells just what
 * changed, CONDSTORE which flags did; without them all flags are fetched.  folder is filled, and used until another is entered.
 */
void mua_sync_folder(struct mua_sync *, const char *name, struct mua_folder *folder, mua_sync_fn *done, void *owner);
/* What the last one brought; valid in its completion. */
const struct mua_sync_counts *mua_sync_folder_counts(const struct mua_sync *);

#endif
