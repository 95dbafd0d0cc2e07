/* net_tls_pin: TLS between ends that know each other by public key, no authority involved.  A pin is the SHA-256 of the SubjectPublicKeyInfo. */
#ifndef NETCORE_NET_TLS_PIN_H
#define NETCORE_NET_TLS_PIN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"
#include "base/error.h"
#include "netcore/net_tls_context.h"

#define NET_TLS_PIN_TEXT 72             /* room for "sha256:" and 64 hexadecimal digits */

struct net_tls_pin {
	unsigned char sha256[32];
};

/* "sha256:" and 64 hexadecimal digits. */
bool net_tls_pin_parse(const char *text, struct net_tls_pin *, struct error *err);
const char *net_tls_pin_format(const struct net_tls_pin *, char text[NET_TLS_PIN_TEXT]);

/* A new private key as PEM text; free it with memory_wipe and free.  NULL on failure. */
char *net_tls_pin_new_key(struct error *err);
/* The pin of the key in PEM text. */
bool net_tls_pin_of_key(struct bytes key_pem, struct net_tls_pin *, struct error *err);

/*
 * A context for one side, TLS 1.3 only: it shows key_pem's public key (in a certificate made here) and takes only peers whose
 * key is one of `pins`, borrowed for the context's life.  Another key fails the handshake, and is logged with its pin and address.
 */
struct net_tls_context *net_tls_pin_context(bool is_server, struct bytes key_pem, const struct net_tls_pin *pins, size_t n_pins, struct error *err);

#endif
