/*
 * LOGIN is AUTHENTICATE PLAIN in other words: both run one SASL exchange.  It asks for a record (the store), then perhaps for a
 * password check (a worker, or the memory of a recent success), and ends in OK or, after a delay, NO.
 */
#include "imapd/imapd_login.h"

#include <netinet/in.h>
#include <stdlib.h>

#include "auth/sasl_server.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "imap/imap_argument.h"
#include "imapd/imapd_capability.h"
#include "imapd/imapd_commands.h"
#include "imapd/imapd_reply.h"
#include "mailstore/store.h"

#define REFUSAL_DELAY_MS 2000

/* One exchange.  It outlives the session while a worker checks the password. */
struct login {
	struct imapd_session *session;  /* NULL: gone meanwhile */
	struct imapd_shared *shared;
	struct sasl_server *sasl;
	int64_t user_id;
	char *user;                     /* the store's spelling */
	bool is_in_worker, is_right;
	const char *why;                /* of a refusal, for the log */
};

static enum imapd_after go_on(struct imapd_session *, enum sasl_server_status, struct buffer *challenge);

static void free_login(struct login *login)
{
	sasl_server_destroy(login->sasl);
	free(login->user);
	free(login);
}

static void release_login(struct imapd_session *s)
{
	struct login *login = s->work;

	login->session = NULL;
	if (!login->is_in_worker)
		free_login(login);
}

static struct login *begin(struct imapd_session *s, enum sasl_mechanism mechanism)
{
	struct login *login = xcalloc(1, sizeof *login);

	login->session = s;
	login->shared = ((struct imapd_loop *)s->loop->program)->shared;
	login->sasl = sasl_server_create(mechanism);
	login->why = "wrong name or password";
	s->work = login;
	s->release_work = release_login;
	return login;
}

/* ---- the end ---- */

static enum imapd_after succeed(struct imapd_session *s)
{
	struct login *login = s->work;
	char ip[NET_ADDR_TEXT];
	const char *tls = net_stream_tls_description(s->stream);

	s->user_id = login->user_id;
	s->user = login->user;
	login->user = NULL;
	s->state = IMAPD_AUTHENTICATED;
	log_info("imapd", "login", "user=%s session=%s ip=%s mechanism=%s tls=%s", s->user, s->id, imapd_session_ip(s, ip),
	         sasl_mechanism_name(sasl_server_mechanism(login->sasl)), tls ? tls : "none");
	struct buffer capabilities = { 0 };
	imapd_capability_add(s, &capabilities);
	enum imapd_after after = imapd_finish(s, "OK [CAPABILITY %s] Logged in", capabilities.at);
	buffer_release(&capabilities);
	return after;
}

/* The address as guess_limit wants it. */
static size_t address_octets(const struct net_addr *addr, const unsigned char **octets)
{
	const struct sockaddr *sa = net_addr_sockaddr(addr);

	if (net_addr_family(addr) == AF_INET) {
		*octets = (const unsigned char *)&((const struct sockaddr_in *)(const void *)sa)->sin_addr;
		return 4;
	}
	*octets = (const unsigned char *)&((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr;
	return net_addr_family(addr) == AF_INET6 ? 16 : 0;
}

static bool may_guess(struct imapd_session *s)
{
	struct login *login = s->work;
	const unsigned char *octets;
	size_t len = address_octets(&s->peer, &octets);

	return imapd_session_is_exempt(s) || guess_limit_allows(login->shared->guesses, octets, len, clock_monotonic_ms());
}

static void refuse(void *owner)
{
	struct imapd_session *s = owner;

	imapd_session_arm(s);
	imapd_session_resume(s, imapd_finish(s, "NO [AUTHENTICATIONFAILED] Wrong name or password"));
}

static enum imapd_after fail(struct imapd_session *s)
{
	struct login *login = s->work;
	const unsigned char *octets;
	size_t len = address_octets(&s->peer, &octets);
	char ip[NET_ADDR_TEXT];

	log_warning("imapd", "login-failed", "user=%s session=%s ip=%s mechanism=%s why=%s", sasl_server_name(login->sasl), s->id,
	            imapd_session_ip(s, ip), sasl_mechanism_name(sasl_server_mechanism(login->sasl)), login->why);
	if (imapd_session_is_exempt(s))
		return imapd_finish(s, "NO [AUTHENTICATIONFAILED] Wrong name or password");
	guess_limit_count_failure(login->shared->guesses, octets, len, clock_monotonic_ms());
	net_timer_start(&s->timer, s->loop->net, REFUSAL_DELAY_MS, refuse, s);
	return IMAPD_WAIT;
}

/* ---- the password ---- */

static void check_in_worker(void *job)
{
	struct login *login = job;

	login->is_right = password_check(sasl_server_password(login->sasl), sasl_server_record(login->sasl));
}

static enum imapd_after checked(struct imapd_session *s, bool is_right)
{
	struct login *login = s->work;

	return go_on(s, sasl_server_give_check(login->sasl, is_right), NULL);
}

static void worker_checked(void *job)
{
	struct login *login = job;

	login->is_in_worker = false;
	if (!login->session) {
		free_login(login);
		return;
	}
	if (login->is_right)
		success_cache_add(login->shared->successes, bytes_text(sasl_server_name(login->sasl)), sasl_server_password(login->sasl),
		                  sasl_server_record(login->sasl), clock_monotonic_ms());
	imapd_session_resume(login->session, checked(login->session, login->is_right));
}

static enum imapd_after check_password(struct imapd_session *s)
{
	struct login *login = s->work;

	if (success_cache_has(login->shared->successes, bytes_text(sasl_server_name(login->sasl)), sasl_server_password(login->sasl),
	                      sasl_server_record(login->sasl), clock_monotonic_ms()))
		return checked(s, true);
	login->is_in_worker = net_worker_submit(service_worker(s->loop->service), s->loop->net, check_in_worker, worker_checked, login);
	if (!login->is_in_worker)
		return imapd_finish(s, "NO [UNAVAILABLE] Too many log-ins at once; try again");
	return IMAPD_WAIT;
}

/* ---- the record ---- */

static void record_came(void *owner, const struct error *err, const struct store_user *users, size_t n)
{
	struct imapd_session *s = owner;
	struct login *login = s->work;
	struct password_record fake;
	struct buffer challenge = { 0 };

	s->request = NULL;
	if (err && err->kind != ERROR_NOT_FOUND) {
		imapd_session_resume(s, imapd_finish_error(s, err, "The user"));
		return;
	}
	bool is_real = !err && n == 1 && users->has_password && !users->disabled;
	if (is_real) {
		login->user_id = users->user_id;
		login->user = xstrdup(users->name);
	} else {
		login->why = err || n == 0 ? "no such user" : users->disabled ? "disabled" : "has no password";
		password_fake(bytes_text(sasl_server_name(login->sasl)), store_secret(service_store(s->loop->service)), &fake);
	}
	enum sasl_server_status status = sasl_server_give_record(login->sasl, is_real ? &users->password : &fake, is_real, &challenge);
	enum imapd_after after = go_on(s, status, &challenge);
	buffer_release(&challenge);
	imapd_session_resume(s, after);
}

/* ---- the exchange ---- */

static enum imapd_after response_came(struct imapd_session *, struct bytes line);

static enum imapd_after go_on(struct imapd_session *s, enum sasl_server_status status, struct buffer *challenge)
{
	struct login *login = s->work;
	struct buffer text = { 0 };

	switch (status) {
	case SASL_SERVER_CONTINUE:
		buffer_reserve(&text, 1);
		codec_base64_encode(buffer_bytes(challenge), &text);
		imapd_continue(s, text.len > 0 ? text.at : "");
		buffer_release(&text);
		return imapd_session_read_lines(s, response_came);
	case SASL_SERVER_NEEDS_RECORD:
		if (!may_guess(s)) {
			login->why = "too many failures from this address";
			return fail(s);
		}
		s->request = store_user_get(s->loop->store, bytes_text(sasl_server_name(login->sasl)), record_came, s);
		return IMAPD_WAIT;
	case SASL_SERVER_NEEDS_CHECK:
		return check_password(s);
	case SASL_SERVER_DONE:
		return succeed(s);
	case SASL_SERVER_MALFORMED:
		return imapd_bad(s, "That is not a message of this mechanism");
	default:
		return fail(s);
	}
}

static enum imapd_after response_came(struct imapd_session *s, struct bytes line)
{
	struct login *login = s->work;
	struct buffer octets = { 0 }, challenge = { 0 };

	if (bytes_equal(line, BYTES("*")))
		return imapd_bad(s, "Cancelled");
	if (!codec_base64_decode(line, &octets))
		return imapd_bad(s, "That is not base64");
	enum sasl_server_status status = sasl_server_step(login->sasl, buffer_bytes(&octets), &challenge);
	if (octets.at)
		memory_wipe(octets.at, octets.len);
	if (line.len > 0)
		memory_wipe((char *)line.at, line.len);
	enum imapd_after after = go_on(s, status, &challenge);
	buffer_release(&octets);
	buffer_release(&challenge);
	return after;
}

static enum imapd_after start(struct imapd_session *s, enum sasl_mechanism mechanism, const struct bytes *initial)
{
	struct login *login = begin(s, mechanism);
	struct buffer challenge = { 0 };
	enum imapd_after after = go_on(s, sasl_server_start(login->sasl, initial, &challenge), &challenge);

	buffer_release(&challenge);
	return after;
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
	if (password.len > 0)
		memory_wipe((char *)password.at, password.len);
	return after;
}

enum imapd_after imapd_authenticate(struct imapd_session *s, struct bytes arguments)
{
	struct bytes name, text = { 0 }, octets;
	struct buffer decoded = { 0 };
	enum sasl_mechanism mechanism;
	bool has_initial;

	if (!imap_argument_atom(&arguments, &name))
		return imapd_bad_syntax(s);
	if ((has_initial = imap_argument_space(&arguments)))
		text = arguments;
	else if (arguments.len > 0)
		return imapd_bad_syntax(s);
	if (!sasl_mechanism_find(name, &mechanism))
		return imapd_finish(s, "NO [CANNOT] That mechanism is not spoken here");
	if (sasl_mechanism_is_cleartext(mechanism) && !imapd_session_may_send_password(s))
		return imapd_finish(s, "NO [PRIVACYREQUIRED] Use TLS before you send a password");
	if (!has_initial)
		return start(s, mechanism, NULL);
	buffer_reserve(&decoded, text.len + 1);
	if (!bytes_equal(text, BYTES("=")) && (text.len == 0 || !codec_base64_decode(text, &decoded))) {
		buffer_release(&decoded);
		return imapd_bad(s, "The initial response is not base64");
	}
	octets = buffer_bytes(&decoded);
	enum imapd_after after = start(s, mechanism, &octets);
	memory_wipe(decoded.at, decoded.len);
	buffer_release(&decoded);
	return after;
}

enum imapd_after imapd_starttls(struct imapd_session *s, struct bytes arguments)
{
	(void)arguments;
	if (net_stream_is_secure(s->stream))
		return imapd_bad(s, "TLS is on already");
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
