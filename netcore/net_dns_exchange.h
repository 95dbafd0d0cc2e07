/* net_dns_exchange: one question to one name server: UDP, repeated while nobody answers; TCP when the answer was cut.  RFC 1035 4.2, 5452, 7766. */
#ifndef NETCORE_NET_DNS_EXCHANGE_H
#define NETCORE_NET_DNS_EXCHANGE_H

#include "netcore/net_addr.h"
#include "netcore/net_dns_message.h"
#include "netcore/net_loop.h"

struct net_dns_exchange;

struct net_dns_exchange_options {
	struct net_addr server;
	bool wants_recursion, wants_dnssec;
	bool only_tcp;
	int64_t deadline_ms;            /* of all tries together */
};

struct net_dns_exchange_facts {
	struct bytes octets;            /* of the answer */
	bool over_tcp;                  /* asked for, or because the first answer was cut */
	bool was_truncated;
	unsigned n_sent;                /* datagrams */
	unsigned n_ignored;             /* datagrams that answered something else */
	int64_t elapsed_ms;
};

/* Answer and octets are borrowed during the call; NULL with err on failure.  Called once, never inside net_dns_exchange_start; the object is gone afterwards. */
typedef void net_dns_exchange_fn(void *owner, const struct net_dns_message *answer, const struct net_dns_exchange_facts *, const struct error *err);

/*
 * The socket is new and connected, so that its port cannot be guessed and the kernel drops what other addresses send; the id is
 * random, and id and question must come back.  The question is copied.
 */
struct net_dns_exchange *net_dns_exchange_start(struct net_loop *, const struct net_dns_exchange_options *, const struct net_dns_question *,
                                                net_dns_exchange_fn *, void *owner);
/* No call comes any more. */
void net_dns_exchange_cancel(struct net_dns_exchange *);

#endif
