/* nettool_address: where to listen or to connect, with its transport in front; names of places to connect to. */
#ifndef NETTOOL_NETTOOL_ADDRESS_H
#define NETTOOL_NETTOOL_ADDRESS_H

#include <stdbool.h>

#include "base/error.h"
#include "netcore/net_addr.h"
#include "netcore/net_loop.h"
#include "netcore/net_place.h"
#include "netcore/net_worker.h"

enum nettool_transport { NETTOOL_STREAM, NETTOOL_DATAGRAM };

/* "tcp:127.0.0.1:25", "udp:[::1]:53", "unix:/path", or without a word in front: TCP. */
bool nettool_address_parse(const char *text, enum nettool_transport *, struct net_addr *, struct error *err);
/* The same for where to connect: of a stream it may also be a name with a port. */
bool nettool_place_parse(const char *text, enum nettool_transport *, struct net_place *, struct error *err);
/*
 * Before the loop runs: have these names an address?  *worker is made for whoever connects to them later, unless it is there already or all
 * are addresses; it is the caller's.  False: err says which is not there.
 */
bool nettool_places_look_up(struct net_loop *, struct net_worker **worker, const struct net_place *, size_t n, struct error *err);

#endif
