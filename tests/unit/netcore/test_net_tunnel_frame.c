#include "netcore/net_tunnel_frame.h"

#include "tests/support/check.h"

#define OCTETS(literal) { (literal), sizeof(literal) - 1 }

/* One row is what one end says, octet for octet, and what the other makes of it. */
static const struct frame_case {
	const char *name;
	struct bytes octets;
	enum net_tunnel_status status;
	enum net_tunnel_type type;
	uint32_t stream, number;
	size_t payload;
} cases[] = {
	{ "HELLO, version 1, window 256 KiB", OCTETS("\0\0\6\1\0\0\0\0\0\1\0\4\0\0"), NET_TUNNEL_FRAME, NET_TUNNEL_HELLO, 0, 256 * 1024, 6 },
	{ "a HELLO of another length", OCTETS("\0\0\7\1\0\0\0\0\0\1\0\4\0\0x"), NET_TUNNEL_BROKEN, 0, 0, 0, 0 },
	{ "HELLO on a stream", OCTETS("\0\0\6\1\0\0\0\1\0\1\0\4\0\0"), NET_TUNNEL_BROKEN, 0, 0, 0, 0 },
	{ "OPEN", OCTETS("\0\0\4\2\0\0\1\0a:80"), NET_TUNNEL_FRAME, NET_TUNNEL_OPEN, 256, 0, 4 },
	{ "OPEN without a target", OCTETS("\0\0\0\2\0\0\1\0"), NET_TUNNEL_BROKEN, 0, 0, 0, 0 },
	{ "OPEN with a control character", OCTETS("\0\0\4\2\0\0\1\0a\n80"), NET_TUNNEL_BROKEN, 0, 0, 0, 0 },
	{ "OPEN on the tunnel itself", OCTETS("\0\0\4\2\0\0\0\0a:80"), NET_TUNNEL_BROKEN, 0, 0, 0, 0 },
	{ "DATA", OCTETS("\0\0\2\5\0\0\0\1\0\377"), NET_TUNNEL_FRAME, NET_TUNNEL_DATA, 1, 0, 2 },
	{ "empty DATA", OCTETS("\0\0\0\5\0\0\0\1"), NET_TUNNEL_BROKEN, 0, 0, 0, 0 },
	{ "DATA of 64 KiB is waited for", OCTETS("\1\0\0\5\0\0\0\1"), NET_TUNNEL_MORE, 0, 0, 0, 0 },
	{ "an octet more is refused before it comes", OCTETS("\1\0\1\5\0\0\0\1"), NET_TUNNEL_BROKEN, 0, 0, 0, 0 },
	{ "CREDIT", OCTETS("\0\0\4\7\0\0\0\1\0\1\0\0"), NET_TUNNEL_FRAME, NET_TUNNEL_CREDIT, 1, 65536, 4 },
	{ "CREDIT of nothing", OCTETS("\0\0\4\7\0\0\0\1\0\0\0\0"), NET_TUNNEL_BROKEN, 0, 0, 0, 0 },
	{ "PING", OCTETS("\0\0\10\10\0\0\0\0abcdefgh"), NET_TUNNEL_FRAME, NET_TUNNEL_PING, 0, 0, 8 },
	{ "type 0", OCTETS("\0\0\0\0\0\0\0\0"), NET_TUNNEL_BROKEN, 0, 0, 0, 0 },
	{ "a type of a later version", OCTETS("\0\0\0\13\0\0\0\0"), NET_TUNNEL_BROKEN, 0, 0, 0, 0 },
	{ "half a header", OCTETS("\0\0\0\6\0\0\0"), NET_TUNNEL_MORE, 0, 0, 0, 0 },
	{ "END and what follows it", OCTETS("\0\0\0\6\0\0\0\2\0\0"), NET_TUNNEL_FRAME, NET_TUNNEL_END, 2, 0, 0 },
};

int main(void)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct frame_case *c = &cases[i];
		struct net_tunnel_frame frame = { 0 };
		size_t used = 0;
		CHECK_ROW(net_tunnel_frame_parse(c->octets, &frame, &used) == c->status, c->name);
		if (c->status != NET_TUNNEL_FRAME)
			continue;
		CHECK_ROW(frame.type == c->type && frame.stream == c->stream && frame.payload.len == c->payload, c->name);
		CHECK_ROW(used == NET_TUNNEL_HEADER + c->payload && (frame.number == c->number || c->number == 0), c->name);
	}
	return check_finish();
}
