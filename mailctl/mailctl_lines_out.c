#include "mailctl/mailctl_lines_out.h"

#include <string.h>

#define PIECE_MAX ((size_t)64 * 1024)

static void give(struct mailctl_lines_out *out, bool ends, mailctl_line_fn *line, void *owner)
{
	bool begins = !out->in_line;

	if (ends && out->held.len > 0 && out->held.at[out->held.len - 1] == '\r')
		out->held.len--;
	if (ends)
		buffer_add_octet(&out->held, '\n');
	out->in_line = !ends;
	line(owner, buffer_bytes(&out->held), begins);
	buffer_clear(&out->held);
}

void mailctl_lines_out_feed(struct mailctl_lines_out *out, struct bytes octets, mailctl_line_fn *line, void *owner)
{
	while (octets.len > 0) {
		size_t len = bytes_find(octets, '\n');
		bool ends = len < octets.len;
		buffer_add_bytes(&out->held, bytes_slice(octets, 0, len));
		octets = bytes_skip(octets, len + ends);
		/* a CR at the end waits for what follows it */
		if (ends || (out->held.len >= PIECE_MAX && out->held.at[out->held.len - 1] != '\r'))
			give(out, ends, line, owner);
	}
}

void mailctl_lines_out_finish(struct mailctl_lines_out *out, bool ends, mailctl_line_fn *line, void *owner)
{
	if (out->held.len > 0 || (out->in_line && ends))
		give(out, ends, line, owner);
	buffer_release(&out->held);
}
