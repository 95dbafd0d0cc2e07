/* mua_sync_body: octets of messages of the folder that was entered. */
#ifndef MUA_MUA_SYNC_BODY_H
#define MUA_MUA_SYNC_BODY_H

#include <stdint.h>

#include "base/ranges.h"
#include "mua/mua_sync.h"

/* The octets of one message.  NOT_FOUND when it is gone. */
void mua_sync_body(struct mua_sync *, uint32_t uid, mua_sync_fn *, void *owner);
/* The octets of all these go into the cache, each as it comes; what is gone is passed over. */
void mua_sync_bodies(struct mua_sync *, const struct ranges *uids, mua_sync_fn *, void *owner);

#endif
