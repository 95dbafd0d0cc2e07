/* net_dns_cache: answers kept as long as they say, in bounded memory; what was used least lately goes first.  RFC 1035 7.4, negative answers RFC 2308. */
#ifndef NETCORE_NET_DNS_CACHE_H
#define NETCORE_NET_DNS_CACHE_H

#include <stddef.h>

#include "netcore/net_dns_message.h"

#define NET_DNS_CACHE_TTL_MAX 86400     /* seconds: nobody's answer is kept longer than a day */
#define NET_DNS_CACHE_NEGATIVE_MAX 10800

struct net_dns_cache;

struct net_dns_cache *net_dns_cache_create(size_t max_entries, size_t max_octets);
void net_dns_cache_destroy(struct net_dns_cache *);
size_t net_dns_cache_count(const struct net_dns_cache *);

/*
 * Keep this answer to the question.  Kept are whole answers (no TC) that say NOERROR or NXDOMAIN: with data for the least TTL in the
 * answer, without for the lesser of the SOA's TTL and minimum, and not at all without a SOA.  Returns the seconds it will be kept, 0 when not.
 */
uint32_t net_dns_cache_put(struct net_dns_cache *, const struct net_dns_question *, bool wants_dnssec, struct bytes octets,
                           const struct net_dns_message *, int64_t now_ms);
/* True: *m is the answer with the TTLs that are left, to be released; its id is the old one. */
bool net_dns_cache_get(struct net_dns_cache *, const struct net_dns_question *, bool wants_dnssec, int64_t now_ms, struct net_dns_message *m);

#endif
