/* net_tunnel_stream: one stream of a tunnel and its local socket.  Shared by net_tunnel.c and net_tunnel_stream.c; nobody else includes this. */
#ifndef NETCORE_NET_TUNNEL_STREAM_H
#define NETCORE_NET_TUNNEL_STREAM_H

#include "base/buffer.h"
#include "base/list.h"
#include "base/map.h"
#include "netcore/net_connect.h"
#include "netcore/net_stream.h"
#include "netcore/net_timer.h"
#include "netcore/net_tunnel.h"
#include "netcore/net_tunnel_frame.h"

#define NET_TUNNEL_PIECE (32u * 1024)   /* of DATA, as this side sends it */

struct net_tunnel {
	struct net_loop *loop;
	struct net_stream *stream;
	struct net_tunnel_settings settings;
	const struct net_tunnel_events *events;         /* NULL: no call comes any more */
	void *owner;
	bool is_server;
	bool greeted;                   /* the other end's HELLO came */
	bool blocked;                   /* more is queued for the connection than it takes: local sockets are not read */
	uint32_t last_id;
	uint32_t their_window;          /* credit that a new stream begins with */
	struct map *by_id;
	struct list streams;
	struct net_timer ping;
	bool heard;                     /* anything, since the last look */
	unsigned char piece[NET_TUNNEL_HEADER + NET_TUNNEL_PIECE];
};

struct net_tunnel_stream {
	struct net_tunnel *tunnel;
	struct list_node node;
	uint32_t id;
	int fd;                         /* -1 while the target is being connected to */
	struct net_watch watch;         /* not before OPENED */
	struct net_connect *connect;
	struct buffer backlog;          /* for the local socket: at most one window */
	size_t backlog_from;
	uint32_t credit;                /* what we may still send */
	uint32_t granted;               /* what the other end may still send */
	uint32_t delivered;             /* and what the local socket took since the last CREDIT */
	bool ended;                     /* END sent: the local end has sent its FIN */
	bool their_end;                 /* END received */
	bool passed;                    /* and passed on as FIN */
};

/* Queue frames for the connection. */
void net_tunnel_say(struct net_tunnel *, struct bytes frames);

/* Enters the tunnel's table; fd may be -1. */
struct net_tunnel_stream *net_tunnel_stream_create(struct net_tunnel *, uint32_t id, int fd);
/* The stream stands: octets may flow.  Returns false when it could not be watched; it is gone then. */
bool net_tunnel_stream_start(struct net_tunnel_stream *);
/* DATA, END, CREDIT from the other end.  False: they break the protocol. */
bool net_tunnel_stream_take(struct net_tunnel_stream *, struct bytes data);
bool net_tunnel_stream_take_end(struct net_tunnel_stream *);
bool net_tunnel_stream_take_credit(struct net_tunnel_stream *, uint32_t octets);
/* Tell the loop what to wait for now. */
void net_tunnel_stream_update(struct net_tunnel_stream *);
/* RESET to the other end, and over. */
void net_tunnel_stream_refuse(struct net_tunnel_stream *, const char *why);
/* Over: the local socket is reset unless both ways ended in order. */
void net_tunnel_stream_destroy(struct net_tunnel_stream *);

#endif
