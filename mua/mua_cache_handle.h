/* mua_cache_handle: what the files of the cache share.  For nobody else. */
#ifndef MUA_MUA_CACHE_HANDLE_H
#define MUA_MUA_CACHE_HANDLE_H

#include <stdbool.h>

#include "base/error.h"
#include "database/database.h"
#include "mua/mua_cache.h"

struct mua_cache {
	struct database *db;
};

/* Whether all since the last call succeeded. */
bool mua_cache_result(struct mua_cache *, struct error *err);

#endif
