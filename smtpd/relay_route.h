/* relay_route: where mail for a domain goes: its peer, else the smarthost, else nowhere. */
#ifndef SMTPD_RELAY_ROUTE_H
#define SMTPD_RELAY_ROUTE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"
#include "service/service_server.h"

struct relay_route {                    /* texts belong to the generation */
	const char *key;                /* names the destination: the peer's domain, "*" = smarthost */
	const char *address;            /* "host:port" as configured */
	char host[256];
	int port, tls;                  /* tls: enum service_peer_tls */
	size_t connections;
	const char *username, *password;
	struct bytes ca_pem;
};

/* address: a recipient's local@domain.  False: no route. */
bool relay_route_find(const struct service_generation *, const char *address, struct relay_route *);
/* By the key of a destination. */
bool relay_route_find_key(const struct service_generation *, const char *key, struct relay_route *);

#endif
