/* mua_each: does one thing to each message that a command line names. */
#ifndef MUA_MUA_EACH_H
#define MUA_MUA_EACH_H

#include <stddef.h>
#include <stdint.h>

#include "mua/mua_run.h"

/* The folder is entered and level.  False: run->exit_code says why, and the reason was printed. */
typedef bool mua_each_fn(struct mua_run *, const char *folder, uint32_t uid);

/*
 * What is wrong with one id (MUA_EXIT_NOT_FOUND) says nothing of the next, anything else ends it all.  Sets run->exit_code: OK, NOT_FOUND
 * when none succeeded, PARTIAL when some did.  A bare UID lies in the folder of --folder, else INBOX.
 */
void mua_each(struct mua_run *, char *const *ids, size_t n, mua_each_fn *);

#endif
