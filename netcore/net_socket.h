/* net_socket: creating sockets, always non-blocking and close-on-exec; options with one meaning here. */
#ifndef NETCORE_NET_SOCKET_H
#define NETCORE_NET_SOCKET_H

#include <stdbool.h>

#include "base/error.h"
#include "netcore/net_addr.h"

/* A listening socket: SO_REUSEADDR, IPV6_V6ONLY, backlog 1024 or more.  A stale Unix path is taken over only when nobody answers on it.  -1 on error. */
int net_socket_listen(const struct net_addr *, struct error *err);
/* Start a connection: returns the descriptor (connected or in progress), -1 on error.  Wait for NET_WRITABLE, then net_socket_finish_connect. */
int net_socket_connect(const struct net_addr *, struct error *err);
/* SO_ERROR of a connection in progress. */
bool net_socket_finish_connect(int fd, struct error *err);

/*
 * A datagram socket (UDP, Unix) bound to the address, or to a free port or a wildcard; it tells net_datagram which address was asked.
 * A stale Unix path is taken over as in net_socket_listen.  -1 on error.
 */
int net_socket_bind_datagram(const struct net_addr *, struct error *err);
/* A datagram socket that talks to this one address only; a Unix one gets a name, so that it can be answered.  -1 on error. */
int net_socket_connect_datagram(const struct net_addr *, struct error *err);

/* Our end; the peer's.  False: not known, and len is 0. */
bool net_socket_local_addr(int fd, struct net_addr *);
bool net_socket_peer_addr(int fd, struct net_addr *);
/* TCP only, harmless on others.  Set before a TLS handshake. */
void net_socket_set_nodelay(int fd);
/* Keep-alive probes after idle_s, and TCP_USER_TIMEOUT, so that a half-open connection is found. */
void net_socket_set_keepalive(int fd, int idle_s, int timeout_s);
void net_socket_close(int fd);          /* -1 is ignored; never retried on EINTR */
/* Raise RLIMIT_NOFILE to its hard limit; returns it. */
long net_socket_raise_limit(void);

#endif
