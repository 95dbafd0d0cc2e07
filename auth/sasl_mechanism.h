/* sasl_mechanism: the mechanisms both sides speak, strongest first, and their names.  RFC 4616, RFC 7677; LOGIN is the old draft. */
#ifndef AUTH_SASL_MECHANISM_H
#define AUTH_SASL_MECHANISM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"

enum sasl_mechanism { SASL_SCRAM_SHA_256, SASL_PLAIN, SASL_LOGIN, SASL_MECHANISM_COUNT };

/* For sets of mechanisms: 1u << mechanism. */
#define SASL_BIT(mechanism) (1u << (mechanism))

/* "SCRAM-SHA-256" */
const char *sasl_mechanism_name(enum sasl_mechanism);
/* Compares without case; false when we do not speak it. */
bool sasl_mechanism_find(struct bytes name, enum sasl_mechanism *);
/* The password itself crosses the wire: only under TLS unless plaintext_auth says otherwise. */
bool sasl_mechanism_is_cleartext(enum sasl_mechanism);
/* The strongest of a set (bits), cleartext ones only when allowed; false when none is left. */
bool sasl_mechanism_choose(unsigned offered, bool allow_cleartext, enum sasl_mechanism *);

#endif
