/* net_dns_walk: from the root down by hand, one referral after the other.  RFC 1034 5.3.3. */
#ifndef NETCORE_NET_DNS_WALK_H
#define NETCORE_NET_DNS_WALK_H

#include "netcore/net_dns_exchange.h"

#define NET_DNS_WALK_STEPS_MAX 64       /* questions sent for one answer, name servers' addresses included */
#define NET_DNS_WALK_ALIASES_MAX 8
#define NET_DNS_WALK_DEPTH_MAX 4        /* to find a server one may have to find another */
#define NET_DNS_WALK_SERVERS_MAX 16     /* of a zone */

struct net_dns_walk;

/* One question on the way, and what came of it. */
struct net_dns_step {
	const struct net_dns_question *question;
	const struct net_dns_name *zone;                /* whose server was asked */
	const struct net_addr *server;
	const struct net_dns_message *answer;           /* NULL: err says why */
	const struct net_dns_exchange_facts *facts;
	const struct error *err;
	const struct net_dns_name *referral;            /* the zone that the answer leads to, or NULL */
	unsigned depth;                                 /* 0: the question itself; more: the address of a name server */
};
typedef void net_dns_step_fn(void *owner, const struct net_dns_step *);

struct net_dns_walk_options {
	const struct net_addr *roots;   /* copied */
	size_t n_roots;
	bool wants_dnssec;
	int64_t deadline_ms;            /* of all */
	int64_t server_ms;              /* of one server, before the next one of its zone is asked */
	net_dns_step_fn *step;          /* may be NULL */
};

/*
 * The whole answer, aliases included, as a message of its own; borrowed during the call.  NULL with err when there is none.
 * Called once, never inside net_dns_walk_start; the object is gone afterwards.
 */
typedef void net_dns_walk_fn(void *owner, const struct net_dns_message *answer, struct bytes octets, const struct error *err);
/*
 * Believed is only what a server may know: referrals to a zone below its own, addresses of name servers inside its own zone,
 * answers about names in it.
 */
struct net_dns_walk *net_dns_walk_start(struct net_loop *, const struct net_dns_walk_options *, const struct net_dns_question *,
                                        net_dns_walk_fn *, void *owner);
void net_dns_walk_cancel(struct net_dns_walk *);

/* The addresses of a root hints file (its A and AAAA lines), port 53: at most max; 0 with err when there are none. */
size_t net_dns_hints_read(const char *path, struct net_addr *at, size_t max, struct error *err);

#endif
