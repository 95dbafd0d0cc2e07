/*
 * net_proxy_header: the line or block that a proxy sends in front of a connection to say who its client is: PROXY protocol, versions 1 and 2.
 * Only to be read from proxies that are trusted by their address: anybody can write one.
 */
#ifndef NETCORE_NET_PROXY_HEADER_H
#define NETCORE_NET_PROXY_HEADER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"
#include "netcore/net_addr.h"

#define NET_PROXY_HEADER_V1_MAX 107u            /* with its CRLF */
#define NET_PROXY_HEADER_MAX 2064u              /* longest that is read: 16 octets, and 2048 of addresses and extensions */

struct net_proxy_header {
	unsigned version;               /* 1 or 2 */
	bool is_local;                  /* the proxy itself speaks (LOCAL), or does not know its client (UNKNOWN): the connection's own addresses count */
	struct net_addr client, server; /* as the proxy saw them; len 0 when is_local */
};

enum net_proxy_header_status { NET_PROXY_HEADER_OK, NET_PROXY_HEADER_MORE, NET_PROXY_HEADER_BAD };

/*
 * Read the header at the front of a connection's input.  OK: *header is filled, *used octets are the header's.  MORE: wait, there is
 * no more to come than NET_PROXY_HEADER_MAX in all.  BAD: close; nothing that a client says first in SMTP or IMAP is taken for one.
 */
enum net_proxy_header_status net_proxy_header_parse(struct bytes input, struct net_proxy_header *header, size_t *used);

#endif
