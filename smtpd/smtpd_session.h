/*
 * smtpd_session: one SMTP or LMTP client from its greeting to its end.  RFC 5321, 2920 (pipelining), 2033 (LMTP).
 *
 * A session belongs to one loop.  It reads a line, runs its row of the command table, and reads the next line, unless the
 * handler WAITs (its completion calls smtpd_session_resume) or message data begins.
 */
#ifndef SMTPD_SMTPD_SESSION_H
#define SMTPD_SMTPD_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/list.h"
#include "mailstore/store.h"
#include "message/envelope.h"
#include "netcore/net_line.h"
#include "netcore/net_stream.h"
#include "netcore/net_timer.h"
#include "service/service_server.h"
#include "smtp/smtp_data.h"

struct service_login;
struct smtpd_receive;

/* Where the dialogue stands: what the command table's legal states are made of. */
enum smtpd_state {
	SMTPD_CONNECTED,                /* greeting sent, no EHLO yet */
	SMTPD_GREETED,                  /* EHLO, HELO or LHLO done, no transaction */
	SMTPD_MAIL,                     /* MAIL accepted */
	SMTPD_RCPT,                     /* at least one recipient accepted */
	SMTPD_REFUSED,                  /* recipients were named, all of them refused */
	SMTPD_CHUNKS,                   /* a BDAT that was not the last */
};

enum smtpd_after {                      /* what a handler leaves to the line loop */
	SMTPD_NEXT_LINE,
	SMTPD_WAIT,                     /* a completion goes on: smtpd_session_resume */
	SMTPD_OCTETS,                   /* what follows is no line: session->input says whose it is */
	SMTPD_CLOSE,                    /* the reply is the last one */
};

struct smtpd_transaction {              /* ended in one place: smtpd_session_end_transaction */
	struct envelope envelope;
	struct smtpd_copy {             /* where copies go, after aliases */
		size_t original;        /* index in envelope.recipients */
		int64_t user_id;
		const char *address;    /* in the envelope's arena */
	} *copies;
	size_t n_copies, capacity;
	size_t counted;                 /* octets of recipients and copies, taken from the budget */
	const char *peer_transaction;   /* XTRANSACTION, in the envelope's arena; NULL = none */
	char *pending;                  /* the recipient that is being looked up */
	struct {                        /* of it: NOTIFY, ORCPT (in the envelope's arena) */
		unsigned notify;
		const char *original;
	} pending_options;
};

struct smtpd_login {                    /* RFC 4954; name NULL until it succeeded */
	char *name;
	int64_t user_id;
	struct service_login *exchange; /* AUTH under way */
};

struct smtpd_session {
	struct list_node node;          /* in its loop's list */
	struct service_loop *loop;
	struct service_generation *generation;
	const struct service_listen *listen;    /* of that generation */
	struct net_addr peer;
	struct net_stream *stream;      /* NULL once the peer is gone */
	struct net_line line;
	struct net_timer deadline;      /* for the next line, or the whole message */
	struct net_timer pause;         /* runs while the client is slowed down */
	bool is_waiting;                /* a handler's completion is awaited */
	bool is_reading;                /* smtpd_session_read is on the stack */
	bool is_closing;                /* the last reply is queued */
	bool has_ended;                 /* the peer sent FIN; what it sent before still counts */
	bool is_stopping;               /* the daemon ends: 421 instead of the next transaction */
	bool is_exempt;                 /* limits.exempt: no tarpit, no counters */

	enum smtpd_state state;
	char hello[256];                /* as the client said it */
	bool is_extended;
	bool is_verified;               /* smtpd_peer has looked at the certificate */
	const char *verified_peer;      /* smtpd_peer_verify */
	unsigned n_errors, n_idle_commands, n_unknown_users;
	uint64_t n_messages;

	struct smtpd_login login;
	struct smtpd_transaction transaction;
	struct smtpd_receive *receive;  /* a message under way */
	struct smtpd_input {            /* the octets of it that are being read */
		bool (*octets)(struct smtpd_session *);         /* NULL: the next octets are a line */
		struct smtp_data_decoder decoder;               /* DATA */
		uint64_t size, left;                            /* BDAT: of the chunk */
		bool is_last;
		struct smtp_data_checker checker;
		const char *refusal;                            /* BDAT: read past, then this; "" = it was said already */
	} input;
	struct list slots;              /* messages handed to the store, oldest first: smtpd_slot.h */
	size_t slot_octets;
	struct store_request *request;  /* a look-up the session WAITs for */
};

/* fd is taken over.  Sends the greeting. */
void smtpd_session_create(struct service_loop *, int fd, const struct net_addr *peer, const struct service_listen *);
/* Say 421 and end: at once when idle, else after the message under way. */
void smtpd_session_stop(struct smtpd_session *);

/* The handler that WAITed is done. */
void smtpd_session_resume(struct smtpd_session *, enum smtpd_after);
/* Back to SMTPD_GREETED: the one function every end of a transaction calls. */
void smtpd_session_end_transaction(struct smtpd_session *);
/* Read nothing for so long: a client that guesses or only makes errors.  Never those of limits.exempt. */
void smtpd_session_pause(struct smtpd_session *, int64_t ms);

bool smtpd_session_is_submission(const struct smtpd_session *);
bool smtpd_session_is_lmtp(const struct smtpd_session *);
bool smtpd_session_is_secure(const struct smtpd_session *);
/* "192.0.2.1", or "unix". */
const char *smtpd_session_ip(const struct smtpd_session *, char text[NET_ADDR_TEXT]);
/* Octets have arrived behind the line that is being handled. */
bool smtpd_session_has_pipelined(struct smtpd_session *);
/* Read what is buffered: after slots emptied or the store caught up. */
void smtpd_session_read(struct smtpd_session *);

#endif
