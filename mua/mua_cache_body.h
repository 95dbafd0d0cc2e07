/* mua_cache_body: octets of messages that are kept for the time when the server cannot be reached. */
#ifndef MUA_MUA_CACHE_BODY_H
#define MUA_MUA_CACHE_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/error.h"
#include "mua/mua_cache.h"

/* A body goes with its message. */
bool mua_cache_body_put(struct mua_cache *, const struct mua_folder *, uint32_t uid, struct bytes octets, struct error *err);
/* Append it; NOT_FOUND when it is not there. */
bool mua_cache_body_get(struct mua_cache *, const struct mua_folder *, uint32_t uid, struct buffer *out, struct error *err);

struct mua_lacking {
	uint32_t uid;
	uint64_t size;
};
/* The messages received since then that have no body here, newest first; the list lives in the arena. */
bool mua_cache_body_lacking(struct mua_cache *, const struct mua_folder *, int64_t since_s, struct arena *, struct mua_lacking **, size_t *n,
                            struct error *err);

#endif
