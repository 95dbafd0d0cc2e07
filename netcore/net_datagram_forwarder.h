/*
 * net_datagram_forwarder: UDP from many clients to one target and back.  Each client's address has an association: a socket of
 * its own connected to the target, so that answers find their way; it ends when nothing moves for a while.
 */
#ifndef NETCORE_NET_DATAGRAM_FORWARDER_H
#define NETCORE_NET_DATAGRAM_FORWARDER_H

#include "netcore/net_forwarder.h"

struct net_datagram_forwarder;

/*
 * Takes the bound socket (net_socket_bind_datagram) over, also when it fails (NULL).  Of the settings: target (an address), allowed, total_max, per_address_max,
 * forward.idle_ms (> 0).  Beyond a bound datagrams are dropped and counted as refused.
 */
struct net_datagram_forwarder *net_datagram_forwarder_create(struct net_loop *, int fd, const struct net_forwarder_settings *, struct error *err);
/* NULL is ignored. */
void net_datagram_forwarder_destroy(struct net_datagram_forwarder *);
/* accepted, open, finished: associations; unreachable: datagrams that the target's port refused; octets: of payload. */
struct net_forwarder_counts net_datagram_forwarder_counts(const struct net_datagram_forwarder *);

#endif
