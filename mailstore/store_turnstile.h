/*
 * store_turnstile: the fair order of writers of several processes: OFD locks on octet 0 (whose turn is next) and octet 1
 * (who writes) of the file `turnstile`.  They vanish with the process.  The writer's pid is written behind them.
 */
#ifndef MAILSTORE_STORE_TURNSTILE_H
#define MAILSTORE_STORE_TURNSTILE_H

#include <stdbool.h>

#include "base/error.h"

struct store_turnstile {
	int fd;                         /* -1 = closed */
};

bool store_turnstile_open(struct store_turnstile *, int dir_fd, struct error *err);
void store_turnstile_close(struct store_turnstile *);
/* False after wait_ms: TRY_LATER, with the pid of who is inside. */
bool store_turnstile_enter(struct store_turnstile *, unsigned wait_ms, struct error *err);
/* For who is inside: does another process wait for its turn? */
bool store_turnstile_is_wanted(const struct store_turnstile *);
void store_turnstile_leave(struct store_turnstile *);

#endif
