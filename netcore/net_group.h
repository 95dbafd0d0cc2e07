/*
 * net_group: multicast, IPv4 and IPv6, always on one interface that is named: what the default route would choose is nobody's intention.
 * An interface is a name or an address of it (net_interface_find).  RFC 1112, 3678, 4607.
 */
#ifndef NETCORE_NET_GROUP_H
#define NETCORE_NET_GROUP_H

#include "base/error.h"
#include "netcore/net_addr.h"

/*
 * A receiver bound to the group's address and port and joined on the interface; only what it joined arrives (MULTICAST_ALL off).
 * Several of a host may share the port.  -1 on error.
 */
int net_group_receiver(const struct net_addr *group, const char *interface, struct error *err);
/* The same, hearing only what this address sends (source-specific: 232.0.0.0/8, ff3x::/32). */
int net_group_source_receiver(const struct net_addr *group, const char *interface, const struct net_addr *source, struct error *err);
/*
 * A sender on that interface, connected to the group; bound to the interface's address when it was given by one.
 * ttl (IPv6: hop limit): 0 stays on this host, 1 on this link.  -1 on error.
 */
int net_group_sender(const struct net_addr *group, const char *interface, int ttl, struct error *err);
/* Whether the sender's own host hears it too (it does by default). */
bool net_group_set_loop(int fd, bool on, struct error *err);

/*
 * More groups on one receiver, bound to a wildcard or made by net_group_receiver; source: NULL, or the one to be heard.
 * A group that is joined already is ERROR_EXISTS; the kernel bounds how many a socket may join (ERROR_LIMIT).
 */
bool net_group_join(int fd, const struct net_addr *group, const char *interface, const struct net_addr *source, struct error *err);
bool net_group_leave(int fd, const struct net_addr *group, const char *interface, const struct net_addr *source, struct error *err);

#endif
