/* service_exit: which exit code of sysexits.h an error ends a program with. */
#ifndef SERVICE_SERVICE_EXIT_H
#define SERVICE_SERVICE_EXIT_H

#include "base/error.h"

/*
 * SYNTAX, LIMIT, CORRUPT 65; NOT_FOUND 66; EXISTS 73; DENIED 77; TRY_LATER, CLOSED 75; FULL, SYSTEM 74 (a system call that
 * was refused for want of rights: 77); NONE 0.
 */
int service_exit_code(const struct error *err);
/*
 * The same for a store that could not be opened: a schema newer than this program (DENIED) is a matter of
 * configuration, 78.
 */
int service_exit_code_store(const struct error *err);

#endif
