/*
 * smtp_client: one outgoing SMTP session on one loop, used for any number of messages one after the other.  RFC 5321, 2920, 3207, 4954.
 *
 *   smtp_client_open → connect, greeting, EHLO (HELO when refused), STARTTLS by policy, EHLO, AUTH → ready
 *   smtp_client_send → MAIL RCPT… DATA (one write where PIPELINING is offered), octets pulled by `next` → sent → ready
 *                    → MAIL RCPT… BDAT LAST and all octets behind those of others, where sending it again is harmless (smtp_client_takes_whole)
 *   smtp_client_quit → QUIT, closed
 *
 * Every wait has the deadline of RFC 5321 4.5.3.2.  Callbacks never come from inside a call of smtp_client_open,
 * _send, _quit or _keep_alive.  smtp_client_close is legal in all of them.
 */
#ifndef SMTP_SMTP_CLIENT_H
#define SMTP_SMTP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/budget.h"
#include "base/bytes.h"
#include "base/error.h"
#include "netcore/net_loop.h"
#include "netcore/net_tls_context.h"
#include "netcore/net_worker.h"
#include "smtp/smtp_extension.h"
#include "smtp/smtp_parameters.h"

struct smtp_client;

enum smtp_client_tls {
	SMTP_CLIENT_TLS_NONE,
	SMTP_CLIENT_TLS_OPPORTUNISTIC,  /* STARTTLS when offered; a failed handshake ends the session with where = TLS: open again with NONE */
	SMTP_CLIENT_TLS_REQUIRED,       /* STARTTLS or nothing; what is verified is the context's business */
	SMTP_CLIENT_TLS_IMPLICIT,       /* TLS before the greeting */
};

struct smtp_client_options {            /* texts are copied */
	const char *host;               /* name or address */
	int port;
	const char *hello;              /* our own name */
	enum smtp_client_tls tls;
	struct net_tls_context *tls_context;    /* referenced; needed unless NONE */
	const char *tls_name;           /* to verify and for SNI; NULL = host */
	const char *username, *password;        /* username NULL = no AUTH; with one, a server that offers no AUTH is refused */
	bool allow_cleartext;           /* PLAIN and LOGIN also without TLS */
	struct net_worker *worker;      /* name look-ups and SCRAM's key; required when host is a name */
	struct budget *budget;          /* may be NULL */
	int64_t reply_timeout_ms;       /* upper bound for every wait but the final dot; 0 = the RFC's */
	int64_t dot_timeout_ms;         /* for the final dot: what is cut off before the RFC's ten minutes may arrive twice; 0 = the RFC's */
};

/* Where a session stood when it ended. */
enum smtp_client_stage {
	SMTP_CLIENT_CONNECT, SMTP_CLIENT_GREETING, SMTP_CLIENT_HELLO, SMTP_CLIENT_TLS, SMTP_CLIENT_AUTH,
	SMTP_CLIENT_READY, SMTP_CLIENT_TRANSACTION, SMTP_CLIENT_QUIT,
};

enum smtp_client_verdict {
	SMTP_CLIENT_ACCEPTED,           /* 250 after the final dot: theirs now */
	SMTP_CLIENT_TEMPORARY,          /* 4yz, lost connection, timeout */
	SMTP_CLIENT_PERMANENT,          /* 5yz, or the peer lacks what the message needs */
	SMTP_CLIENT_UNTRIED,            /* the session's limit, not the message's (421, 452 4.5.3, closed while idle): send at once in a new transaction or session */
};

struct smtp_client_result {             /* of one recipient */
	enum smtp_client_verdict verdict;
	int code;                       /* of the reply that decided; 0 = our own words */
	char enhanced[12];              /* "5.1.1"; never empty: x.0.0 of the class when the peer gave none */
	const char *text;               /* "550 5.1.1 no such user", printable; valid during the call */
};

struct smtp_client_events {
	/* A message may be sent now, nothing is under way: after the opening, after each `sent` while the session lasts, and after keep_alive. */
	void (*ready)(void *owner);
	/* Octets from offset on are wanted: answer once, now or later, with smtp_client_body or smtp_client_body_failed. */
	void (*next)(void *owner, uint64_t offset);
	/*
	 * The message is over, results in the order of its recipients.  Comes once per smtp_client_send that was not recalled, in the order of these, before
	 * `closed` if the session ended.  One sent behind another whose session ended first is UNTRIED.
	 */
	void (*sent)(void *owner, const struct smtp_client_result *results, size_t n);
	/*
	 * The session is over; answer with smtp_client_close.  why: CLOSED after smtp_client_quit; DENIED: certificate, AUTH or a 5yz
	 * greeting; SYNTAX: the peer speaks no SMTP; TRY_LATER, SYSTEM, CLOSED else.
	 */
	void (*closed)(void *owner, enum smtp_client_stage where, const struct error *why);
	/* Each line both ways, without CRLF, credentials replaced, message octets left out; may be NULL. */
	void (*trace)(void *owner, bool from_server, struct bytes line);
	/*
	 * The next message may be sent behind those under way; may be NULL.  Where PIPELINING is offered from within smtp_client_body, behind
	 * the final dot.  RFC 2920 3.1: its MAIL, RCPT and DATA travel while the dot's reply does; its octets are asked for when that came.
	 * Of a peer that takes whole messages also after a `sent` with others under way, and when what was written has left.
	 */
	void (*room)(void *owner);
};

/* Never NULL; what cannot work is told by `closed`. */
struct smtp_client *smtp_client_open(struct net_loop *, const struct smtp_client_options *, const struct smtp_client_events *, void *owner);

struct smtp_client_recipient {
	const char *address;            /* local@domain */
	unsigned notify;                /* ENVELOPE_NOTIFY_; passed on where DSN is offered */
	const char *original;           /* ORCPT decoded, or NULL */
};

struct smtp_client_message {            /* must stay valid until `sent` */
	const char *sender;             /* local@domain; "" = <> */
	const struct smtp_client_recipient *recipients;
	size_t n_recipients;            /* at least 1 */
	uint64_t size;                  /* octets `next` will give in all */
	struct bytes whole;             /* all of them, for a peer that smtp_client_takes_whole; read within smtp_client_send; empty = by `next` */
	bool is_8bit;
	enum envelope_return returns;
	const char *envelope_id;        /* ENVID decoded, or NULL */
	const char *transaction;        /* names it where XTRANSACTION is offered, the same at each try; or NULL */
};

/* Only when smtp_client_is_ready or smtp_client_has_room; with `whole` when smtp_client_takes_whole. */
void smtp_client_send(struct smtp_client *, const struct smtp_client_message *);
/*
 * Take back all messages behind the one whose reply is still awaited, and no `sent` comes for them: none of their octets left, or the peer
 * will know them by their transactions.  The session ends with that reply, for the peer would take what follows as one of them.  False: there
 * are none, or the reply came.
 */
bool smtp_client_recall(struct smtp_client *);
/* The answer to `next`: copied; empty = the end of the message. */
void smtp_client_body(struct smtp_client *, struct bytes octets);
/* The octets cannot be had: the session is cut off, so that the peer keeps nothing; the results are TEMPORARY. */
void smtp_client_body_failed(struct smtp_client *, const struct error *);

bool smtp_client_is_ready(const struct smtp_client *);
/* A message may be sent behind the one whose final dot is under way. */
bool smtp_client_has_room(const struct smtp_client *);
/*
 * A message whose octets are all at hand may be sent, at once and behind up to 31 others: the peer offers PIPELINING, CHUNKING (RFC 3030)
 * and XTRANSACTION, by which it knows what it has already should the session end before its reply came.
 */
bool smtp_client_takes_whole(const struct smtp_client *);
/* The peer said how many messages it takes in a session (LIMITS MAILMAX, RFC 9422), and that many were begun. */
bool smtp_client_is_spent(const struct smtp_client *);
/* What the last EHLO said; bits 0 after HELO. */
const struct smtp_extensions *smtp_client_extensions(const struct smtp_client *);

/* NOOP, when ready; `ready` or `closed` follows. */
void smtp_client_keep_alive(struct smtp_client *);
/* QUIT when ready, else as soon as the message under way is over; `closed` follows within 5 s. */
void smtp_client_quit(struct smtp_client *);
/* At once, whatever is under way; no call comes any more.  NULL is ignored. */
void smtp_client_close(struct smtp_client *);

#endif
