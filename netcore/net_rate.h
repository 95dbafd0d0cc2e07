/*
 * net_rate: a token bucket for each address or block of addresses: so many a minute, and a burst of them at once.  One loop's object, no lock.
 *
 * Buckets that are full again are forgotten, and there are at most NET_RATE_BUCKETS_MAX: who comes when all are in use and none is
 * full has the bucket of whoever was longest silent taken for his own, full.
 */
#ifndef NETCORE_NET_RATE_H
#define NETCORE_NET_RATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netcore/net_addr.h"

#define NET_RATE_BUCKETS_MAX 65536u

struct net_rate;

struct net_rate_settings {
	uint32_t per_minute, burst;     /* both > 0 */
	unsigned v4_bits, v6_bits;      /* addresses that agree in so many leading bits share a bucket: 32 and 64 are one host's */
};

struct net_rate *net_rate_create(const struct net_rate_settings *);
void net_rate_destroy(struct net_rate *);
/* Take so many tokens (<= burst); false: there are not enough, and none was taken.  Unix sockets always may. */
bool net_rate_take(struct net_rate *, const struct net_addr *, uint32_t tokens, int64_t now_ms);
/* Milliseconds until so many will be there; 0: they are. */
int64_t net_rate_wait_ms(const struct net_rate *, const struct net_addr *, uint32_t tokens, int64_t now_ms);
/* Buckets in memory. */
size_t net_rate_count(const struct net_rate *);

#endif
