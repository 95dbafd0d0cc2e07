/*
 * sasl_server: the server side of one SASL exchange (PLAIN, LOGIN, SCRAM-SHA-256) over GNU SASL.  RFC 4422.
 *
 * It only steps; it never waits.  Each call answers with what the caller must do next:
 *
 *   sasl_server_start ─┬→ CONTINUE       send `out` as a challenge, then sasl_server_step with the answer
 *   sasl_server_step   ├→ NEEDS_RECORD   look sasl_server_name up in the store, then sasl_server_give_record
 *   …_give_record      ├→ NEEDS_CHECK    password_check(sasl_server_password, sasl_server_record) in a worker
 *   …_give_check       │                 (or success_cache), then sasl_server_give_check
 *                      └→ DONE | FAILED | MALFORMED   over
 *
 * An unknown user is given a fake record (password_fake) and goes through the same steps, so that time and
 * text are those of a wrong password.
 */
#ifndef AUTH_SASL_SERVER_H
#define AUTH_SASL_SERVER_H

#include <stdbool.h>

#include "auth/password.h"
#include "auth/sasl_mechanism.h"
#include "base/buffer.h"
#include "base/bytes.h"

#define SASL_NAME_MAX 320               /* octets of a user name: longer is MALFORMED */

enum sasl_server_status {
	SASL_SERVER_CONTINUE,
	SASL_SERVER_NEEDS_RECORD,
	SASL_SERVER_NEEDS_CHECK,
	SASL_SERVER_DONE,               /* proven; sasl_server_name says who */
	SASL_SERVER_FAILED,             /* 535 5.7.8, NO [AUTHENTICATIONFAILED]: wrong, unknown, or an authorization identity that is not the user's own */
	SASL_SERVER_MALFORMED,          /* 501 5.5.2, BAD: the message breaks the mechanism's grammar */
};

struct sasl_server;

/* Never NULL. */
struct sasl_server *sasl_server_create(enum sasl_mechanism);
/* Wipes the password.  NULL accepted. */
void sasl_server_destroy(struct sasl_server *);
enum sasl_mechanism sasl_server_mechanism(const struct sasl_server *);

/*
 * initial: the initial response, base64-decoded; NULL when the client sent none (an empty one is not the same).
 * out (appended to): the challenge, raw; may be empty; only meaningful with CONTINUE.
 */
enum sasl_server_status sasl_server_start(struct sasl_server *, const struct bytes *initial, struct buffer *out);
/* The client's answer to a challenge, base64-decoded. */
enum sasl_server_status sasl_server_step(struct sasl_server *, struct bytes in, struct buffer *out);
/* After NEEDS_RECORD.  is_real false: the record is a fake, or the user may not log in; it cannot succeed.  The record is copied. */
enum sasl_server_status sasl_server_give_record(struct sasl_server *, const struct password_record *, bool is_real, struct buffer *out);
/* After NEEDS_CHECK: what password_check said. */
enum sasl_server_status sasl_server_give_check(struct sasl_server *, bool is_right);

/* As the client wrote it (case kept); "" before NEEDS_RECORD.  Valid while the exchange lives. */
const char *sasl_server_name(const struct sasl_server *);
/* Only between NEEDS_CHECK and sasl_server_give_check.  A worker may read both: the exchange must stay alive and untouched meanwhile. */
struct bytes sasl_server_password(const struct sasl_server *);
const struct password_record *sasl_server_record(const struct sasl_server *);

#endif
