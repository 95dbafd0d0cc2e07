/* net_tls_context: certificates and trust for TLS streams (OpenSSL).  Reference-counted: a reload makes a new one. */
#ifndef NETCORE_NET_TLS_CONTEXT_H
#define NETCORE_NET_TLS_CONTEXT_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/error.h"

struct net_tls_context;

enum net_tls_verify {
	NET_TLS_VERIFY_NONE,            /* opportunistic: encrypt, believe anyone */
	NET_TLS_VERIFY_CA,              /* chain to the CA and name match (SAN; no CN fall-back) */
	NET_TLS_VERIFY_FINGERPRINT,     /* SHA-256 of the certificate (DER) must equal the pin */
};

/* Server context from PEM text (chain and key).  min_version "1.2" or "1.3".  NULL: err says what is wrong with which. */
struct net_tls_context *net_tls_context_server(struct bytes chain_pem, struct bytes key_pem, const char *min_version, struct error *err);
/* Client context.  ca_pem empty = the system's trust store; pin_hex (64 hex digits) only with _FINGERPRINT. */
struct net_tls_context *net_tls_context_client(enum net_tls_verify, struct bytes ca_pem, const char *pin_hex, struct error *err);
/* A client context presents the server context's certificate when it is asked for one.  False: they do not fit (err). */
bool net_tls_context_present(struct net_tls_context *client, struct net_tls_context *server, struct error *err);
/* A server context asks clients for a certificate and takes any, or none: whose it is net_stream_tls_peer_is tells. */
void net_tls_context_ask(struct net_tls_context *server);
struct net_tls_context *net_tls_context_ref(struct net_tls_context *);       /* thread-safe */
void net_tls_context_unref(struct net_tls_context *);                        /* NULL accepted */

/* For net_tls_stream: the OpenSSL object, and how the peer is judged. */
struct ssl_ctx_st *net_tls_context_openssl(struct net_tls_context *);
enum net_tls_verify net_tls_context_verify(const struct net_tls_context *);
/* For net_tls_pin: err is what we wanted and why OpenSSL did not.  False. */
bool net_tls_context_fail(struct error *err, enum error_kind, const char *what);

#endif
