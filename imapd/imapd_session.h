/*
 * imapd_session: one connection of a mail client, from greeting to BYE.  RFC 9051 3, RFC 3501.
 *
 * Input is cut into commands by imap_token; imapd_commands runs them one after another: nothing is read while a
 * command waits.  A handler returns what comes next; a completion hands the same answer to imapd_session_resume.
 * An idle session holds no arena block and no input or output buffer.
 */
#ifndef IMAPD_IMAPD_SESSION_H
#define IMAPD_IMAPD_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/bytes.h"
#include "base/codec.h"
#include "base/list.h"
#include "imap/imap_token.h"
#include "mailstore/store.h"
#include "netcore/net_stream.h"
#include "netcore/net_timer.h"
#include "service/service_server.h"

struct imapd_command;
struct imapd_view;
struct imapd_update;
struct imapd_session;

enum imapd_state { IMAPD_GREETED, IMAPD_AUTHENTICATED, IMAPD_SELECTED };

enum imapd_after {
	IMAPD_NEXT,                     /* the command is answered */
	IMAPD_WAIT,                     /* a completion will call imapd_session_resume; read nothing meanwhile */
	IMAPD_READ,                     /* the command wants more input: on_line, or octets of a literal */
	IMAPD_CLOSE,                    /* send what is queued and close */
};

typedef enum imapd_after imapd_line_fn(struct imapd_session *, struct bytes line);

/* A loop's sessions: service_loop.program. */
struct imapd_loop {
	struct list sessions;
};

struct imapd_session {
	struct service_loop *loop;
	struct service_generation *generation;
	struct net_stream *stream;
	struct net_addr peer;
	struct list_node node;
	struct net_timer timer;         /* log-in limit, autologout, IDLE's sign of life, delay of a refusal */
	char id[CODEC_ID_LEN + 1];        /* names the session in the log */

	enum imapd_state state;
	int64_t user_id;
	char *user;
	struct imapd_view *view;        /* the selected mailbox */
	struct imapd_update *update;    /* of the command under way */

	/* the command under way */
	struct imap_token_reader reader;
	const struct imapd_command *command;
	struct buffer tag;
	struct arena arena;             /* reset when the command is answered */
	struct buffer out;              /* responses not yet given to the stream */
	void *work;                     /* the command's own state; released by release_work */
	void (*release_work)(struct imapd_session *);
	struct store_request *request;
	imapd_line_fn *on_line;         /* takes the next whole line instead of a new command */
	imapd_line_fn *on_octets;       /* takes octets of a passed literal */
	const char *refusal;            /* tagged reply once a dropped literal was read, or a delay is over */
	const char *final;              /* the tagged reply, while the view is brought up to date */
	size_t budget_taken;

	void (*on_drained)(struct imapd_session *);
	int64_t login_until_ms, idle_until_ms;
	bool is_tls_offered;            /* STARTTLS */
	bool is_reading, is_in_read;    /* a command may take input; session_read is on the stack */
	bool is_partial;                /* part of a command has arrived */
	bool is_over;                   /* closed; memory goes after this pass of the loop */
	bool has_ended;                 /* the client has sent all it will: it still gets its answers */
	bool is_bye_sent, is_idle, is_stopping;
	unsigned n_looks;               /* at output that the stream no longer tells about */
	unsigned n_bad;
	struct {
		uint64_t commands, fetched, appended, stored, copied, expunged;
	} counts;
};

/* A new connection: see service_program. */
void imapd_session_accept(struct service_loop *, int fd, const struct net_addr *peer, const struct service_listen *);
/* Say BYE as soon as the command under way is answered. */
void imapd_session_stop(struct imapd_session *, const char *why);

/* A completion's last call.  The session may be gone afterwards. */
void imapd_session_resume(struct imapd_session *, enum imapd_after);
/* Give the stream what is in out; false: stop producing until on_drained. */
bool imapd_session_flush(struct imapd_session *);
/* What follows is lines for this command, without literals: fn gets each. */
enum imapd_after imapd_session_read_lines(struct imapd_session *, imapd_line_fn *fn);
/* Call then(s) once when the stream has drained. */
void imapd_session_when_drained(struct imapd_session *, void (*then)(struct imapd_session *));
/* Log-in limit or autologout from now on. */
void imapd_session_arm(struct imapd_session *);
/* The client has so long for what it is sending. */
void imapd_session_arm_for(struct imapd_session *, int64_t ms);
/* Leave the selected mailbox. */
void imapd_session_deselect(struct imapd_session *);
/* "* BYE text", close, free after this pass of the loop.  Legal anywhere but then the caller must return at once. */
void imapd_session_bye(struct imapd_session *, const char *text);

/* A password may cross this connection: TLS, or plaintext_auth allows it. */
bool imapd_session_may_send_password(struct imapd_session *);
/* No limits and delays for this peer: settings limits.exempt. */
bool imapd_session_is_exempt(const struct imapd_session *);
const char *imapd_session_ip(const struct imapd_session *, char text[NET_ADDR_TEXT]);

#endif
