/*
 * net_datagram: datagrams in and out of a UDP or Unix socket, bound or connected, in batches.
 *
 * What a pass sends leaves when the pass ends; what the kernel does not take waits in a bounded queue.  Nothing is repeated and
 * nothing is promised: a datagram may be lost, and send's success only says that it was queued.  All calls to the owner come from
 * the loop; net_datagram_close is legal in each of them.
 */
#ifndef NETCORE_NET_DATAGRAM_H
#define NETCORE_NET_DATAGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"
#include "netcore/net_addr.h"
#include "netcore/net_loop.h"

#define NET_DATAGRAM_MAX 65507u                 /* octets that one UDP datagram over IPv4 can hold */
#define NET_DATAGRAM_QUEUE_MAX (1024u * 1024)   /* default bound of what waits to be sent, in octets with their administration */
#define NET_DATAGRAM_SEGMENTS_MAX 64u           /* pieces of one net_datagram_send_segments that go in one call */

struct net_datagram;

/* One that arrived: borrowed for the call. */
struct net_datagram_received {
	struct bytes octets;
	struct net_addr peer;           /* len 0: a Unix socket without a name, which cannot be answered */
	struct net_addr asked;          /* where it was sent to: one of our addresses, a group or a broadcast address; len 0: not known */
	struct net_addr reply_from;     /* the address of ours to answer from, for net_datagram_send; len 0: the kernel may choose */
	unsigned interface;             /* index of the one it came in by; 0: not known */
	bool is_truncated;              /* it was longer than the receive bound: the rest is lost */
};

struct net_datagram_events {
	void (*received)(void *owner, const struct net_datagram_received *);
	/* The queue, full before, has room again; may be NULL. */
	void (*drained)(void *owner);
	/*
	 * A datagram sent before did not arrive or could not leave; `to` is where (len 0: the connected peer).  sys_errno ECONNREFUSED:
	 * nobody listens there (told of connected sockets only); EMSGSIZE: longer than the way allows.  The socket goes on.  May be NULL.
	 */
	void (*failed)(void *owner, const struct net_addr *to, const struct error *why);
};

/* How the kernel is asked: several datagrams a call (sendmmsg, recvmmsg), or one. */
enum net_datagram_calls { NET_DATAGRAM_MANY, NET_DATAGRAM_EACH };

/* Takes the non-blocking descriptor over (net_socket_bind_datagram and its like, net_group, net_broadcast), also when it fails (NULL). */
struct net_datagram *net_datagram_create(struct net_loop *, int fd, const struct net_datagram_events *, void *owner, struct error *err);
/* Queued datagrams are lost; freed after the pass.  NULL is ignored. */
void net_datagram_close(struct net_datagram *);

/*
 * Queue one datagram; the octets are copied.  `to` is NULL on a connected socket.  `from` says which of our addresses it leaves from
 * (its port counts for nothing), NULL or len 0: as the kernel chooses.  False: ERROR_TRY_LATER = the queue is full, ERROR_LIMIT = over
 * NET_DATAGRAM_MAX.
 */
bool net_datagram_send(struct net_datagram *, const struct net_addr *to, const struct net_addr *from, struct bytes, struct error *err);
/*
 * The same for octets that are cut into datagrams of segment_size each, the last may be shorter.  With net_datagram_set_gso the
 * kernel cuts (UDP only), which is several times faster; where it cannot, we do.
 */
bool net_datagram_send_segments(struct net_datagram *, const struct net_addr *to, const struct net_addr *from, struct bytes, size_t segment_size,
                                struct error *err);
/* Let the kernel cut; off until asked for, and off again when the kernel refuses. */
void net_datagram_set_gso(struct net_datagram *, bool on);
bool net_datagram_has_gso(const struct net_datagram *);

/* Octets (with administration) that wait. */
size_t net_datagram_queued(const struct net_datagram *);
/* Instead of NET_DATAGRAM_QUEUE_MAX. */
void net_datagram_set_queue_max(struct net_datagram *, size_t octets);
/* The longest datagram that arrives whole (default 65,535); smaller ones make larger batches.  Before the first pass. */
void net_datagram_set_receive_max(struct net_datagram *, size_t octets);
/* The default is MANY where the system has it. */
void net_datagram_set_calls(struct net_datagram *, enum net_datagram_calls);
/* Stop and resume receiving: what was already read in this pass is still told. */
void net_datagram_pause(struct net_datagram *);
void net_datagram_resume(struct net_datagram *);

/* For options: it stays ours. */
int net_datagram_fd(const struct net_datagram *);
/* Where it is bound. */
const struct net_addr *net_datagram_local_addr(const struct net_datagram *);

#endif
