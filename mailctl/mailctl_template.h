/* mailctl_template: the text of a new posta.conf. */
#ifndef MAILCTL_MAILCTL_TEMPLATE_H
#define MAILCTL_MAILCTL_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"

struct mailctl_template {
	const char *hostname, *domain, *data_dir, *lmtp;        /* paths as they shall stand in the file */
	const char *user, *postmaster;  /* NULL: left out, with a word on the default */
	const char *listen;             /* an IP address */
	bool is_loopback;               /* listen is: passwords may then go without TLS */
	bool is_ephemeral;
	bool has_any_ports;             /* port 0 everywhere, else: */
	int port_base;
	const struct mailctl_template_peer { const char *domain, *address; } *peers;
	size_t n_peers;
};

/* What `init` would write, comments included. */
void mailctl_template_write(const struct mailctl_template *, struct buffer *out);

#endif
