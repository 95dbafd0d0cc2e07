/*
 * net_interface: the network interfaces of this host with their addresses, and news of changes.  It asks the kernel over sockets made by
 * open, so it also works inside a sandbox that forbids bind.
 */
#ifndef NETCORE_NET_INTERFACE_H
#define NETCORE_NET_INTERFACE_H

#include <stdbool.h>
#include <stddef.h>

#include "netcore/net_addr.h"
#include "netcore/net_loop.h"

#define NET_INTERFACE_NAME 16
#define NET_INTERFACE_ADDRS 8           /* of one interface; further ones are passed over */
#define NET_INTERFACES_MAX 128

struct net_interface {
	unsigned index;
	char name[NET_INTERFACE_NAME];
	bool is_up, is_loopback, has_multicast, has_broadcast;
	size_t n_addrs;
	struct net_interface_addr {
		struct net_addr addr;   /* port 0; link-local IPv6 with its scope */
		unsigned bits;          /* of the network it is in */
	} addrs[NET_INTERFACE_ADDRS];
};

struct net_interfaces;

/* Opens the sockets and reads the list.  NULL on error. */
struct net_interfaces *net_interfaces_open(struct error *err);
/* NULL is ignored. */
void net_interfaces_close(struct net_interfaces *);
/* Read the list anew; on error it is what it was. */
bool net_interfaces_read(struct net_interfaces *, struct error *err);
/* Valid until it is read again. */
const struct net_interface *net_interfaces_list(const struct net_interfaces *, size_t *n);
/* NULL when there is none. */
const struct net_interface *net_interfaces_by_index(const struct net_interfaces *, unsigned index);
const struct net_interface *net_interfaces_by_name(const struct net_interfaces *, const char *name);
/* Is the address in a network that the interface is directly in? */
bool net_interface_is_near(const struct net_interface *, const struct net_addr *);
/* Is it one of the interface's own? */
bool net_interface_has(const struct net_interface *, const struct net_addr *);
/* Has it an address of that family? */
bool net_interface_has_family(const struct net_interface *, int family);

/*
 * One interface of the kernel's present list by its name, "eth0", or by an address that it holds: "10.0.0.3", "fe80::1%eth0"; any of
 * 127.0.0.0/8 is the loopback interface's.  family: AF_INET or AF_INET6; an address must be of it.  ip: the one given, or the
 * interface's first of that family; port 0; len 0 when it has none.
 */
bool net_interface_find(const char *text, int family, struct net_interface *, struct net_addr *ip, struct error *err);
/* Every host of the subnet that this IPv4 address of the interface is in; port 0.  False: there is no such address. */
bool net_interface_broadcast(const struct net_interface *, const struct net_addr *ip, struct net_addr *);

/* fn runs in the loop once the list was read anew after changes: 100 ms after the last of a row of them. */
bool net_interfaces_watch(struct net_interfaces *, struct net_loop *, net_loop_fn *fn, void *owner, struct error *err);

#endif
