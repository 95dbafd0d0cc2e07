/*
 * service_ports: where a running daemon listens, told to other programs of this host: the file listening.PROGRAM in the data folder, a line a
 * listener, "SERVICE TLS ADDRESS".  The server holds a lock on it: without one the file is what a crash left.
 */
#ifndef SERVICE_SERVICE_PORTS_H
#define SERVICE_SERVICE_PORTS_H

#include <stdbool.h>

#include "base/buffer.h"

struct service;

/* Once connections are accepted.  A failure is logged, and nothing more. */
void service_ports_tell(struct service *);
/* No connection is accepted any more.  Legal without the other. */
void service_ports_withdraw(struct service *);

/* For other programs: append the lines; false when no such daemon runs (or stops). */
bool service_ports_read(const char *data_dir, const char *program, struct buffer *out);

#endif
