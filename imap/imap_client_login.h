/*
 * imap_client_login: the opening of a session, from its greeting to the log-in, and what it shares with imap_client.  Nobody else
 * includes it.
 */
#ifndef IMAP_IMAP_CLIENT_LOGIN_H
#define IMAP_IMAP_CLIENT_LOGIN_H

#include "auth/sasl_client.h"
#include "base/buffer.h"
#include "imap/imap_client.h"
#include "imap/imap_token.h"
#include "netcore/net_connect.h"
#include "netcore/net_stream.h"
#include "netcore/net_timer.h"

struct imap_client {
	struct net_loop *loop;
	struct imap_client_options options;
	char *host, *username, *password;
	const struct imap_client_events *events;
	void *owner;

	struct net_connect *connecting;
	struct net_stream *stream;
	struct net_timer deadline;
	struct imap_token_reader reader;
	enum imap_client_stage stage;
	unsigned can, mechanisms;
	bool has_capabilities;

	unsigned n_commands;
	char tag[16];                   /* of the command under way; "" = none */
	struct buffer unsent;           /* of it: from a literal on that waits for "+" */
	size_t literal_len;             /* octets of that literal */
	void (*then)(struct imap_client *, const struct imap_reply *);  /* its end, for our own commands; NULL = the owner's */
	struct sasl_client *sasl;
	enum { IMAP_CLIENT_IDLE_NOT, IMAP_CLIENT_IDLE_ASKED, IMAP_CLIENT_IDLE_ON, IMAP_CLIENT_IDLE_OVER } idle;
	bool ends_idle;                 /* as soon as it is on */
	bool hides_output;              /* trace: what we send is secret */
};

/* The greeting came. */
void imap_client_greeted(struct imap_client *, const struct imap_reply *);
/* The stream's `secured`. */
void imap_client_on_secured(void *owner);
/* "+" during AUTHENTICATE. */
void imap_client_answer_challenge(struct imap_client *, struct bytes challenge);
/* Wherever a server tells them. */
void imap_client_read_capabilities(struct imap_client *, struct bytes rest);

/* Of imap_client.c: send a command of our own; `then` gets its tagged reply. */
void imap_client_command(struct imap_client *, struct bytes command, void (*then)(struct imap_client *, const struct imap_reply *));
/* The server has the time-out from now on. */
void imap_client_await(struct imap_client *);
void imap_client_trace(struct imap_client *, bool from_server, struct bytes text);
/* Tell `closed`; "host: …". */
void imap_client_fail(struct imap_client *, enum error_kind, const char *format, ...) __attribute__((format(printf, 3, 4)));
void imap_client_end(struct imap_client *, const struct error *why);

#endif
