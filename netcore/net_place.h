/* net_place: where to connect to: an address, or a name and a port, whose addresses are looked up at each connection (net_connect_place). */
#ifndef NETCORE_NET_PLACE_H
#define NETCORE_NET_PLACE_H

#include <stdbool.h>

#include "base/error.h"
#include "netcore/net_addr.h"

#define NET_PLACE_NAME_MAX 230          /* octets; with its port it fits what a tunnel says */
#define NET_PLACE_TEXT 240              /* room for any formatted place */

struct net_place {
	struct net_addr addr;           /* len 0: a name */
	char name[NET_PLACE_NAME_MAX + 1];
	int port;                       /* of the name */
};

/* What net_addr_parse reads, or "name:port".  A name is letters, digits, dots, hyphens and underscores, and not only digits and dots. */
bool net_place_parse(const char *text, struct net_place *, struct error *err);
/* The form net_place_parse reads. */
const char *net_place_format(const struct net_place *, char text[NET_PLACE_TEXT]);
bool net_place_is_name(const struct net_place *);
/* The same address, or the same name in any case and the same port; nothing is looked up. */
bool net_place_equal(const struct net_place *, const struct net_place *);

#endif
