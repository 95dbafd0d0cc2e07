/* LOGIN is AUTHENTICATE PLAIN in other words: both run one exchange of service_login, which ends in OK or, after a delay, NO. */
#include "imapd/imapd_login.h"

#include "base/log.h"
#include "base/memory.h"
#include "imap/imap_argument.h"
#include "imapd/imapd_capability.h"
#include "imapd/imapd_reply.h"
#include "service/service_login.h"

#define REFUSAL_DELAY_MS 2000

static void release_login(struct imapd_session *s)
{
	service_login_destroy(s->work);
}

static enum imapd_after succeed(struct imapd_session *s)
{
	const char *tls = net_stream_tls_description(s->stream);
	struct buffer capabilities = { 0 };
	char ip[NET_ADDR_TEXT];

	s->user_id = service_login_user_id(s->work);
	s->user = xstrdup(service_login_user(s->work));
	s->state = IMAPD_AUTHENTICATED;
	log_info("imapd", "login", "user=%s session=%s ip=%s mechanism=%s tls=%s", s->user, s->id, imapd_session_ip(s, ip),
	         service_login_mechanism(s->work), tls ? tls : "none");
	imapd_capability_add(s, &capabilities);
	enum imapd_after after = imapd_finish(s, "OK [CAPABILITY %s] Logged in", capabilities.at);
	buffer_release(&capabilities);
	return after;
}

static void refuse(void *owner)
{
	struct imapd_session *s = owner;

	imapd_session_arm(s);
	imapd_session_resume(s, imapd_finish(s, "%s", s->refusal));
}

static enum imapd_after fail(struct imapd_session *s, const char *reply)
{
	if (imapd_session_is_exempt(s))
		return imapd_finish(s, "%s", reply);
	s->refusal = reply;
	net_timer_start(&s->timer, s->loop->net, REFUSAL_DELAY_MS, refuse, s);
	return IMAPD_WAIT;
}

static enum imapd_after response_came(struct imapd_session *, struct bytes line);

static enum imapd_after answer(struct imapd_session *s, enum service_login_status status)
{
	switch (status) {
	case SERVICE_LOGIN_PENDING:
		return IMAPD_WAIT;
	case SERVICE_LOGIN_CHALLENGE:
		imapd_continue(s, service_login_challenge(s->work));
		return imapd_session_read_lines(s, response_came);
	case SERVICE_LOGIN_OK:
		return succeed(s);
	case SERVICE_LOGIN_REFUSED:
		return fail(s, "NO [AUTHENTICATIONFAILED] Wrong name or password");
	case SERVICE_LOGIN_LIMITED:
		return fail(s, "NO [LIMIT] Too many failed log-ins from your network; try again later");
	case SERVICE_LOGIN_MALFORMED:
		return imapd_bad(s, "Not base64, or not a message of this mechanism");
	case SERVICE_LOGIN_UNAVAILABLE:
		break;
	}
	return imapd_finish(s, "NO [UNAVAILABLE] Nobody can log in now; try again later");
}

static void login_ended(void *owner, enum service_login_status status)
{
	struct imapd_session *s = owner;

	imapd_session_resume(s, answer(s, status));
}

static enum imapd_after response_came(struct imapd_session *s, struct bytes line)
{
	if (bytes_equal(line, BYTES("*")))
		return imapd_bad(s, "Cancelled");
	enum imapd_after after = answer(s, service_login_answer(s->work, line));
	if (line.len > 0)
		memory_wipe((char *)line.at, line.len);
	return after;
}

static enum imapd_after start(struct imapd_session *s, enum sasl_mechanism mechanism, const struct bytes *initial)
{
	s->work = service_login_create(s->loop, &s->peer, imapd_session_is_exempt(s), mechanism, login_ended, s);
	s->release_work = release_login;
	return answer(s, service_login_start(s->work, initial));
}

/* ---- the commands ---- */

enum imapd_after imapd_login(struct imapd_session *s, struct bytes arguments)
{
	struct bytes name, password;
	struct buffer plain = { 0 };

	if (!imap_argument_astring(&arguments, &s->arena, &name) || !imap_argument_space(&arguments) ||
	    !imap_argument_astring(&arguments, &s->arena, &password) || arguments.len > 0)
		return imapd_bad_syntax(s);
	if (!imapd_session_may_send_password(s))
		return imapd_finish(s, "NO [PRIVACYREQUIRED] Use TLS before you send a password");
	buffer_add_octet(&plain, '\0');
	buffer_add_bytes(&plain, name);
	buffer_add_octet(&plain, '\0');
	buffer_add_bytes(&plain, password);
	struct bytes initial = buffer_bytes(&plain);
	enum imapd_after after = start(s, SASL_PLAIN, &initial);
	memory_wipe(plain.at, plain.len);
	buffer_release(&plain);
	return after;
}

/* "=" is an initial response that is empty: RFC 4959 3. */
static bool decode_initial(struct bytes text, struct buffer *decoded)
{
	buffer_reserve(decoded, text.len + 1);
	return bytes_equal(text, BYTES("=")) || (text.len > 0 && codec_base64_decode(text, decoded));
}

enum imapd_after imapd_authenticate(struct imapd_session *s, struct bytes arguments)
{
	struct bytes name, initial;
	struct buffer decoded = { 0 };
	enum sasl_mechanism mechanism;

	if (!imap_argument_atom(&arguments, &name))
		return imapd_bad_syntax(s);
	bool has_initial = imap_argument_space(&arguments);
	if (!has_initial && arguments.len > 0)
		return imapd_bad_syntax(s);
	if (!sasl_mechanism_find(name, &mechanism))
		return imapd_finish(s, "NO [CANNOT] That mechanism is not spoken here");
	if (sasl_mechanism_is_cleartext(mechanism) && !imapd_session_may_send_password(s))
		return imapd_finish(s, "NO [PRIVACYREQUIRED] Use TLS before you send a password");
	if (!has_initial)
		return start(s, mechanism, NULL);
	enum imapd_after after;
	if (decode_initial(arguments, &decoded)) {
		initial = buffer_bytes(&decoded);
		after = start(s, mechanism, &initial);
	} else {
		after = imapd_bad(s, "The initial response is not base64");
	}
	memory_wipe(decoded.at, decoded.len);
	buffer_release(&decoded);
	return after;
}

enum imapd_after imapd_starttls(struct imapd_session *s, struct bytes arguments)
{
	(void)arguments;
	if (!s->is_tls_offered)
		return imapd_bad(s, "STARTTLS is not offered here");
	enum imapd_after after = imapd_finish(s, "OK Begin the handshake now");
	imapd_session_flush(s);
	net_stream_start_tls_server(s->stream, s->generation->tls);
	return after;
}

enum imapd_after imapd_logout(struct imapd_session *s, struct bytes arguments)
{
	(void)arguments;
	imapd_session_deselect(s);
	imapd_untagged(s, "BYE Until next time");
	s->is_bye_sent = true;
	s->counts.commands++;
	imapd_finish(s, "OK Logged out");
	return IMAPD_CLOSE;
}
