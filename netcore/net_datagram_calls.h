/* net_datagram_calls: several datagrams in one system call, or one by one where the system has no such call. */
#ifndef NETCORE_NET_DATAGRAM_CALLS_H
#define NETCORE_NET_DATAGRAM_CALLS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "netcore/net_addr.h"

/* As the system's struct mmsghdr. */
struct net_datagram_slot {
	struct msghdr head;
	unsigned len;                   /* octets received, or sent */
};

/* Does the system have calls for many?  Defining NET_DATAGRAM_NO_MMSG builds as if it had not. */
extern const bool net_datagram_calls_has_many;

/*
 * Receive into, or send, slots[0..n): returns how many were done (>= 1), or -1 with errno when the first failed.  EINTR is
 * restarted.  An error behind the first is told by the next call.
 */
int net_datagram_calls_receive(int fd, struct net_datagram_slot *, size_t n, bool many);
int net_datagram_calls_send(int fd, struct net_datagram_slot *, size_t n, bool many);

/* Room for which address was asked, or to send from, and for a segment size. */
#define NET_DATAGRAM_CONTROL_SIZE (CMSG_SPACE(64) + CMSG_SPACE(2))

/* The control data of a received datagram: the address asked, ours to reply from, the interface's index. */
void net_datagram_calls_asked(struct msghdr *, int port, struct net_addr *asked, struct net_addr *reply_from, unsigned *interface);
/* Add control data for sending: `from` may be NULL, segment_size 0.  The head's control is an empty, zeroed NET_DATAGRAM_CONTROL_SIZE. */
void net_datagram_calls_direct(struct msghdr *, void *control, const struct net_addr *from, size_t segment_size);

#endif
