/* Any text as an address, a host with a port, and an address block: what is accepted formats and parses again to the same. */
#include <assert.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "netcore/net_addr.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	char *text = bytes_dup(bytes_of(at, len)), again[NET_ADDR_TEXT], host[64];
	struct net_addr a, b;
	struct net_cidr block;
	int port;

	if (net_addr_parse(text, &a, NULL)) {
		assert(a.len <= sizeof a.storage);
		net_addr_format(&a, again);
		assert(net_addr_parse(again, &b, NULL));
		/* A v4-mapped address comes back as IPv4. */
		assert(net_addr_equal(&a, &b) || (net_addr_family(&a) == AF_INET6 && net_addr_family(&b) == AF_INET));
		if (net_cidr_parse(text, &block, NULL))
			abort();        /* no text is both */
	} else if (net_cidr_parse(text, &block, NULL)) {
		assert(block.bits <= (block.family == AF_INET ? 32u : 128u));
	}
	if (net_addr_split(text, 25, host, sizeof host, &port, NULL))
		assert(host[0] != '\0' && port >= 0 && port <= 65535);
	free(text);
	return 0;
}
