/* mua_folder_change: makes, renames and deletes folders, and (un)subscribes them.  RFC 9051 6.3.4 to 6.3.8. */
#ifndef MUA_MUA_FOLDER_CHANGE_H
#define MUA_MUA_FOLDER_CHANGE_H

#include <stdbool.h>

#include "base/arena.h"
#include "mua/mua_run.h"

/* CREATE, DELETE, SUBSCRIBE, UNSUBSCRIBE; RENAME with another.  False as mua_run_command; also, with DATA, for a name that cannot be one. */
bool mua_folder_change(struct mua_run *, const char *command, const char *name, const char *other);
/* The name as it is written on the wire. */
const char *mua_folder_wire_name(struct arena *, const char *name);

#endif
