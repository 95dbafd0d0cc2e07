/*
 * net_forward: octets both ways between two connected stream sockets (TCP, Unix), until both ends have ended.
 *
 * An end's FIN is passed on when all that came before it was; the other way stays open.  A way whose far end takes no more
 * stops reading at its near end, so at most one buffer a way is held here.  The buffer is 64 KiB, doubles up to 256 KiB while
 * reads fill it, and is given back when it runs empty.  A reset of one end becomes a reset of the other.
 */
#ifndef NETCORE_NET_FORWARD_H
#define NETCORE_NET_FORWARD_H

#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"
#include "netcore/net_loop.h"

#define NET_FORWARD_BUFFER_MIN (64u * 1024)
#define NET_FORWARD_BUFFER_MAX (256u * 1024)

struct net_forward;

struct net_forward_settings {
	int64_t idle_ms;                /* end when nothing moved either way for so long; 0 = never */
	int64_t half_open_ms;           /* the same once one end has sent its FIN; 0 = as idle_ms */
};

struct net_forward_events {
	/* Octets that end `from` (0 or 1) sent, before they are passed on; borrowed for the call; no octets: its FIN.  May be NULL. */
	void (*heard)(void *owner, unsigned from, struct bytes);
	/* Over: ERROR_CLOSED = both ends ended in order, ERROR_TRY_LATER = a timer, ERROR_SYSTEM = an end was reset.
	 * Never called from within net_forward_start; the object is gone after the call, the sockets are closed. */
	void (*closed)(void *owner, const struct error *why);
};

/* Takes both connected, non-blocking descriptors over, also when it fails (NULL). */
struct net_forward *net_forward_start(struct net_loop *, const int fds[2], const struct net_forward_settings *,
                                      const struct net_forward_events *, void *owner, struct error *err);
/* Close both ends now; no call comes any more.  Legal in `heard`, not in `closed`.  NULL is ignored. */
void net_forward_stop(struct net_forward *);
/* Octets that end `from` sent and the other end's kernel took; valid in `closed` too. */
uint64_t net_forward_octets(const struct net_forward *, unsigned from);

#endif
