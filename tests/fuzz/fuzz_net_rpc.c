/* Any octets as a stream of rpc messages: lengths are bounded, each message is read back as it was written. */
#include <assert.h>
#include <stdint.h>

#include "netcore/net_rpc.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	struct bytes rest = bytes_of(at, len);
	struct net_rpc_message m;
	size_t used;

	while (net_rpc_stream_parse(rest, &m, &used) == NET_RPC_OK) {
		struct buffer out = { 0 };
		assert(used <= rest.len && m.body.len <= NET_RPC_BODY_MAX);
		net_rpc_stream_format(&out, &m);
		assert(bytes_equal(buffer_bytes(&out), bytes_slice(rest, 0, used)));
		buffer_release(&out);
		rest = bytes_skip(rest, used);
	}
	return 0;
}
