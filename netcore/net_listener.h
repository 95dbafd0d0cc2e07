/* net_listener: accepts connections from one listening socket, and survives running out of descriptors. */
#ifndef NETCORE_NET_LISTENER_H
#define NETCORE_NET_LISTENER_H

#include "netcore/net_addr.h"
#include "netcore/net_loop.h"

struct net_listener;
/* fd is non-blocking and yours; peer is valid during the call. */
typedef void net_listener_fn(void *owner, int fd, const struct net_addr *peer);

/*
 * Takes the listening descriptor over.  At EMFILE/ENFILE a spare descriptor is given up to accept and close
 * the waiting client (it is told nothing), and accepting pauses 100 ms; ENOBUFS and ENOMEM pause too.
 */
struct net_listener *net_listener_create(struct net_loop *, int fd, net_listener_fn *fn, void *owner, struct error *err);
/* Stops accepting and closes the socket. */
void net_listener_destroy(struct net_listener *);

#endif
