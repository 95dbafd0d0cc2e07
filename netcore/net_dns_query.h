/*
 * net_dns_query: names looked up by libunbound: its cache, its iteration and its verdict on signatures, in our loop and with our
 * deadlines.  The resolver has a thread of its own, so make it after the last fork, and after the sandbox.
 */
#ifndef NETCORE_NET_DNS_QUERY_H
#define NETCORE_NET_DNS_QUERY_H

#include "netcore/net_dns_data.h"
#include "netcore/net_loop.h"

struct net_dns_resolver;
struct net_dns_query;

struct net_dns_stub {
	const char *zone;               /* "mail.test" */
	const char *server;             /* "127.0.0.1@15353": who is authoritative for it; several rows for several */
};

/* All strings are copied.  With no server and no hints, the system's /etc/resolv.conf. */
struct net_dns_resolver_options {
	const char *const *servers;     /* recursive ones to ask, "address@port" or "address" */
	size_t n_servers;
	const struct net_dns_stub *stubs;
	size_t n_stubs;
	const char *root_hints;         /* iterate from these; NULL: see above */
	const char *trust_anchor;       /* file with DNSKEY or DS records; NULL: nothing is validated */
	bool asks_loopback;             /* servers on this host may be asked */
};

/* NULL: err names the option that was refused. */
struct net_dns_resolver *net_dns_resolver_create(struct net_loop *, const struct net_dns_resolver_options *, struct error *err);
/* Cancels what is under way.  Legal inside a query's callback.  NULL is ignored. */
void net_dns_resolver_destroy(struct net_dns_resolver *);

enum net_dns_security {
	NET_DNS_INSECURE,               /* nobody signed it, or nobody validates */
	NET_DNS_SECURE,                 /* signed all the way from the trust anchor, the absence of data too */
	NET_DNS_BOGUS,                  /* signed and wrong: the data is withheld */
};

struct net_dns_answer {
	const char *name, *canonical_name;      /* as text; the same unless there are aliases */
	unsigned type, rcode;
	uint32_t ttl;                           /* what is left of it; of the absence too */
	enum net_dns_security security;
	const char *why_bogus;                  /* one line, or NULL */
	const struct bytes *data;               /* names in it are not compressed; MX and SRV in the order of preference */
	size_t n;                               /* 0: no such name (rcode NXDOMAIN) or no such data, or bogus */
};

/* Borrowed during the call; answer NULL with err on failure (ERROR_TRY_LATER: the deadline, or no server had an answer). */
typedef void net_dns_query_fn(void *owner, const struct net_dns_answer *, const struct error *err);
/*
 * Called once, never inside net_dns_query_start; the object is gone afterwards.  Any number may be under way.  deadline_ms counts from now, whatever
 * the library is still trying.
 */
struct net_dns_query *net_dns_query_start(struct net_dns_resolver *, const char *name, unsigned type, int64_t deadline_ms, net_dns_query_fn *, void *owner);
/* No call comes any more. */
void net_dns_query_cancel(struct net_dns_query *);

#endif
