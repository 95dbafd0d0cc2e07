/* Any octets as frames of a tunnel: what is read is within its bounds, formats again to the same octets, and is read the same in pieces. */
#include <assert.h>
#include <stdlib.h>

#include "netcore/net_tunnel_frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

static void judge(const struct net_tunnel_frame *frame, struct bytes whole)
{
	struct buffer again = { 0 };

	assert(frame->payload.len <= NET_TUNNEL_DATA_MAX);
	assert(frame->type == NET_TUNNEL_DATA || frame->payload.len <= NET_TUNNEL_TEXT_MAX);
	if (frame->type == NET_TUNNEL_HELLO)
		net_tunnel_hello_add(&again, frame->version, frame->number);
	else if (frame->type == NET_TUNNEL_CREDIT)
		net_tunnel_credit_add(&again, frame->stream, frame->number);
	else
		net_tunnel_frame_add(&again, frame->type, frame->stream, frame->payload);
	assert(bytes_equal(buffer_bytes(&again), whole));
	buffer_release(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	/* A copy of its own: a read beyond the end is seen. */
	char *copy = malloc(len > 0 ? len : 1);
	struct bytes rest = bytes_of(copy, len);
	struct net_tunnel_frame frame, other;
	size_t used, used_again;

	memcpy(copy, at, len);
	while (net_tunnel_frame_parse(rest, &frame, &used) == NET_TUNNEL_FRAME) {
		assert(used >= NET_TUNNEL_HEADER && used <= rest.len);
		judge(&frame, bytes_slice(rest, 0, used));
		assert(net_tunnel_frame_parse(bytes_slice(rest, 0, used - 1), &other, &used_again) == NET_TUNNEL_MORE);
		rest = bytes_skip(rest, used);
	}
	free(copy);
	return 0;
}
