/* service_seccomp: the system calls a server needs; every other one answers EPERM. */
#ifndef SERVICE_SERVICE_SECCOMP_H
#define SERVICE_SERVICE_SECCOMP_H

#include <stdbool.h>

#include "base/error.h"

/*
 * For all threads of the process and those made later, for good.  Sets no_new_privs.  *is_in_force is false, and nothing
 * done, where the kernel has no seccomp filters.
 */
bool service_seccomp_enter(bool *is_in_force, struct error *err);

#endif
