/* mailctl_certificate: a small CA and one server certificate, for a host that has none yet. */
#ifndef MAILCTL_MAILCTL_CERTIFICATE_H
#define MAILCTL_MAILCTL_CERTIFICATE_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/error.h"

/*
 * PEM texts: the CA's certificate, the server's (signed by it; names: hostname, localhost, 127.0.0.1, ::1) and the server's
 * key (P-256).  The CA's key is thrown away: it signs nothing else, ever.  Valid for ten years.
 */
bool mailctl_certificate_make(const char *hostname, struct buffer *ca, struct buffer *certificate, struct buffer *key,
                              struct error *err);

#endif
