/*
 * net_tunnel_frame: what a tunnel says, version 1.  A frame is a header of 8 octets and a payload; numbers are in network order:
 *
 *   length (24 bits, of the payload) | type (8) | stream (32; 0 = the tunnel itself)
 */
#ifndef NETCORE_NET_TUNNEL_FRAME_H
#define NETCORE_NET_TUNNEL_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/bytes.h"

#define NET_TUNNEL_VERSION 1
#define NET_TUNNEL_HEADER 8
#define NET_TUNNEL_DATA_MAX (64u * 1024)
#define NET_TUNNEL_TEXT_MAX 240         /* of a target, a refusal, a goodbye */

enum net_tunnel_type {
	NET_TUNNEL_HELLO = 1,           /* stream 0; version (16), window (32): octets each stream may send before the first CREDIT */
	NET_TUNNEL_OPEN,                /* the connecting side asks for a stream; payload: the target as text (net_place) */
	NET_TUNNEL_OPENED,              /* its target is connected; no payload */
	NET_TUNNEL_RESET,               /* the stream is over both ways, or was refused; payload: why, as text */
	NET_TUNNEL_DATA,                /* 1 octet or more, within the credit */
	NET_TUNNEL_END,                 /* no more DATA from this side; no payload */
	NET_TUNNEL_CREDIT,              /* so many octets more may be sent (32, not 0) */
	NET_TUNNEL_PING,                /* stream 0; 8 octets that PONG gives back */
	NET_TUNNEL_PONG,
	NET_TUNNEL_GOODBYE,             /* stream 0; the sender closes the tunnel; payload: why, as text */
};

struct net_tunnel_frame {
	enum net_tunnel_type type;
	uint32_t stream;
	struct bytes payload;           /* borrowed from what was parsed */
	uint32_t version, number;       /* HELLO: version and window; CREDIT: octets */
};

enum net_tunnel_status {
	NET_TUNNEL_FRAME,
	NET_TUNNEL_MORE,                /* not whole yet */
	NET_TUNNEL_BROKEN,              /* no frame of this version: the connection is lost */
};

/* Read one frame from the front; FRAME: *frame is filled and *used counts its octets.  The length is judged before the payload is waited for. */
enum net_tunnel_status net_tunnel_frame_parse(struct bytes input, struct net_tunnel_frame *frame, size_t *used);

/* The header, for payloads that are sent from elsewhere. */
void net_tunnel_header(unsigned char at[NET_TUNNEL_HEADER], enum net_tunnel_type, uint32_t stream, size_t len);
/* Append a frame with that payload (within the type's bounds). */
void net_tunnel_frame_add(struct buffer *, enum net_tunnel_type, uint32_t stream, struct bytes payload);
void net_tunnel_hello_add(struct buffer *, uint32_t version, uint32_t window);
void net_tunnel_credit_add(struct buffer *, uint32_t stream, uint32_t octets);

#endif
