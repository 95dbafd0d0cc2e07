/*
 * net_discover: this host's place in the two multicast DNS groups, on each of its interfaces.  Announcing is net_announce's, looking
 * net_browse's.  RFC 6762 3, 5, 11.
 */
#ifndef NETCORE_NET_DISCOVER_H
#define NETCORE_NET_DISCOVER_H

#include "base/list.h"
#include "netcore/net_dns_message.h"
#include "netcore/net_interface.h"

#define NET_DISCOVER_PORT 5353
#define NET_DISCOVER_PACKET_MAX 1440    /* what we send: fits an Ethernet frame with IPv6 */
#define NET_DISCOVER_FLUSH 0x8000u      /* in a record's class: these are all of this name and type */
#define NET_DISCOVER_UNICAST 0x8000u    /* in a question's class: the reply may come by unicast */

struct net_discover;

struct net_discover_options {
	const char *interface;          /* only this one, loopback included; NULL: all that are up and can multicast, but not loopback */
	int port;                       /* 0: 5353; another for trials */
};

/* Sockets and list of interfaces; before a sandbox.  A host without IPv6 does with IPv4.  NULL on error. */
struct net_discover *net_discover_open(const struct net_discover_options *, struct error *err);
/* Joins the groups on each interface, now and whenever interfaces change. */
bool net_discover_start(struct net_discover *, struct net_loop *, struct error *err);
/* Nobody listens any more.  NULL is ignored. */
void net_discover_close(struct net_discover *);

/* A well-formed message; borrowed for the call. */
struct net_discover_packet {
	const struct net_dns_message *message;
	const struct net_addr *from;
	unsigned interface;             /* index */
	bool is_legacy;                 /* from another port: a plain resolver that waits for a unicast reply.  RFC 6762 6.7 */
};

struct net_discover_listener {          /* embed; zero-initialise the node */
	struct list_node node;
	void (*heard)(void *owner, const struct net_discover_packet *);
	void (*changed)(void *owner);   /* other interfaces, or other addresses on them */
	void *owner;
};
/* A listener may leave within its own calls, not within another's. */
void net_discover_listen(struct net_discover *, struct net_discover_listener *);
void net_discover_leave(struct net_discover *, struct net_discover_listener *);

/* To the groups of both families on that interface.  What the kernel does not take is lost: all of this is repeated anyway. */
void net_discover_send(struct net_discover *, unsigned interface, struct bytes);
/* The same to one address. */
void net_discover_send_to(struct net_discover *, unsigned interface, const struct net_addr *, struct bytes);

/* Those we are on, at most NET_INTERFACES_MAX. */
size_t net_discover_interfaces(const struct net_discover *, const struct net_interface *at[NET_INTERFACES_MAX]);
/* Is it an address of this host? */
bool net_discover_is_own(const struct net_discover *, const struct net_addr *);
struct net_loop *net_discover_loop(const struct net_discover *);

/* As if the octets had come from there: what the sockets do with each datagram, and fuzzers. */
void net_discover_take(struct net_discover *, struct bytes octets, const struct net_addr *from, unsigned interface);

#endif
