/* mime_scan: finds the parts of a message while it streams by, in bounded memory.  Any octets are accepted: what is not MIME is text/plain. */
#ifndef MESSAGE_MIME_SCAN_H
#define MESSAGE_MIME_SCAN_H

#include "base/bytes.h"
#include "message/mime_part.h"

struct mime_scan;

/* Header octets kept per part for fields: at most header_max (1 MiB is usual); more is scanned past, not kept. */
struct mime_scan *mime_scan_create(size_t header_max);
/* Octets of memory it holds now. */
size_t mime_scan_memory(const struct mime_scan *);
void mime_scan_destroy(struct mime_scan *);
/* The next octets, cut anywhere. */
void mime_scan_feed(struct mime_scan *, struct bytes);
/* End of the message.  The tree and its slices live until mime_scan_destroy. */
const struct mime_tree *mime_scan_finish(struct mime_scan *);
/* The root's header octets (for summary); valid after its empty line was seen, until destroy. */
struct bytes mime_scan_root_header(const struct mime_scan *);

#endif
