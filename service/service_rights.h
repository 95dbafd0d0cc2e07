/* service_rights: which user a program is to be, and becoming it for good. */
#ifndef SERVICE_SERVICE_RIGHTS_H
#define SERVICE_SERVICE_RIGHTS_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"
#include "service/service_settings.h"

struct service_identity {
	uid_t uid;
	gid_t gid;
	char name[64];                  /* "" when the user data base does not know it */
};

/* settings.user, without it the owner of data_dir.  NOT_FOUND, SYSTEM; DENIED when that is root. */
bool service_rights_of_settings(const struct service_settings *, struct service_identity *, struct error *err);
/* NOT_FOUND. */
bool service_rights_of_user(const char *name, struct service_identity *, struct error *err);

/*
 * Started as root: become that user for good (groups of its own only, no way back).  Started as that user already:
 * nothing to do.  Started as anyone else: DENIED.
 */
bool service_rights_become(const struct service_identity *, struct error *err);

#endif
