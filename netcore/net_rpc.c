#include "netcore/net_rpc.h"

static uint64_t read_number(const char *at, size_t len)
{
	uint64_t n = 0;

	for (size_t i = 0; i < len; i++)
		n = n << 8 | (unsigned char)at[i];
	return n;
}

static void add_number(struct buffer *out, uint64_t n, size_t len)
{
	while (len-- > 0)
		buffer_add_octet(out, (char)(n >> (8 * len)));
}

enum net_rpc_status net_rpc_parse(struct bytes datagram, struct net_rpc_message *m)
{
	if (datagram.len < NET_RPC_HEAD || (unsigned char)datagram.at[8] > NET_RPC_ERROR)
		return NET_RPC_BAD;
	m->id = read_number(datagram.at, 8);
	m->kind = (enum net_rpc_kind)datagram.at[8];
	m->body = bytes_skip(datagram, NET_RPC_HEAD);
	return m->body.len > NET_RPC_BODY_MAX ? NET_RPC_TOO_LONG : NET_RPC_OK;
}

void net_rpc_format(struct buffer *out, const struct net_rpc_message *m)
{
	add_number(out, m->id, 8);
	buffer_add_octet(out, (char)m->kind);
	buffer_add_bytes(out, m->body);
}

enum net_rpc_status net_rpc_stream_parse(struct bytes input, struct net_rpc_message *m, size_t *used)
{
	if (input.len < NET_RPC_LENGTH)
		return NET_RPC_MORE;
	uint64_t len = read_number(input.at, NET_RPC_LENGTH);
	if (len < NET_RPC_HEAD)
		return NET_RPC_BAD;
	if (len > NET_RPC_HEAD + NET_RPC_BODY_MAX)
		return NET_RPC_TOO_LONG;
	if (input.len < NET_RPC_LENGTH + len)
		return NET_RPC_MORE;
	*used = NET_RPC_LENGTH + (size_t)len;
	return net_rpc_parse(bytes_slice(input, NET_RPC_LENGTH, *used), m);
}

void net_rpc_stream_format(struct buffer *out, const struct net_rpc_message *m)
{
	add_number(out, NET_RPC_HEAD + m->body.len, NET_RPC_LENGTH);
	net_rpc_format(out, m);
}
