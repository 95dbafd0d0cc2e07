#include "smtpd/smtpd_auth.h"

#include <netinet/in.h>
#include <stdlib.h>

#include "auth/password.h"
#include "auth/sasl_server.h"
#include "base/codec.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "smtpd/smtpd_commands.h"
#include "smtpd/smtpd_loop.h"
#include "smtpd/smtpd_reply.h"

#define FAILURE_PAUSE_MS 2000

struct smtpd_exchange {
	struct smtpd_session *session;  /* NULL: the client is gone, a worker still has the password */
	struct service_loop *loop;
	struct sasl_server *sasl;
	int64_t user_id;
	bool is_checking, is_right;
};

static void on_session_paused(void *owner)
{
	smtpd_session_read(owner);
}

static void destroy(struct smtpd_exchange *e)
{
	sasl_server_destroy(e->sasl);
	free(e);
}

void smtpd_auth_abandon(struct smtpd_session *s)
{
	struct smtpd_exchange *e = s->login.exchange;

	if (e == NULL)
		return;
	s->login.exchange = NULL;
	e->session = NULL;
	if (!e->is_checking)
		destroy(e);
}

static bool allows_cleartext(const struct smtpd_session *s)
{
	switch (s->generation->settings.plaintext_auth) {
	case SERVICE_PLAINTEXT_ALWAYS:
		return true;
	case SERVICE_PLAINTEXT_LOOPBACK:
		return smtpd_session_is_secure(s) ||
		       (net_addr_is_loopback(&s->peer) && net_addr_is_loopback(net_stream_local_addr(s->stream)));
	default:
		return smtpd_session_is_secure(s);
	}
}

void smtpd_auth_offer(const struct smtpd_session *s, struct buffer *text)
{
	if (!smtpd_session_is_submission(s) || s->login.name != NULL || !allows_cleartext(s))
		return;
	buffer_add_text(text, "\nAUTH");
	for (int m = 0; m < SASL_MECHANISM_COUNT; m++)
		buffer_printf(text, " %s", sasl_mechanism_name((enum sasl_mechanism)m));
}

static size_t address_octets(const struct net_addr *addr, const unsigned char **octets)
{
	switch (net_addr_family(addr)) {
	case AF_INET:
		*octets = (const unsigned char *)&((const struct sockaddr_in *)net_addr_sockaddr(addr))->sin_addr;
		return 4;
	case AF_INET6:
		*octets = (const unsigned char *)&((const struct sockaddr_in6 *)net_addr_sockaddr(addr))->sin6_addr;
		return 16;
	default:
		*octets = NULL;
		return 0;
	}
}

static bool may_guess(const struct smtpd_session *s)
{
	const unsigned char *octets;
	size_t len = address_octets(&s->peer, &octets);

	return s->is_exempt || guess_limit_allows(smtpd_loop_of(s->loop)->guesses, octets, len, net_loop_now_ms(s->loop->net));
}

/* The steps, in the order they happen */

static enum smtpd_after advance(struct smtpd_session *, enum sasl_server_status, struct buffer *challenge);

enum smtpd_after smtpd_auth(struct smtpd_session *s, struct bytes arguments)
{
	struct bytes mechanism_name, rest = arguments;
	struct buffer initial = { 0 }, challenge = { 0 };
	enum sasl_mechanism mechanism;
	enum smtpd_after after;
	bool has_initial;

	if (!smtpd_session_is_submission(s))
		return smtpd_reply(s, "503 5.5.1 Authentication belongs on the submission ports");
	if (s->login.name != NULL)
		return smtpd_reply(s, "503 5.5.1 You are authenticated already");
	bytes_cut(&rest, ' ', &mechanism_name);
	rest = bytes_trim(rest);
	has_initial = rest.len > 0;
	if (mechanism_name.len == 0)
		return smtpd_command_bad_syntax(s, "AUTH");
	if (!sasl_mechanism_find(mechanism_name, &mechanism))
		return smtpd_reply(s, "504 5.5.4 Unknown mechanism");
	if (!allows_cleartext(s))
		return smtpd_reply(s, "538 5.7.11 Encryption required: STARTTLS first");
	if (!may_guess(s))
		return smtpd_reply_close(s, "421 4.7.0 Too many failed log-ins from your network");
	if (has_initial && !bytes_equal(rest, BYTES("=")) && !codec_base64_decode(rest, &initial))
		return smtpd_reply(s, "501 5.5.2 Not base64");

	s->login.exchange = xcalloc(1, sizeof *s->login.exchange);
	*s->login.exchange = (struct smtpd_exchange){ .session = s, .loop = s->loop, .sasl = sasl_server_create(mechanism) };
	struct bytes response = buffer_bytes(&initial);
	after = advance(s, sasl_server_start(s->login.exchange->sasl, has_initial ? &response : NULL, &challenge), &challenge);
	if (initial.at != NULL)
		memory_wipe(initial.at, initial.len);
	buffer_release(&initial);
	buffer_release(&challenge);
	return after;
}

enum smtpd_after smtpd_auth_line(struct smtpd_session *s, struct bytes line)
{
	struct buffer answer = { 0 }, challenge = { 0 };
	enum smtpd_after after;

	if (bytes_equal(line, BYTES("*"))) {
		smtpd_auth_abandon(s);
		return smtpd_reply(s, "501 5.7.0 Authentication cancelled");
	}
	if (!codec_base64_decode(line, &answer)) {
		smtpd_auth_abandon(s);
		return smtpd_reply(s, "501 5.5.2 Not base64");
	}
	after = advance(s, sasl_server_step(s->login.exchange->sasl, buffer_bytes(&answer), &challenge), &challenge);
	if (answer.at != NULL)
		memory_wipe(answer.at, answer.len);
	buffer_release(&answer);
	buffer_release(&challenge);
	return after;
}

static void on_record(void *owner, const struct error *err, const struct store_user *users, size_t n)
{
	struct smtpd_session *s = owner;
	struct smtpd_exchange *e = s->login.exchange;
	struct buffer challenge = { 0 };
	struct password_record fake;
	bool is_real = err == NULL && n == 1 && users[0].has_password && !users[0].disabled;

	if (err != NULL && err->kind != ERROR_NOT_FOUND) {
		smtpd_auth_abandon(s);
		smtpd_reply(s, "454 4.7.0 Authentication is not possible now, try again later");
		smtpd_session_resume(s, SMTPD_NEXT_LINE);
		return;
	}
	e->user_id = is_real ? users[0].user_id : 0;
	password_fake(bytes_text(sasl_server_name(e->sasl)), store_secret(service_store(s->loop->service)), &fake);
	enum sasl_server_status status = sasl_server_give_record(e->sasl, is_real ? &users[0].password : &fake, is_real, &challenge);
	smtpd_session_resume(s, advance(s, status, &challenge));
	buffer_release(&challenge);
}

static void check_in_worker(void *job)
{
	struct smtpd_exchange *e = job;

	e->is_right = password_check(sasl_server_password(e->sasl), sasl_server_record(e->sasl));
}

static void on_checked(void *job)
{
	struct smtpd_exchange *e = job;
	struct smtpd_session *s = e->session;

	e->is_checking = false;
	if (e->is_right)
		success_cache_add(smtpd_loop_of(e->loop)->successes, bytes_text(sasl_server_name(e->sasl)),
		                  sasl_server_password(e->sasl), sasl_server_record(e->sasl), net_loop_now_ms(e->loop->net));
	if (s == NULL)
		destroy(e);
	else
		smtpd_session_resume(s, advance(s, sasl_server_give_check(e->sasl, e->is_right), NULL));
}

static enum smtpd_after check(struct smtpd_session *s)
{
	struct smtpd_exchange *e = s->login.exchange;

	if (success_cache_has(smtpd_loop_of(s->loop)->successes, bytes_text(sasl_server_name(e->sasl)),
	                      sasl_server_password(e->sasl), sasl_server_record(e->sasl), net_loop_now_ms(s->loop->net)))
		return advance(s, sasl_server_give_check(e->sasl, true), NULL);
	if (!net_worker_submit(service_worker(s->loop->service), s->loop->net, check_in_worker, on_checked, e)) {
		smtpd_auth_abandon(s);
		return smtpd_reply(s, "454 4.7.0 Too many log-ins at once, try again later");
	}
	e->is_checking = true;
	return SMTPD_WAIT;
}

static enum smtpd_after succeed(struct smtpd_session *s)
{
	struct smtpd_exchange *e = s->login.exchange;
	char ip[NET_ADDR_TEXT];

	s->login.name = xstrdup(sasl_server_name(e->sasl));
	text_lower_bytes(s->login.name, strlen(s->login.name));
	s->login.user_id = e->user_id;
	log_info("smtpd", "login", "user=%s ip=%s mechanism=%s", s->login.name, smtpd_session_ip(s, ip),
	         sasl_mechanism_name(sasl_server_mechanism(e->sasl)));
	smtpd_auth_abandon(s);
	return smtpd_reply(s, "235 2.7.0 Authentication successful");
}

static enum smtpd_after fail(struct smtpd_session *s)
{
	const unsigned char *octets;
	size_t len = address_octets(&s->peer, &octets);
	char ip[NET_ADDR_TEXT];

	log_warning("smtpd", "login-failed", "user=%s ip=%s mechanism=%s", sasl_server_name(s->login.exchange->sasl),
	            smtpd_session_ip(s, ip), sasl_mechanism_name(sasl_server_mechanism(s->login.exchange->sasl)));
	smtpd_auth_abandon(s);
	if (!s->is_exempt) {
		guess_limit_count_failure(smtpd_loop_of(s->loop)->guesses, octets, len, net_loop_now_ms(s->loop->net));
		net_timer_start(&s->pause, s->loop->net, FAILURE_PAUSE_MS, on_session_paused, s);
	}
	return smtpd_reply(s, "535 5.7.8 Wrong user name or password");
}

static enum smtpd_after advance(struct smtpd_session *s, enum sasl_server_status status, struct buffer *challenge)
{
	struct smtpd_exchange *e = s->login.exchange;
	struct buffer text = { 0 };

	switch (status) {
	case SASL_SERVER_CONTINUE:
		buffer_add_text(&text, "334 ");
		codec_base64_encode(buffer_bytes(challenge), &text);
		smtpd_reply(s, "%s", text.at);
		buffer_release(&text);
		return SMTPD_NEXT_LINE;
	case SASL_SERVER_NEEDS_RECORD:
		s->request = store_user_get(s->loop->store, bytes_text(sasl_server_name(e->sasl)), on_record, s);
		return SMTPD_WAIT;
	case SASL_SERVER_NEEDS_CHECK:
		return check(s);
	case SASL_SERVER_DONE:
		return succeed(s);
	case SASL_SERVER_FAILED:
		return fail(s);
	case SASL_SERVER_MALFORMED:
		break;
	}
	smtpd_auth_abandon(s);
	return smtpd_reply(s, "501 5.5.2 Malformed authentication message");
}
