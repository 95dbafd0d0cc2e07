/*
 * net_forwarder: whoever connects here is connected there: a listener, a target, and a net_forward for each connection,
 * with an allow list, bounds in all and an address, and counters.
 */
#ifndef NETCORE_NET_FORWARDER_H
#define NETCORE_NET_FORWARDER_H

#include <stdint.h>

#include "netcore/net_addr.h"
#include "netcore/net_forward.h"
#include "netcore/net_place.h"
#include "netcore/net_worker.h"

struct net_forwarder;

struct net_forwarder_settings {
	struct net_place target;        /* a name is looked up for each connection */
	struct net_worker *worker;      /* looks it up; borrowed for the object's life; may be NULL when it is an address */
	int64_t connect_ms;             /* deadline of the connection to the target */
	struct net_forward_settings forward;
	const struct net_cidr *allowed; /* borrowed for the object's life; none: everybody.  Unix sockets are always allowed: their folder guards them */
	size_t n_allowed;
	size_t total_max, per_address_max;              /* 0 = no bound */
};

/* All may be NULL; a conversation is one connection and lives from opened to closed. */
struct net_forwarder_events {
	/* A client is in (its target is not yet); what it returns names the conversation in the other calls. */
	void *(*opened)(void *owner, const struct net_addr *client);
	/* As in net_forward: 0 = the client speaks, 1 = the target. */
	void (*heard)(void *conversation, unsigned from, struct bytes);
	void (*closed)(void *conversation, const struct error *why);
};

struct net_forwarder_counts {
	uint64_t accepted, refused;     /* refused: by the allow list or a bound; not among accepted */
	uint64_t unreachable;           /* the target did not answer */
	uint64_t finished, broken;      /* ended in order, or by reset or timer */
	uint64_t octets[2];             /* sent by clients, by targets */
	size_t open;
};

/* Takes the listening descriptor over, also when it fails (NULL). */
struct net_forwarder *net_forwarder_create(struct net_loop *, int listener_fd, const struct net_forwarder_settings *,
                                           const struct net_forwarder_events *, void *owner, struct error *err);
/* Stops listening and cuts what is open: `closed` is called for each.  NULL is ignored. */
void net_forwarder_destroy(struct net_forwarder *);
struct net_forwarder_counts net_forwarder_counts(const struct net_forwarder *);

#endif
