/* mua_sync_idle: waits for news of the folder that was entered.  RFC 2177. */
#ifndef MUA_MUA_SYNC_IDLE_H
#define MUA_MUA_SYNC_IDLE_H

#include <stdint.h>

#include "mua/mua_sync.h"

/* Ends when the server tells of a change, after_ms have passed, or mua_sync_idle_end was called.  A server without IDLE is just waited for. */
void mua_sync_idle(struct mua_sync *, int64_t after_ms, mua_sync_fn *, void *owner);
/* Legal at any time. */
void mua_sync_idle_end(struct mua_sync *);

#endif
