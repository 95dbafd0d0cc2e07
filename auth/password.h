/*
 * password: the one stored form of a password, a SCRAM-SHA-256 record (RFC 7677, RFC 5802 3), and its check.
 * PLAIN and LOGIN are checked by deriving the record again; nothing else is ever stored.
 */
#ifndef AUTH_PASSWORD_H
#define AUTH_PASSWORD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"

#define PASSWORD_ITERATIONS 120000u
#define PASSWORD_MAX 1024               /* octets */

struct password_record {
	uint32_t iterations;
	unsigned char salt[16];
	unsigned char stored_key[32], server_key[32];
};

/* Slow (PBKDF2): never in a loop thread of a server.  The password is normalised with SASLprep when it is UTF-8.  False: empty, too long, or holds a NUL. */
bool password_make(struct bytes password, uint32_t iterations, struct password_record *, struct error *err);
/* Slow.  Constant-time comparison. */
bool password_check(struct bytes password, const struct password_record *);
/* A record that fits no password, the same every time for the same name and secret: unknown users look like known ones. */
void password_fake(struct bytes name, const unsigned char secret[32], struct password_record *);

#endif
