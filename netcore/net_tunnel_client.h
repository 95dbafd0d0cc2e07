/*
 * net_tunnel_client: keeps one tunnel to a remote side up, and puts streams into it.  When the tunnel ends it is dialled again, after
 * 0.5 s, 1, 2, … up to 30 s, a little at random; streams that come meanwhile wait, for a time.
 */
#ifndef NETCORE_NET_TUNNEL_CLIENT_H
#define NETCORE_NET_TUNNEL_CLIENT_H

#include "netcore/net_tunnel.h"

struct net_tunnel_client;

struct net_tunnel_client_settings {
	struct net_place remote;        /* a name is looked up at each attempt */
	struct net_worker *worker;      /* looks it up; borrowed for the object's life; may be NULL when it is an address */
	struct net_tunnel_settings tunnel;
	int64_t dial_ms;                /* deadline of one attempt to connect */
	int64_t wait_ms;                /* how long a stream waits for a tunnel; then it is closed */
};

/* Both may be NULL. */
struct net_tunnel_client_events {
	void (*up)(void *owner, const struct net_addr *remote);
	void (*down)(void *owner, const struct error *why, int64_t retry_ms);
};

struct net_tunnel_client *net_tunnel_client_create(struct net_loop *, const struct net_tunnel_client_settings *,
                                                   const struct net_tunnel_client_events *, void *owner);
/* Takes the connected, non-blocking descriptor over. */
void net_tunnel_client_open(struct net_tunnel_client *, int fd, const struct net_place *target);
/* Says goodbye; streams are cut.  NULL is ignored. */
void net_tunnel_client_destroy(struct net_tunnel_client *);

#endif
