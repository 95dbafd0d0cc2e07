/* service_listeners: the listening sockets of a daemon's `listen` rows, made or inherited by the keeper. */
#ifndef SERVICE_SERVICE_LISTENERS_H
#define SERVICE_SERVICE_LISTENERS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "service/service_settings.h"

struct service_listeners {              /* zero-initialise */
	int *fds;
	struct service_listen *rows;    /* rows[i] is what fds[i] was bound for: a copy, whatever later settings say */
	bool *was_inherited;
	size_t n;
};

/*
 * A socket for every row whose service is in the set (bits 1u << enum service_kind).  LISTEN_FDS sockets (systemd) are taken where they have
 * the row's address.  Unix sockets get mode 0660 and, when we are root, that owner.  False: err names the address, nothing stays open.
 * An address that is still taken is tried again for three seconds: a predecessor may be on its way out.
 */
bool service_listeners_open(struct service_listeners *, const struct service_settings *, unsigned services, uid_t owner, gid_t group,
                            struct error *err);
/* Close; unlink_paths: also remove the Unix sockets that were made here. */
void service_listeners_close(struct service_listeners *, bool unlink_paths);

#endif
