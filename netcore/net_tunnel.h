/*
 * net_tunnel: many streams over one TLS 1.3 connection between two ends that know each other's key (net_tls_pin).  The connecting
 * side hands in connected sockets with a target; the accepting side connects to the target and passes octets both ways.
 *
 * Each stream has a window of 256 KiB a way, so a slow one holds up no other.  FIN and reset are passed on.  A tunnel on which
 * nothing was heard for keepalive_ms is pinged, and given up after three times that.  When a tunnel ends, its streams are reset.
 */
#ifndef NETCORE_NET_TUNNEL_H
#define NETCORE_NET_TUNNEL_H

#include <stdint.h>

#include "base/error.h"
#include "netcore/net_addr.h"
#include "netcore/net_loop.h"
#include "netcore/net_place.h"
#include "netcore/net_tls_context.h"
#include "netcore/net_worker.h"

#define NET_TUNNEL_WINDOW (256u * 1024)
#define NET_TUNNEL_KEEPALIVE_MS 15000
#define NET_TUNNEL_CONNECT_MS 10000
#define NET_TUNNEL_STREAMS_MAX 1024

struct net_tunnel;

struct net_tunnel_settings {
	struct net_tls_context *context;        /* of net_tls_pin; referenced */
	int64_t keepalive_ms;
	int64_t connect_ms;                     /* accepting side: deadline of the connection to a target */
	size_t streams_max;
	struct net_worker *worker;              /* accepting side: looks up targets that are names; NULL: those are refused */
};

struct net_tunnel_events {
	/* The other end has the right key and has said hello; may be NULL. */
	void (*ready)(void *owner);
	/* Accepting side: may a stream go there?  NULL on the connecting side. */
	bool (*may_open)(void *owner, const struct net_place *target);
	/* Over, and the object is gone after the call.  ERROR_CLOSED = the other end ended it, ERROR_SYNTAX = it broke the protocol,
	 * ERROR_TRY_LATER = it fell silent, other = connection, TLS, key. */
	void (*closed)(void *owner, const struct error *why);
};

/* Takes the connected descriptor over.  is_server: who accepted the connection. */
struct net_tunnel *net_tunnel_create(struct net_loop *, int fd, bool is_server, const struct net_tunnel_settings *,
                                     const struct net_tunnel_events *, void *owner);
/* Connecting side, after `ready`: a stream for this connected, non-blocking socket, which is taken over; a name is looked up by the other side.
 * A refusal closes it. */
void net_tunnel_open(struct net_tunnel *, int fd, const struct net_place *target);
size_t net_tunnel_streams(const struct net_tunnel *);
const struct net_addr *net_tunnel_peer_addr(const struct net_tunnel *);
/* Say goodbye and end it; no call comes any more.  NULL is ignored. */
void net_tunnel_close(struct net_tunnel *, const char *why);

#endif
