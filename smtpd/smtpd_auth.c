#include "smtpd/smtpd_auth.h"

#include <stdlib.h>

#include "auth/sasl_mechanism.h"
#include "base/codec.h"
#include "base/log.h"
#include "base/memory.h"
#include "service/service_login.h"
#include "smtpd/smtpd_commands.h"
#include "smtpd/smtpd_reply.h"

#define FAILURE_PAUSE_MS 2000

void smtpd_auth_abandon(struct smtpd_session *s)
{
	service_login_destroy(s->login.exchange);
	s->login.exchange = NULL;
}

void smtpd_auth_forget(struct smtpd_session *s)
{
	smtpd_auth_abandon(s);
	free(s->login.name);
	s->login = (struct smtpd_login){ 0 };
}

void smtpd_auth_offer(const struct smtpd_session *s, struct buffer *text)
{
	if (!smtpd_session_is_submission(s) || s->login.name != NULL || !service_login_allows_password(&s->generation->settings, s->stream))
		return;
	buffer_add_text(text, "\nAUTH");
	for (int m = 0; m < SASL_MECHANISM_COUNT; m++)
		buffer_printf(text, " %s", sasl_mechanism_name((enum sasl_mechanism)m));
}

/* The answers, and where they lead */

static enum smtpd_after succeed(struct smtpd_session *s)
{
	char ip[NET_ADDR_TEXT];

	s->login.name = xstrdup(service_login_user(s->login.exchange));
	s->login.user_id = service_login_user_id(s->login.exchange);
	log_info("smtpd", "login", "user=%s ip=%s mechanism=%s", s->login.name, smtpd_session_ip(s, ip),
	         service_login_mechanism(s->login.exchange));
	smtpd_auth_abandon(s);
	return smtpd_reply(s, "235 2.7.0 Authentication successful");
}

static enum smtpd_after fail(struct smtpd_session *s, const char *reply)
{
	smtpd_auth_abandon(s);
	smtpd_session_pause(s, FAILURE_PAUSE_MS);
	return smtpd_reply(s, "%s", reply);
}

static enum smtpd_after answer(struct smtpd_session *s, enum service_login_status status)
{
	switch (status) {
	case SERVICE_LOGIN_PENDING:
		return SMTPD_WAIT;
	case SERVICE_LOGIN_CHALLENGE:
		return smtpd_reply(s, "334 %s", service_login_challenge(s->login.exchange));
	case SERVICE_LOGIN_OK:
		return succeed(s);
	case SERVICE_LOGIN_REFUSED:
		return fail(s, "535 5.7.8 Wrong user name or password");
	case SERVICE_LOGIN_MALFORMED:
		return fail(s, "501 5.5.2 Not base64, or not a message of this mechanism");
	case SERVICE_LOGIN_LIMITED:
		smtpd_auth_abandon(s);
		return smtpd_reply_close(s, "421 4.7.0 Too many failed log-ins from your network");
	case SERVICE_LOGIN_UNAVAILABLE:
		break;
	}
	return fail(s, "454 4.7.0 Authentication is not possible now, try again later");
}

static void on_login(void *owner, enum service_login_status status)
{
	struct smtpd_session *s = owner;

	smtpd_session_resume(s, answer(s, status));
}

enum smtpd_after smtpd_auth(struct smtpd_session *s, struct bytes arguments)
{
	struct bytes mechanism_name, rest = arguments, initial;
	struct buffer decoded = { 0 };
	enum sasl_mechanism mechanism;
	enum smtpd_after after;
	bool has_initial;

	bytes_cut(&rest, ' ', &mechanism_name);
	rest = bytes_trim(rest);
	has_initial = rest.len > 0;
	if (mechanism_name.len == 0)
		return smtpd_command_bad_syntax(s, "AUTH");
	if (!sasl_mechanism_find(mechanism_name, &mechanism))
		return smtpd_reply(s, "504 5.5.4 Unknown mechanism");
	if (!service_login_allows_password(&s->generation->settings, s->stream))
		return smtpd_reply(s, "538 5.7.11 Encryption required: STARTTLS first");
	if (has_initial && !bytes_equal(rest, BYTES("=")) && !codec_base64_decode(rest, &decoded))
		return smtpd_reply(s, "501 5.5.2 Not base64");

	s->login.exchange = service_login_create(s->loop, &s->peer, s->is_exempt, mechanism, on_login, s);
	initial = buffer_bytes(&decoded);
	after = answer(s, service_login_start(s->login.exchange, has_initial ? &initial : NULL));
	if (decoded.at != NULL)
		memory_wipe(decoded.at, decoded.len);
	buffer_release(&decoded);
	return after;
}

enum smtpd_after smtpd_auth_line(struct smtpd_session *s, struct bytes line)
{
	if (bytes_equal(line, BYTES("*"))) {
		smtpd_auth_abandon(s);
		return smtpd_reply(s, "501 5.7.0 Authentication cancelled");
	}
	return answer(s, service_login_answer(s->login.exchange, line));
}
