/* net_group: IPv4 multicast on one interface. */
#ifndef NETCORE_NET_GROUP_H
#define NETCORE_NET_GROUP_H

#include "base/error.h"
#include "netcore/net_addr.h"

/* A receiver bound to the group address and port, joined on the interface address; IP_MULTICAST_ALL off.  -1 on error. */
int net_group_receiver(const struct net_addr *group, const char *interface_ip, struct error *err);
/* A sender on that interface with the given TTL, connected to the group.  -1 on error. */
int net_group_sender(const struct net_addr *group, const char *interface_ip, int ttl, struct error *err);

#endif
