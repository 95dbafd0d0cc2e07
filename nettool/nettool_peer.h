/*
 * nettool_peer: what `nettool peer serve` and `nettool peer join` say to each other.
 *
 * Lines of TCP: the client says "udp PORT"; when there are two, the server tells each "you ID" and "peer ADDRESS"; then "say TEXT" from
 * either, "exit" from either or from the server.  Between the two, each datagram is "say TEXT" or "exit".
 */
#ifndef NETTOOL_NETTOOL_PEER_H
#define NETTOOL_NETTOOL_PEER_H

#include "netcore/net_addr.h"

#define NETTOOL_PEER_LINE_MAX 4096u

/* Both return exit codes. */
int nettool_peer_serve(const struct net_addr *at);
int nettool_peer_join(const struct net_addr *at);

#endif
