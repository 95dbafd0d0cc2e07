/* mua_each: does one thing to each message that a command line names. */
#ifndef MUA_MUA_EACH_H
#define MUA_MUA_EACH_H

#include <stddef.h>
#include <stdint.h>

#include "mua/mua_run.h"

/* The folder is entered and level.  False: run->exit_code says why, and the reason was printed. */
typedef bool mua_each_fn(struct mua_run *, const char *folder, uint32_t uid);

/*
 * An id that fails does not keep the next from being done; without a connection the rest is not tried.  Sets run->exit_code as mua_tally
 * has it.  A bare UID lies in the folder of --folder, else INBOX.
 */
void mua_each(struct mua_run *, char *const *ids, size_t n, mua_each_fn *);
/* The same; for a message with its octets in the cache run->has_octets is set, and no server is asked. */
void mua_each_from_cache(struct mua_run *, char *const *ids, size_t n, mua_each_fn *);

#endif
