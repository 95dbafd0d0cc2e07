#include "smtpd/smtpd_session.h"

#include <stdlib.h>
#include <sys/socket.h>

#include "base/budget.h"
#include "base/log.h"
#include "base/memory.h"
#include "service/service_login.h"
#include "smtpd/smtpd_auth.h"
#include "smtpd/smtpd_commands.h"
#include "smtpd/smtpd_receive.h"
#include "smtpd/smtpd_loop.h"
#include "smtpd/smtpd_reply.h"
#include "smtpd/smtpd_slot.h"

#define COMMAND_LINE_MAX 2048           /* RFC 5321 4.5.3.1.4 asks for 512 */
#define AUTH_LINE_MAX    12288          /* RFC 4954 4 */
#define LINE_TIMEOUT_MS  (300 * 1000)   /* RFC 5321 4.5.3.2.7 */
#define CROWDED_TIMEOUT_MS (60 * 1000)  /* before MAIL, while most connections are taken */
#define SLOW_RATE        500            /* octets a second a message must keep up */
#define ERRORS_SLOW      10
#define ERRORS_MAX       20
#define ERRORS_PAUSE_MS  1000

/* The end */

static void destroy(struct smtpd_session *s)
{
	net_timer_stop(&s->deadline);
	net_timer_stop(&s->pause);
	store_request_forget(s->request);
	smtpd_slots_abandon(s);
	smtpd_auth_forget(s);
	smtpd_receive_abandon(s);
	smtpd_session_end_transaction(s);
	list_remove(&smtpd_loop_of(s->loop)->sessions, &s->node);
	service_connection_end(s->loop, &s->peer);
	service_generation_unref(s->generation);
	net_loop_free_later(s->loop->net, s);
}

/* End the connection after the replies queued so far. */
static void finish(struct smtpd_session *s)
{
	char ip[NET_ADDR_TEXT];

	if (s->stream == NULL)
		return;
	log_info("smtpd", "disconnected", "ip=%s user=%s messages=%llu errors=%u", smtpd_session_ip(s, ip),
	         s->login.name ? s->login.name : "-", (unsigned long long)s->n_messages, s->n_errors);
	net_stream_finish(s->stream);
	s->stream = NULL;
	destroy(s);
}

static void on_closed(void *owner, const struct error *why)
{
	struct smtpd_session *s = owner;
	char ip[NET_ADDR_TEXT];

	if (why->kind == ERROR_CLOSED) {
		/* A client may send its whole dialogue and its FIN at once: it still gets its answers. */
		s->has_ended = true;
		smtpd_session_read(s);
		return;
	}
	log_info("smtpd", "connection-lost", "ip=%s user=%s messages=%llu error=%s", smtpd_session_ip(s, ip),
	         s->login.name ? s->login.name : "-", (unsigned long long)s->n_messages, why->text);
	net_stream_close(s->stream);
	s->stream = NULL;
	destroy(s);
}

void smtpd_session_end_transaction(struct smtpd_session *s)
{
	smtpd_receive_abandon(s);
	envelope_reset(&s->transaction.envelope);
	budget_give(service_budget(s->loop->service), s->transaction.counted);
	free(s->transaction.copies);
	free(s->transaction.pending);
	s->transaction = (struct smtpd_transaction){ 0 };
	if (s->state > SMTPD_GREETED)
		s->state = SMTPD_GREETED;
}

static enum smtpd_after say_going_down(struct smtpd_session *s)
{
	return smtpd_reply_close(s, "421 4.3.2 %s is going down, try again later", s->generation->settings.hostname);
}

void smtpd_session_stop(struct smtpd_session *s)
{
	s->is_stopping = true;
	smtpd_session_read(s);
}

/* Time */

static void on_deadline(void *owner)
{
	struct smtpd_session *s = owner;

	smtpd_receive_abandon(s);
	smtpd_reply_close(s, "421 4.4.2 %s timed out waiting for you", s->generation->settings.hostname);
	smtpd_session_read(s);
}

static void set_deadline(struct smtpd_session *s)
{
	int64_t after_ms = LINE_TIMEOUT_MS;

	if (s->state <= SMTPD_GREETED && s->n_messages == 0 && smtpd_loop_is_crowded(s->loop))
		after_ms = CROWDED_TIMEOUT_MS;
	if (s->receive != NULL)
		after_ms = smtpd_receive_deadline_ms(s, LINE_TIMEOUT_MS, SLOW_RATE);
	net_timer_start(&s->deadline, s->loop->net, after_ms, on_deadline, s);
}

static void read_on(void *owner)
{
	smtpd_session_read(owner);
}

void smtpd_session_pause(struct smtpd_session *s, int64_t ms)
{
	/* While one runs nothing is read that could ask for another: an armed one is longer. */
	if (!s->is_exempt && !net_timer_is_armed(&s->pause))
		net_timer_start(&s->pause, s->loop->net, ms, read_on, s);
}

/* Clients that only make errors are slowed down, then cut off. */
static void weigh_errors(struct smtpd_session *s)
{
	if (s->is_exempt || s->is_closing)
		return;
	if (s->n_errors >= ERRORS_MAX)
		smtpd_reply_close(s, "421 4.7.0 Too many errors");
	else if (s->n_errors >= ERRORS_SLOW)
		smtpd_session_pause(s, ERRORS_PAUSE_MS);
}

/* Lines */

static enum smtpd_after handle_line(struct smtpd_session *s, struct bytes line)
{
	if (s->login.exchange != NULL)
		return smtpd_auth_line(s, line);
	return s->is_stopping ? say_going_down(s) : smtpd_command_run(s, line);
}

static void apply(struct smtpd_session *s, enum smtpd_after after)
{
	s->is_waiting = after == SMTPD_WAIT;
	if (after == SMTPD_CLOSE)
		s->is_closing = true;
	if (!s->is_waiting)
		weigh_errors(s);
}

/* No line at all: an exchange that waits for one is over too. */
static void refuse_line(struct smtpd_session *s, const char *reply)
{
	smtpd_auth_abandon(s);
	smtpd_reply(s, "%s", reply);
	weigh_errors(s);
}

/* False: nothing whole to read now. */
static bool read_line(struct smtpd_session *s)
{
	char copy[AUTH_LINE_MAX];
	struct bytes line;

	s->line.limit = s->login.exchange != NULL ? AUTH_LINE_MAX : COMMAND_LINE_MAX;
	switch (net_line_read(&s->line, s->stream, &line)) {
	case NET_LINE_NONE:
		return false;
	case NET_LINE_TOO_LONG:
		refuse_line(s, s->line.limit == AUTH_LINE_MAX ? "500 5.5.6 Line too long" : "500 5.5.2 Line too long");
		break;
	case NET_LINE_BARE_LF:
		smtpd_reply_close(s, "500 5.5.2 Lines end with CR LF");
		break;
	case NET_LINE_NUL:
		refuse_line(s, "500 5.5.2 NUL is not allowed");
		break;
	case NET_LINE_READY:
		if (smtpd_command_must_wait(s, line) && s->login.exchange == NULL)
			return false;
		/* A handler may start TLS, which drops the input: it works on a copy. */
		memcpy(copy, line.at, line.len);
		line = (struct bytes){ copy, line.len };
		net_line_done(s->stream, line);
		if (bytes_find(line, '\r') < line.len)
			refuse_line(s, "500 5.5.2 A CR belongs before LF only");
		else
			apply(s, handle_line(s, line));
		break;
	}
	if (s->stream != NULL)
		set_deadline(s);
	return true;
}

static bool may_read(const struct smtpd_session *s)
{
	/* After its FIN a client's input is bounded, and nobody tells when the output has drained. */
	return s->stream != NULL && !s->is_closing && !s->is_waiting && !net_timer_is_armed(&s->pause) && !smtpd_slots_are_full(s) &&
	       !smtpd_receive_is_waiting(s) && (s->has_ended || net_stream_pending(s->stream) < NET_STREAM_OUTPUT_HIGH);
}

/* Nothing is under way that the client waits for. */
static bool is_idle(const struct smtpd_session *s)
{
	return s->input.octets == NULL && !s->is_waiting && list_is_empty(&s->slots);
}

void smtpd_session_read(struct smtpd_session *s)
{
	if (s->is_reading || s->stream == NULL)
		return;
	s->is_reading = true;
	while (may_read(s))
		if (!(s->input.octets != NULL ? s->input.octets(s) : read_line(s)))
			break;
	s->is_reading = false;
	if (s->receive != NULL)
		set_deadline(s);
	if (s->is_stopping && is_idle(s))
		say_going_down(s);
	if (list_is_empty(&s->slots) && (s->is_closing || (s->has_ended && may_read(s))))
		finish(s);
}

void smtpd_session_resume(struct smtpd_session *s, enum smtpd_after after)
{
	s->request = NULL;
	apply(s, after);
	if (s->stream == NULL)
		return;
	set_deadline(s);
	smtpd_session_read(s);
}

/* The beginning */

/* A client that does not listen first may be a browser that was tricked.  RFC 5321 3.1 */
static bool spoke_before_greeting(const struct smtpd_session *s, int fd)
{
	char octet;

	return !s->is_exempt && recv(fd, &octet, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

static void greet(struct smtpd_session *s)
{
	smtpd_reply(s, "220 %s %s Posta, HELP teaches", s->generation->settings.hostname, smtpd_session_is_lmtp(s) ? "LMTP" : "ESMTP");
}

static void on_secured(void *owner)
{
	struct smtpd_session *s = owner;

	/* Implicit TLS: the greeting waited for the handshake.  After STARTTLS the client speaks next. */
	if (s->listen->tls == SERVICE_TLS_IMPLICIT)
		greet(s);
	set_deadline(s);
}

static const struct net_stream_events stream_events = { read_on, read_on, on_secured, on_closed };

void smtpd_session_create(struct service_loop *loop, int fd, const struct net_addr *peer, const struct service_listen *listen)
{
	struct smtpd_session *s = xcalloc(1, sizeof *s);
	char ip[NET_ADDR_TEXT];
	bool spoke;

	s->loop = loop;
	s->generation = service_generation_ref(loop->generation);
	s->listen = listen;
	s->peer = *peer;
	s->is_exempt = service_login_is_exempt(&s->generation->settings, peer);
	spoke = listen->tls != SERVICE_TLS_IMPLICIT && spoke_before_greeting(s, fd);
	s->stream = net_stream_create(loop->net, fd, &stream_events, s, service_budget(loop->service));
	list_append(&smtpd_loop_of(loop)->sessions, &s->node);
	log_info("smtpd", "connected", "ip=%s service=%s", smtpd_session_ip(s, ip),
	         smtpd_session_is_lmtp(s) ? "lmtp" : smtpd_session_is_submission(s) ? "submission" : "smtp");
	set_deadline(s);
	if (listen->tls == SERVICE_TLS_IMPLICIT)
		net_stream_start_tls_server(s->stream, listen->service == SERVICE_SMTP ? s->generation->tls_asking : s->generation->tls);
	else if (spoke)
		smtpd_reply_close(s, "554 5.5.0 Wait for the greeting before sending");
	else
		greet(s);
	if (s->is_closing)
		finish(s);
}

/* Questions */

bool smtpd_session_is_submission(const struct smtpd_session *s)
{
	return s->listen->service == SERVICE_SUBMISSION;
}

bool smtpd_session_is_lmtp(const struct smtpd_session *s)
{
	return s->listen->service == SERVICE_LMTP;
}

bool smtpd_session_is_secure(const struct smtpd_session *s)
{
	return s->stream != NULL && net_stream_is_secure(s->stream);
}

const char *smtpd_session_ip(const struct smtpd_session *s, char text[NET_ADDR_TEXT])
{
	return net_addr_family(&s->peer) == AF_UNIX ? "unix" : net_addr_format_ip(&s->peer, text);
}

bool smtpd_session_has_pipelined(struct smtpd_session *s)
{
	return net_stream_input(s->stream).len > 0;
}
