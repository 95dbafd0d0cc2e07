/* Any octets: the header is read within its bounds; cut short, the same header waits for more and never says otherwise. */
#include <assert.h>
#include <stdint.h>

#include "netcore/net_proxy_header.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	struct net_proxy_header header = { 0 }, again;
	size_t used = 0, used_again;
	char text[NET_ADDR_TEXT];
	struct bytes input = bytes_of(at, len);
	enum net_proxy_header_status status = net_proxy_header_parse(input, &header, &used);

	assert(status != NET_PROXY_HEADER_MORE || len < NET_PROXY_HEADER_MAX);
	if (status != NET_PROXY_HEADER_OK)
		return 0;
	assert(used > 0 && used <= len && used <= NET_PROXY_HEADER_MAX);
	assert(header.is_local || (header.client.len > 0 && header.server.len > 0));
	net_addr_format(&header.client, text);
	net_addr_format(&header.server, text);
	assert(net_proxy_header_parse(bytes_slice(input, 0, used - 1), &again, &used_again) == NET_PROXY_HEADER_MORE);
	assert(net_proxy_header_parse(bytes_slice(input, 0, used), &again, &used_again) == NET_PROXY_HEADER_OK && used_again == used);
	return 0;
}
