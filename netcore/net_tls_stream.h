/* net_tls_stream: the TLS engine below a net_stream, over its non-blocking descriptor.  Nobody else includes this. */
#ifndef NETCORE_NET_TLS_STREAM_H
#define NETCORE_NET_TLS_STREAM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"
#include "base/error.h"
#include "netcore/net_tls_context.h"

struct net_tls_stream;

/* What one attempt at a descriptor came to, in clear and with TLS alike. */
enum net_io {
	NET_IO_DONE,
	NET_IO_WANT_READ,               /* again when the descriptor is readable */
	NET_IO_WANT_WRITE,
	NET_IO_ENDED,                   /* the peer ended in order: FIN, or close_notify */
	NET_IO_FAILED,                  /* err says why; nothing but destroy may follow */
};

/* References the context; the descriptor stays the caller's.  hostname as in net_stream_start_tls_client. */
struct net_tls_stream *net_tls_stream_create(struct net_tls_context *, int fd, bool is_server, const char *hostname, struct error *err);
void net_tls_stream_destroy(struct net_tls_stream *);

/* A refused certificate is ERROR_DENIED with reason and fingerprint; anything else ERROR_SYSTEM. */
enum net_io net_tls_stream_handshake(struct net_tls_stream *, struct error *err);
/* At most one record a call.  An end without close_notify is FAILED: the stream was truncated. */
enum net_io net_tls_stream_read(struct net_tls_stream *, void *at, size_t size, size_t *n, struct error *err);
enum net_io net_tls_stream_write(struct net_tls_stream *, struct bytes, size_t *n, struct error *err);
/* Send close_notify; the peer's is not waited for.  Only DONE and WANT_WRITE. */
enum net_io net_tls_stream_shutdown(struct net_tls_stream *);
/* Decrypted octets that the descriptor's readiness will not tell about. */
bool net_tls_stream_has_pending(const struct net_tls_stream *);

const char *net_tls_stream_description(struct net_tls_stream *);
const char *net_tls_stream_peer(struct net_tls_stream *);
bool net_tls_stream_has_certificate(const struct net_tls_stream *);
/* As net_stream_tls_peer_is. */
bool net_tls_stream_peer_is(struct net_tls_stream *, struct net_tls_context *trust, const char *name);
bool net_tls_stream_exporter(struct net_tls_stream *, unsigned char out[32]);

#endif
