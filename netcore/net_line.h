/* net_line: CRLF lines out of a stream's input, with a limit. */
#ifndef NETCORE_NET_LINE_H
#define NETCORE_NET_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "netcore/net_stream.h"

struct net_line {                       /* zero-initialise, then set limit */
	size_t limit;                   /* octets, CRLF included; must be below the stream's input max */
	uint64_t scanned;               /* position in the stream's input up to which no LF was found */
	bool skipping;                  /* inside a line that was too long */
};

enum net_line_status {
	NET_LINE_NONE,                  /* nothing whole yet */
	NET_LINE_READY,
	NET_LINE_TOO_LONG,              /* reported once, when the CRLF of the long line was reached; the line is gone */
	NET_LINE_BARE_LF,               /* a LF without CR: the line up to it is gone */
	NET_LINE_NUL,                   /* the line held a NUL: gone */
};

/*
 * READY: *line is without CRLF and is borrowed until net_line_done, which consumes it from the stream.
 * A bare CR inside a line is left in it.  Literals and message data are read with net_stream_input directly.
 */
enum net_line_status net_line_read(struct net_line *, struct net_stream *, struct bytes *line);
void net_line_done(struct net_stream *, struct bytes line);

#endif
