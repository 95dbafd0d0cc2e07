#include "netcore/net_addr_kept.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

_Static_assert(sizeof(struct sockaddr_in6) == sizeof ((struct net_addr_kept *)0)->octets, "an IPv6 address fills it");

void net_addr_kept_set(struct net_addr_kept *k, const struct net_addr *a)
{
	if (a->len > sizeof k->octets) {
		k->whole = xmemdup(a, sizeof *a);
		return;
	}
	k->len = (unsigned char)a->len;
	memcpy(k->octets, &a->storage, a->len);
}

const struct net_addr *net_addr_kept_whole(struct net_addr_kept *k)
{
	if (k->whole == NULL) {
		k->whole = xcalloc(1, sizeof *k->whole);
		k->whole->len = k->len;
		memcpy(&k->whole->storage, k->octets, k->len);
	}
	return k->whole;
}

void net_addr_kept_release(struct net_addr_kept *k)
{
	free(k->whole);
	*k = (struct net_addr_kept){ 0 };
}
