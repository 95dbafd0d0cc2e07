/* service_landlock: which files and TCP ports this process and all its later threads may touch (Linux Landlock). */
#ifndef SERVICE_SERVICE_LANDLOCK_H
#define SERVICE_SERVICE_LANDLOCK_H

#include <stdbool.h>

#include "base/error.h"

/*
 * For this thread and those it makes: read and write below data_dir; read what name look-ups, trust and time zones need;
 * bind no TCP port; connect to TCP ports only when may_connect.  What this kernel's Landlock does not know stays open; needs
 * no_new_privs.  True also when the kernel has too little of it: *abi is then below 2 and nothing is in force.
 */
bool service_landlock_enter(const char *data_dir, bool may_connect, int *abi, struct error *err);

#endif
