/* mua_tally: how it went with several messages or folders, each of which can fail alone. */
#ifndef MUA_MUA_TALLY_H
#define MUA_MUA_TALLY_H

#include <stdbool.h>
#include <stddef.h>

#include "mua/mua_run.h"

struct mua_tally {                      /* zero-initialise */
	size_t n_ok, n_failed;
	int exit_code;                  /* of the failures; GENERIC when they differ */
	int lost_code;                  /* why there is no connection any more; OK = there may be */
};

void mua_tally_ok(struct mua_tally *);
/*
 * run->exit_code and run->err say why the one of that name failed; with --json an object "posta.error.1" tells it.  False: its output cannot be
 * written, so that there is nothing to go on for.
 */
bool mua_tally_failure(struct mua_tally *, struct mua_run *, const char *key, const char *name);
/* OK; PARTIAL when some succeeded; the code when all failed alike, else GENERIC; OUTPUT in any case when output could not be written. */
int mua_tally_exit_code(const struct mua_tally *);

#endif
