#include "netcore/net_tunnel_frame.h"

#include <assert.h>

#define ON_TUNNEL 1u                    /* stream 0 */
#define ON_STREAM 2u                    /* any other */
#define PRINTABLE 4u

/* What each type may carry. */
static const struct shape {
	unsigned flags;
	uint32_t min, max;              /* octets of payload */
} shapes[] = {
	[NET_TUNNEL_HELLO]   = { ON_TUNNEL, 6, 6 },
	[NET_TUNNEL_OPEN]    = { ON_STREAM | PRINTABLE, 1, NET_TUNNEL_TEXT_MAX },
	[NET_TUNNEL_OPENED]  = { ON_STREAM, 0, 0 },
	[NET_TUNNEL_RESET]   = { ON_STREAM | PRINTABLE, 0, NET_TUNNEL_TEXT_MAX },
	[NET_TUNNEL_DATA]    = { ON_STREAM, 1, NET_TUNNEL_DATA_MAX },
	[NET_TUNNEL_END]     = { ON_STREAM, 0, 0 },
	[NET_TUNNEL_CREDIT]  = { ON_STREAM, 4, 4 },
	[NET_TUNNEL_PING]    = { ON_TUNNEL, 8, 8 },
	[NET_TUNNEL_PONG]    = { ON_TUNNEL, 8, 8 },
	[NET_TUNNEL_GOODBYE] = { ON_TUNNEL | PRINTABLE, 0, NET_TUNNEL_TEXT_MAX },
};

static uint32_t number_at(const char *at, size_t octets)
{
	uint32_t n = 0;

	for (size_t i = 0; i < octets; i++)
		n = n << 8 | (unsigned char)at[i];
	return n;
}

static void put_number(unsigned char *at, uint32_t n, size_t octets)
{
	for (size_t i = 0; i < octets; i++)
		at[i] = (unsigned char)(n >> 8 * (octets - 1 - i));
}

static bool is_printable(struct bytes text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.at[i] < 0x20 || text.at[i] > 0x7e)
			return false;
	return true;
}

enum net_tunnel_status net_tunnel_frame_parse(struct bytes input, struct net_tunnel_frame *frame, size_t *used)
{
	if (input.len < NET_TUNNEL_HEADER)
		return NET_TUNNEL_MORE;
	uint32_t len = number_at(input.at, 3), type = (unsigned char)input.at[3], stream = number_at(input.at + 4, 4);
	if (type == 0 || type >= sizeof shapes / sizeof *shapes)
		return NET_TUNNEL_BROKEN;
	const struct shape *shape = &shapes[type];
	if (len < shape->min || len > shape->max || !(shape->flags & (stream == 0 ? ON_TUNNEL : ON_STREAM)))
		return NET_TUNNEL_BROKEN;
	if (input.len - NET_TUNNEL_HEADER < len)
		return NET_TUNNEL_MORE;
	struct net_tunnel_frame found = { .type = type, .stream = stream, .payload = bytes_of(input.at + NET_TUNNEL_HEADER, len) };
	if ((shape->flags & PRINTABLE) && !is_printable(found.payload))
		return NET_TUNNEL_BROKEN;
	if (type == NET_TUNNEL_HELLO) {
		found.version = number_at(found.payload.at, 2);
		found.number = number_at(found.payload.at + 2, 4);
	} else if (type == NET_TUNNEL_CREDIT) {
		found.number = number_at(found.payload.at, 4);
		if (found.number == 0)
			return NET_TUNNEL_BROKEN;
	}
	*frame = found;
	*used = NET_TUNNEL_HEADER + len;
	return NET_TUNNEL_FRAME;
}

void net_tunnel_header(unsigned char at[NET_TUNNEL_HEADER], enum net_tunnel_type type, uint32_t stream, size_t len)
{
	assert(len >= shapes[type].min && len <= shapes[type].max);
	put_number(at, (uint32_t)len, 3);
	at[3] = (unsigned char)type;
	put_number(at + 4, stream, 4);
}

void net_tunnel_frame_add(struct buffer *out, enum net_tunnel_type type, uint32_t stream, struct bytes payload)
{
	unsigned char header[NET_TUNNEL_HEADER];

	net_tunnel_header(header, type, stream, payload.len);
	buffer_add(out, header, sizeof header);
	if (payload.len > 0)
		buffer_add_bytes(out, payload);
}

void net_tunnel_hello_add(struct buffer *out, uint32_t version, uint32_t window)
{
	unsigned char payload[6];

	put_number(payload, version, 2);
	put_number(payload + 2, window, 4);
	net_tunnel_frame_add(out, NET_TUNNEL_HELLO, 0, bytes_of(payload, sizeof payload));
}

void net_tunnel_credit_add(struct buffer *out, uint32_t stream, uint32_t octets)
{
	unsigned char payload[4];

	put_number(payload, octets, 4);
	net_tunnel_frame_add(out, NET_TUNNEL_CREDIT, stream, bytes_of(payload, sizeof payload));
}
