/* nettool_dns: what `nettool dns query` and `nettool dns cache` share. */
#ifndef NETTOOL_NETTOOL_DNS_H
#define NETTOOL_NETTOOL_DNS_H

#include <jansson.h>
#include <stdbool.h>

#include "netcore/net_addr.h"
#include "netcore/net_dns_message.h"

struct nettool_dns_query {
	const char *name;
	unsigned type;
	struct net_addr server;         /* len 0: none was named */
	bool iterates, traces, wants_dnssec, as_json;
	const char *root_hints, *trust_anchor;
	unsigned repeat;                /* how often to ask, a second apart */
	int64_t deadline_ms;
};

/* Return codes of sysexits.h; complaints are on standard error. */
int nettool_dns_query(const struct nettool_dns_query *);
int nettool_dns_cache(const struct net_addr *listen, const struct net_addr *forward, int64_t deadline_ms);

/* One record a line, as a zone file has it. */
void nettool_dns_print_record(const struct net_dns_record *);
/* Every section, with the header's words before it; `indent` in front of each line. */
void nettool_dns_print_message(const struct net_dns_message *, const char *indent);
json_t *nettool_dns_json_record(const struct net_dns_record *);

#endif
