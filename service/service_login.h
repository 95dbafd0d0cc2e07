/*
 * service_login: proving who a client is, the same for every protocol: one SASL exchange with its look-up in the store, the
 * password check in a worker (or the memory of a recent success), and the count of failures by address.
 *
 * A step answers at once, or with PENDING; then `done` brings the answer.  The caller says it in its protocol's words and
 * slows the client down as it likes.
 */
#ifndef SERVICE_SERVICE_LOGIN_H
#define SERVICE_SERVICE_LOGIN_H

#include <stdbool.h>
#include <stdint.h>

#include "auth/sasl_mechanism.h"
#include "base/bytes.h"
#include "netcore/net_addr.h"
#include "service/service_server.h"

enum service_login_status {
	SERVICE_LOGIN_PENDING,
	SERVICE_LOGIN_CHALLENGE,        /* send service_login_challenge, give the answer to service_login_answer */
	SERVICE_LOGIN_OK,               /* service_login_user, service_login_user_id */
	SERVICE_LOGIN_REFUSED,          /* wrong name or password; counted and logged */
	SERVICE_LOGIN_LIMITED,          /* too many failures from this network; nothing was tried */
	SERVICE_LOGIN_MALFORMED,        /* not base64, or not a message of the mechanism */
	SERVICE_LOGIN_UNAVAILABLE,      /* the store or the workers cannot answer now */
};

struct service_login;
typedef void service_login_fn(void *owner, enum service_login_status);

/* limits.exempt covers the address, or it is a Unix socket: no penalty, nothing counted. */
bool service_login_is_exempt(const struct service_settings *, const struct net_addr *peer);
/* plaintext_auth lets a password cross this connection: TLS always, in clear as configured. */
bool service_login_allows_password(const struct service_settings *, const struct net_stream *);

/* Never NULL. */
struct service_login *service_login_create(struct service_loop *, const struct net_addr *peer, bool is_exempt, enum sasl_mechanism,
                                           service_login_fn *done, void *owner);
/* `done` will not be called; a check in a worker ends by itself.  NULL accepted. */
void service_login_destroy(struct service_login *);

/* initial: the initial response, decoded; NULL when the client sent none. */
enum service_login_status service_login_start(struct service_login *, const struct bytes *initial);
/* The answer to a challenge, in base64. */
enum service_login_status service_login_answer(struct service_login *, struct bytes line);

/* In base64; valid until the next call. */
const char *service_login_challenge(const struct service_login *);
/* The store's spelling of the name; valid while the login lives. */
const char *service_login_user(const struct service_login *);
int64_t service_login_user_id(const struct service_login *);
const char *service_login_mechanism(const struct service_login *);

#endif
