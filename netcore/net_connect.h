/* net_connect: one outgoing connection, tried over several addresses with a deadline (staggered 250 ms, first success wins: RFC 8305). */
#ifndef NETCORE_NET_CONNECT_H
#define NETCORE_NET_CONNECT_H

#include "netcore/net_addr.h"
#include "netcore/net_loop.h"
#include "netcore/net_place.h"
#include "netcore/net_worker.h"

struct net_connect;

/* Success: fd >= 0 is yours and `addr` is the one that answered.  Failure: fd -1 and err.  Called once, never inside net_connect_start; the object is gone afterwards. */
typedef void net_connect_fn(void *owner, int fd, const struct net_addr *addr, const struct error *err);

/* Put addresses in the order in which they are to be tried: the families take turns, the first one's first; within one the order stays.  RFC 8305 4. */
void net_connect_interleave(struct net_addr *addrs, size_t n);

/* Addresses are tried in the order given.  deadline_ms counts from now, look-up included; the addresses are copied. */
struct net_connect *net_connect_start(struct net_loop *, const struct net_addr *addrs, size_t n, int64_t deadline_ms, net_connect_fn *, void *owner);
/* host is a name or an address (the families of a name take turns); names are looked up with getaddrinfo in the worker, never in the loop. */
struct net_connect *net_connect_host(struct net_loop *, struct net_worker *, const char *host, int port, int64_t deadline_ms, net_connect_fn *, void *owner);
/* One of the two, as the place is; worker may be NULL when it is an address. */
struct net_connect *net_connect_place(struct net_loop *, struct net_worker *, const struct net_place *, int64_t deadline_ms, net_connect_fn *, void *owner);
/* Only the look-up of a name: fd is -1 all the same; err NULL and one of its addresses when there are any. */
struct net_connect *net_connect_look_up(struct net_loop *, struct net_worker *, const char *host, int port, int64_t deadline_ms, net_connect_fn *, void *owner);
/* No call comes any more. */
void net_connect_cancel(struct net_connect *);

#endif
