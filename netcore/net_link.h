/* net_link: one of this host's network interfaces, found by its name or by an address of it. */
#ifndef NETCORE_NET_LINK_H
#define NETCORE_NET_LINK_H

#include <net/if.h>
#include <stdbool.h>

#include "base/error.h"
#include "netcore/net_addr.h"

struct net_link {
	unsigned index;
	char name[IF_NAMESIZE];
	bool is_loopback;
	struct net_addr ip;             /* of the family asked for: the one given, or its first; port 0; len 0: it has none */
	struct net_addr broadcast;      /* of that subnet (IPv4, port 0); len 0: it has none */
};

/*
 * "eth0", or an address that it holds: "10.0.0.3", "fe80::1%eth0"; any of 127.0.0.0/8 is the loopback interface's.  family: AF_INET
 * or AF_INET6; an address must be of it.  Reads the kernel's present list.
 */
bool net_link_find(const char *text, int family, struct net_link *, struct error *err);

#endif
