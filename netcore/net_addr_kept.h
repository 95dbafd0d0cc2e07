/* net_addr_kept: an address in the octets it needs, whole only once somebody asks for it.  Zero-initialise. */
#ifndef NETCORE_NET_ADDR_KEPT_H
#define NETCORE_NET_ADDR_KEPT_H

#include "netcore/net_addr.h"

struct net_addr_kept {
	struct net_addr *whole;         /* NULL until asked for; a Unix path from the beginning */
	unsigned char len;
	unsigned char octets[28];       /* a sockaddr_in6 */
};

/* Once; the address may have len 0. */
void net_addr_kept_set(struct net_addr_kept *, const struct net_addr *);
/* Valid until the release. */
const struct net_addr *net_addr_kept_whole(struct net_addr_kept *);
void net_addr_kept_release(struct net_addr_kept *);

#endif
