/*
 * net_broadcast: one IPv4 datagram to every host of a subnet, always by one interface that is named.  IPv6 has groups instead (net_group: ff02::1).
 * Limited (255.255.255.255) never leaves the link; directed (10.0.0.255) finds its way by the routing table.  RFC 919, 922.
 */
#ifndef NETCORE_NET_BROADCAST_H
#define NETCORE_NET_BROADCAST_H

#include "base/error.h"
#include "netcore/net_addr.h"

/*
 * A sender with SO_BROADCAST, bound to the interface's address: limited broadcasts leave by the interface of their source, or by
 * chance.  Without all this the kernel refuses them (EACCES).  -1 on error.
 */
int net_broadcast_sender(const char *interface, struct error *err);
/* Whom to send to: every host on the interface's link, or (directed) of its subnet. */
bool net_broadcast_everybody(const char *interface, bool directed, int port, struct net_addr *, struct error *err);
/* A receiver on the port, bound to the wildcard: one bound to an address of ours would hear none.  Several of a host may share it.  -1 on error. */
int net_broadcast_receiver(int port, struct error *err);

#endif
