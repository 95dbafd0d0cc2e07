/* smtp_client_state: what the files of smtp_client share.  Nobody else includes it. */
#ifndef SMTP_SMTP_CLIENT_STATE_H
#define SMTP_SMTP_CLIENT_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "auth/sasl_client.h"
#include "base/arena.h"
#include "base/buffer.h"
#include "netcore/net_connect.h"
#include "netcore/net_line.h"
#include "netcore/net_stream.h"
#include "netcore/net_timer.h"
#include "smtp/smtp_client.h"
#include "smtp/smtp_data.h"
#include "smtp/smtp_reply.h"

/* What the session waits for: mostly the reply to the command of that name. */
enum smtp_client_state {
	STATE_CONNECT, STATE_HANDSHAKE, STATE_GREETING, STATE_EHLO, STATE_HELO, STATE_STARTTLS, STATE_AUTH, STATE_AUTH_WORK, STATE_CANCEL,
	STATE_READY, STATE_MAIL, STATE_RCPT, STATE_DATA, STATE_BODY, STATE_DOT, STATE_LOCAL, STATE_RSET, STATE_NOOP, STATE_QUIT, STATE_OVER,
};

#define SMTP_CLIENT_BEHIND_MAX 31       /* messages behind the one whose reply is awaited */

struct smtp_client_auth_job;

/* One message on its way. */
struct smtp_client_transaction {
	const struct smtp_client_message *message;
	struct smtp_client_result *results;     /* [message->n_recipients], from the arena */
	bool *decided;                  /* the result of that recipient is known */
	size_t at;                      /* the recipient whose reply is awaited */
	size_t n_awaited;               /* replies to RCPT that are still to come for what was pipelined */
	size_t n_accepted;              /* RCPT said yes, the end is open */
	bool is_whole;                  /* sent with BDAT, all of it */
	bool mail_refused, is_open;     /* is_open: the peer has a MAIL that no end of data closed */
	struct smtp_data_encoder encoder;
	struct buffer encoded;
	uint64_t offset;                /* octets taken from the owner */
	bool wants, in_next;
	struct error failure;           /* of the owner's octets; told in the next pass */
	struct arena arena;
};

struct smtp_client {
	struct net_loop *loop;
	const struct smtp_client_events *events;
	void *owner;
	enum smtp_client_state state;
	/* options */
	char *host, *hello, *tls_name, *username, *password;
	int port;
	enum smtp_client_tls tls;
	struct net_tls_context *tls_context;
	bool allow_cleartext;
	struct net_worker *worker;
	struct budget *budget;
	int64_t timeout_max_ms;
	int64_t dot_timeout_ms;
	/* the session */
	struct net_connect *connect;
	struct net_stream *stream;
	struct net_line line;
	struct net_timer later;         /* what a call could decide at once, told in the next pass */
	struct smtp_reply reply;
	struct smtp_extensions extensions;
	struct sasl_client *sasl;
	struct smtp_client_auth_job *job;
	struct smtp_client_transaction transaction;
	struct smtp_client_transaction behind[SMTP_CLIENT_BEHIND_MAX];  /* their commands are written: behind the final dot of the first, or all whole */
	size_t n_behind;
	size_t n_begun;                 /* messages */
	bool quitting, gone;
	bool was_recalled;              /* the peer has commands of a message that will not come */
};

/* Write one command; the CRLF is added.  shown: what the trace may see, NULL = the command itself. */
void smtp_client_command(struct smtp_client *, struct bytes command, const char *shown);
/* Wait for the next reply in this state, with the state's deadline. */
void smtp_client_expect(struct smtp_client *, enum smtp_client_state);
/* The session is open, or free again. */
void smtp_client_become_ready(struct smtp_client *);
/* The session is over: results of a message under way, then `closed`. */
void smtp_client_end(struct smtp_client *, const struct error *why);
/* The same with the reply at hand as the reason: 5yz DENIED, else TRY_LATER. */
void smtp_client_end_with_reply(struct smtp_client *, const char *what);

/* smtp_client_hello */
void smtp_client_on_greeting(struct smtp_client *);
void smtp_client_on_ehlo(struct smtp_client *);
void smtp_client_on_helo(struct smtp_client *);
void smtp_client_on_starttls(struct smtp_client *);
void smtp_client_on_secured(struct smtp_client *);

/* smtp_client_auth */
void smtp_client_authenticate(struct smtp_client *);
void smtp_client_on_auth(struct smtp_client *);
void smtp_client_on_cancel(struct smtp_client *);
void smtp_client_auth_release(struct smtp_client *);

/* smtp_client_write */
void smtp_client_write_mail(struct smtp_client *, const struct smtp_client_message *);
void smtp_client_write_rcpt(struct smtp_client *, const struct smtp_client_recipient *);
/* BDAT LAST with all octets; a CRLF that the last line lacks is added, as before a final dot. */
void smtp_client_write_whole(struct smtp_client *, struct bytes octets);
bool smtp_client_needs_utf8(const struct smtp_client_message *);

/* smtp_client_transaction */
void smtp_client_on_mail(struct smtp_client *);
void smtp_client_on_rcpt(struct smtp_client *);
void smtp_client_on_data(struct smtp_client *);
void smtp_client_on_early(struct smtp_client *);
void smtp_client_on_dot(struct smtp_client *);
void smtp_client_on_drained(struct smtp_client *);
/* Over: give the undecided recipients their verdict because the session ended. */
void smtp_client_transaction_cut(struct smtp_client *, const struct error *why);
void smtp_client_transaction_release(struct smtp_client_transaction *);

#endif
