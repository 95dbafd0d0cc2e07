/*
 * imap_client: one connection to an IMAP server on one loop: connect, greeting, STARTTLS by policy, log-in, then one command
 * after the other.  RFC 9051, 3501; SASL-IR 4959, LITERAL+ 7888, IDLE 2177.
 *
 * Callbacks never come from inside imap_client_open, _run or _logout.  imap_client_close is legal in all of them.
 */
#ifndef IMAP_IMAP_CLIENT_H
#define IMAP_IMAP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"
#include "imap/imap_client_reply.h"
#include "netcore/net_loop.h"
#include "netcore/net_tls_context.h"
#include "netcore/net_worker.h"

#define IMAP_CLIENT_LITERAL_MAX (128u * 1024 * 1024)    /* a response that would grow larger by a literal ends the connection */
#define IMAP_CLIENT_LINE_MAX    (4u * 1024 * 1024)      /* lines of one response, literals not counted */

struct imap_client;

enum imap_client_tls {
	IMAP_CLIENT_TLS_NONE,
	IMAP_CLIENT_TLS_REQUIRED,       /* STARTTLS or nothing */
	IMAP_CLIENT_TLS_IMPLICIT,
};

struct imap_client_options {            /* texts are copied */
	const char *host;
	int port;
	enum imap_client_tls tls;
	struct net_tls_context *tls_context;    /* referenced; needed unless NONE */
	const char *username, *password;
	bool allow_cleartext;           /* PLAIN and LOGIN also without TLS */
	struct net_worker *worker;      /* name look-ups; required when host is a name */
	int64_t timeout_ms;             /* for connecting and for every silence while an answer is awaited */
};

enum imap_client_stage { IMAP_CLIENT_CONNECT, IMAP_CLIENT_GREETING, IMAP_CLIENT_TLS, IMAP_CLIENT_AUTH, IMAP_CLIENT_READY, IMAP_CLIENT_LOGOUT };

struct imap_client_events {
	/* Logged in: imap_client_run may be called. */
	void (*ready)(void *owner);
	/* An untagged response after the log-in; slices are valid during the call. */
	void (*response)(void *owner, const struct imap_reply *);
	/* The command of imap_client_run is over; reply->kind is OK, NO or BAD.  The next may be run from here. */
	void (*done)(void *owner, const struct imap_reply *);
	/* The session is over; answer with imap_client_close.  DENIED: certificate or log-in; SYNTAX: no IMAP; CLOSED: after logout. */
	void (*closed)(void *owner, enum imap_client_stage where, const struct error *why);
	/* Each line both ways, credentials replaced, long literals counted instead of shown; may be NULL. */
	void (*trace)(void *owner, bool from_server, struct bytes line);
};

#define IMAP_CAN_IDLE       1u
#define IMAP_CAN_LITERAL    2u          /* LITERAL+ */
#define IMAP_CAN_SASL_IR    4u
#define IMAP_CAN_STARTTLS   8u
#define IMAP_CAN_NOT_LOGIN  16u         /* LOGINDISABLED */
#define IMAP_CAN_UIDPLUS    32u
#define IMAP_CAN_MOVE       64u
#define IMAP_CAN_CONDSTORE  128u
#define IMAP_CAN_QRESYNC    256u
#define IMAP_CAN_SPECIAL_USE 512u

/* Never NULL; what cannot work is told by `closed`. */
struct imap_client *imap_client_open(struct net_loop *, const struct imap_client_options *, const struct imap_client_events *, void *owner);
/* Capabilities after the log-in: IMAP_CAN_ bits. */
unsigned imap_client_can(const struct imap_client *);

/*
 * Send one command, without tag and CRLF; only when none is under way.  Literals are written into it as {n} CRLF octets
 * (imap_write.h): they are sent without waiting where LITERAL+ is offered, else after the server's "+".
 */
void imap_client_run(struct imap_client *, struct bytes command);
/*
 * IDLE: responses come, without a deadline, until imap_client_idle_end; then, or when the server refuses, `done`.  A server may close a
 * connection that idles for half an hour.
 */
void imap_client_idle(struct imap_client *);
/* Legal at any time between imap_client_idle and its `done`, and twice. */
void imap_client_idle_end(struct imap_client *);
/* LOGOUT; `closed` follows within 5 s. */
void imap_client_logout(struct imap_client *);
/* At once; no call comes any more.  NULL is ignored. */
void imap_client_close(struct imap_client *);

#endif
