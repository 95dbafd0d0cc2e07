/* sasl_client: the client side of one SASL exchange (SCRAM-SHA-256, PLAIN, LOGIN) over GNU SASL.  RFC 4422. */
#ifndef AUTH_SASL_CLIENT_H
#define AUTH_SASL_CLIENT_H

#include <stdbool.h>

#include "auth/sasl_mechanism.h"
#include "base/buffer.h"
#include "base/bytes.h"
#include "base/error.h"

#define SASL_CLIENT_ITERATIONS_MAX 1000000u     /* a server that asks for more PBKDF2 rounds is refused */

struct sasl_client;

/* Name and password are copied.  Never NULL. */
struct sasl_client *sasl_client_create(enum sasl_mechanism, const char *name, const char *password);
/* Wipes the password.  NULL accepted. */
void sasl_client_destroy(struct sasl_client *);
enum sasl_mechanism sasl_client_mechanism(const struct sasl_client *);

/* The mechanism begins with the client's message (LOGIN does not): it can be sent with the command (RFC 4954 4, RFC 4959). */
bool sasl_client_speaks_first(const struct sasl_client *);
/*
 * The answer to a challenge, both raw; `in` is empty for the first message of a mechanism that speaks first.
 * Appends to out (may stay empty: send the empty answer).  False: give up the exchange ("*").
 * SCRAM derives a key here (up to a second): a program with other sessions calls it in a worker.
 */
bool sasl_client_step(struct sasl_client *, struct bytes in, struct buffer *out, struct error *err);
/* The server said success: may it be believed?  False (DENIED) when SCRAM's server proof is still outstanding. */
bool sasl_client_finish(const struct sasl_client *, struct error *err);

#endif
