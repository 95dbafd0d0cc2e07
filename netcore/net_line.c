#include "netcore/net_line.h"

static enum net_line_status drop(struct net_line *l, struct net_stream *stream, size_t len, enum net_line_status status)
{
	net_stream_consume(stream, len);
	l->skipping = false;
	return status;
}

/* Throw away what there is of a line over the limit; a CR at its end stays, its LF may be on the way. */
static enum net_line_status skip(struct net_line *l, struct net_stream *stream, struct bytes input)
{
	l->skipping = true;
	if (input.at[input.len - 1] == '\r')
		input.len--;
	net_stream_consume(stream, input.len);
	return NET_LINE_NONE;
}

enum net_line_status net_line_read(struct net_line *l, struct net_stream *stream, struct bytes *line)
{
	struct bytes input = net_stream_input(stream);
	uint64_t start = net_stream_input_offset(stream);
	size_t from = l->scanned > start ? (size_t)(l->scanned - start) : 0;

	while (from < input.len) {
		const char *lf = memchr(input.at + from, '\n', input.len - from);
		if (lf == NULL)
			break;
		size_t len = (size_t)(lf - input.at) + 1;
		bool crlf = len >= 2 && input.at[len - 2] == '\r';
		if (len > l->limit)
			l->skipping = true;     /* as when it comes in pieces */
		if (l->skipping && !crlf) {
			from = len;             /* only CRLF ends a line that is too long */
			continue;
		}
		if (l->skipping)
			return drop(l, stream, len, NET_LINE_TOO_LONG);
		if (!crlf)
			return drop(l, stream, len, NET_LINE_BARE_LF);
		if (memchr(input.at, '\0', len))
			return drop(l, stream, len, NET_LINE_NUL);
		*line = bytes_slice(input, 0, len - 2);
		return NET_LINE_READY;
	}
	l->scanned = start + input.len;
	if (input.len > 0 && (l->skipping || input.len >= l->limit))
		return skip(l, stream, input);
	return NET_LINE_NONE;
}

void net_line_done(struct net_stream *stream, struct bytes line)
{
	net_stream_consume(stream, line.len + 2);
}
