/*
 * net_limit: how many connections an address, or a block of them, holds now (by default IPv4: the address, IPv6: its /64, which is what
 * one host is given).  One loop's (the acceptor's) object, no lock.
 */
#ifndef NETCORE_NET_LIMIT_H
#define NETCORE_NET_LIMIT_H

#include <stdbool.h>
#include <stddef.h>

#include "netcore/net_addr.h"

struct net_limit;

/* 0 = no bound.  Exempt addresses and Unix sockets count towards the total only.  The exempt blocks are borrowed for the object's life. */
struct net_limit *net_limit_create(size_t total, size_t per_address, const struct net_cidr *exempt, size_t n_exempt);
/* Other bounds (and exempt blocks, borrowed like the first) from now on; who is in stays in. */
void net_limit_change(struct net_limit *, size_t total, size_t per_address, const struct net_cidr *exempt, size_t n_exempt);
/* Count by blocks of so many leading bits instead of 32 and 64.  Before the first enters. */
void net_limit_set_prefix(struct net_limit *, unsigned v4_bits, unsigned v6_bits);
void net_limit_destroy(struct net_limit *);
enum net_limit_answer { NET_LIMIT_OK, NET_LIMIT_TOTAL, NET_LIMIT_ADDRESS };
/* Count one connection in; anything but OK counts nothing. */
enum net_limit_answer net_limit_enter(struct net_limit *, const struct net_addr *);
void net_limit_leave(struct net_limit *, const struct net_addr *);

#endif
