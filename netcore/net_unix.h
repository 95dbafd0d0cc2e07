/* net_unix: what only Unix sockets can do: peer credentials, passing descriptors. */
#ifndef NETCORE_NET_UNIX_H
#define NETCORE_NET_UNIX_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

#define NET_UNIX_FDS_MAX 64

/* A connected SOCK_SEQPACKET pair, non-blocking and close-on-exec. */
bool net_unix_pair(int fds[2], struct error *err);
/* Who is at the other end, as it was when the connection was made (SO_PEERCRED). */
bool net_unix_peer(int fd, pid_t *pid, uid_t *uid, gid_t *gid, struct error *err);
/* One datagram (len >= 1) with up to NET_UNIX_FDS_MAX descriptors (they stay ours too).  A full peer is ERROR_TRY_LATER. */
bool net_unix_send(int fd, const void *at, size_t len, const int *fds, size_t n_fds, struct error *err);
/*
 * Returns the datagram's length, 0 at the end, -1 on error (ERROR_TRY_LATER: none is there yet).  fds has room for
 * NET_UNIX_FDS_MAX; *n_fds is set.  Received descriptors are close-on-exec and yours.  A truncated message is an
 * error (ERROR_LIMIT) and its descriptors are closed.
 */
ssize_t net_unix_receive(int fd, void *at, size_t size, int *fds, size_t *n_fds, struct error *err);

#endif
