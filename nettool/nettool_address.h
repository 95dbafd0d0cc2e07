/* nettool_address: where to listen or to connect, with its transport in front. */
#ifndef NETTOOL_NETTOOL_ADDRESS_H
#define NETTOOL_NETTOOL_ADDRESS_H

#include <stdbool.h>

#include "base/error.h"
#include "netcore/net_addr.h"

enum nettool_transport { NETTOOL_STREAM, NETTOOL_DATAGRAM };

/* "tcp:127.0.0.1:25", "udp:[::1]:53", "unix:/path", or without a word in front: TCP. */
bool nettool_address_parse(const char *text, enum nettool_transport *, struct net_addr *, struct error *err);

#endif
