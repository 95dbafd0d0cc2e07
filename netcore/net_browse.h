/* net_browse: looks for the services of a type on the local network and keeps the list true.  RFC 6762 5.2, 7.1, 10; RFC 6763 4, 5. */
#ifndef NETCORE_NET_BROWSE_H
#define NETCORE_NET_BROWSE_H

#include "netcore/net_discover.h"

#define NET_BROWSE_INSTANCES_MAX 256    /* of one type; further ones are passed over */
#define NET_BROWSE_ADDRS_MAX 8
#define NET_BROWSE_TEXT_MAX 1300

enum net_browse_event {
	NET_BROWSE_FOUND,               /* where it is, is known; again when that changed */
	NET_BROWSE_GONE,                /* it said goodbye, or has not been heard for the time it named */
};

/* Borrowed for the call.  Who answers a name may lie: everything here is the network's word. */
struct net_browse_service {
	const char *type;               /* "_imap._tcp" */
	struct bytes instance;          /* one label: UTF-8 if its owner keeps to the rules, any octets if not */
	struct net_dns_name host;
	int port;
	struct bytes texts;             /* the TXT record's data: strings, each after its length */
	const struct net_addr *addrs;   /* with that port, link-local ones with their scope */
	size_t n_addrs;
	unsigned interface;             /* index */
};

struct net_browse;
typedef void net_browse_fn(void *owner, enum net_browse_event, const struct net_browse_service *);

/* The net_discover must outlive it.  NULL: err says what is wrong with the type. */
struct net_browse *net_browse_start(struct net_discover *, const char *type, net_browse_fn *, void *owner, struct error *err);
/* Legal inside its own call.  NULL is ignored. */
void net_browse_stop(struct net_browse *);

#endif
