/* service_sandbox: after this, a server that was taken over can reach its mail and its connections, and nothing else. */
#ifndef SERVICE_SERVICE_SANDBOX_H
#define SERVICE_SERVICE_SANDBOX_H

#include <stdbool.h>

#include "base/error.h"

/*
 * no_new_privs, Landlock, seccomp: before the first thread, with all rights dropped.  A kernel that lacks one of them
 * is logged as a warning; one that has it and refuses is an error.
 */
bool service_sandbox_enter(const char *area, const char *data_dir, bool may_connect, struct error *err);
/* Test builds: true when the environment says POSTA_TEST_SANDBOX=off.  Otherwise false. */
bool service_sandbox_is_off(void);

#endif
