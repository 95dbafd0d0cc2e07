/* service_generation: settings and certificate of one reading; immutable.  Sessions keep the one they began with. */
#ifndef SERVICE_SERVICE_GENERATION_H
#define SERVICE_SERVICE_GENERATION_H

#include "base/arena.h"
#include "base/error.h"
#include "netcore/net_tls_context.h"
#include "service/service_reading.h"
#include "service/service_settings.h"

struct service_generation {
	struct service_settings settings;
	struct net_tls_context *tls;            /* NULL: no certificate, no STARTTLS */
	struct net_tls_context *tls_asking;     /* the same, asking clients for a certificate; NULL with it */
	/* Secrets and trust that were opened by the keeper, in the order of settings.peers, the smarthost last. */
	struct service_peer_files { const char *ca_pem; size_t ca_len; const char *password; } *peer_files;
	struct arena arena;
	int references;                         /* atomic: use the two calls */
};

/* With one reference.  Checks what only the files' content shows: certificate and key fit, trusted certificates can be read.  NULL on error. */
struct service_generation *service_generation_create(const struct service_reading *, struct error *err);
/* From any thread. */
struct service_generation *service_generation_ref(struct service_generation *);
void service_generation_unref(struct service_generation *);     /* NULL accepted */

#endif
