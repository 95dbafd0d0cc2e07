#include "service/service_login.h"

#include <netinet/in.h>
#include <stdlib.h>

#include "auth/guess_limit.h"
#include "auth/password.h"
#include "auth/sasl_server.h"
#include "auth/success_cache.h"
#include "base/buffer.h"
#include "base/codec.h"
#include "base/log.h"
#include "base/memory.h"
#include "mailstore/users.h"
#include "service/service_state.h"

struct service_login {
	struct service_loop *loop;
	struct net_addr peer;
	bool is_exempt, is_abandoned;
	service_login_fn *done;
	void *owner;
	struct sasl_server *sasl;
	struct store_request *request;
	bool is_in_worker, is_right;
	char *user;
	int64_t user_id;
	const char *why;                /* of a refusal, for the log */
	struct buffer challenge;        /* base64 */
};

static enum service_login_status go_on(struct service_login *, enum sasl_server_status, struct buffer *challenge);

bool service_login_is_exempt(const struct service_settings *settings, const struct net_addr *peer)
{
	if (net_addr_family(peer) == AF_UNIX)
		return true;
	for (size_t i = 0; i < settings->n_exempt; i++)
		if (net_cidr_contains(&settings->exempt[i], peer))
			return true;
	return false;
}

bool service_login_allows_password(const struct service_settings *settings, const struct net_stream *stream)
{
	if (net_stream_is_secure(stream))
		return true;
	switch (settings->plaintext_auth) {
	case SERVICE_PLAINTEXT_ALWAYS:
		return true;
	case SERVICE_PLAINTEXT_LOOPBACK:
		return net_addr_is_loopback(net_stream_peer_addr(stream)) && net_addr_is_loopback(net_stream_local_addr(stream));
	default:
		return false;
	}
}

struct service_login *service_login_create(struct service_loop *loop, const struct net_addr *peer, bool is_exempt,
                                           enum sasl_mechanism mechanism, service_login_fn *done, void *owner)
{
	struct service_login *login = xcalloc(1, sizeof *login);

	login->loop = loop;
	login->peer = *peer;
	login->is_exempt = is_exempt;
	login->done = done;
	login->owner = owner;
	login->sasl = sasl_server_create(mechanism);
	login->why = "wrong password";
	return login;
}

void service_login_destroy(struct service_login *login)
{
	if (login == NULL)
		return;
	store_request_forget(login->request);
	login->request = NULL;
	login->is_abandoned = true;
	if (login->is_in_worker)
		return;                 /* the worker reads the password: on_checked comes back here */
	sasl_server_destroy(login->sasl);
	buffer_release(&login->challenge);
	free(login->user);
	free(login);
}

/* Failures by address */

static size_t address_octets(const struct net_addr *addr, const unsigned char **octets)
{
	const void *sockaddr = net_addr_sockaddr(addr);

	switch (net_addr_family(addr)) {
	case AF_INET:
		*octets = (const unsigned char *)&((const struct sockaddr_in *)sockaddr)->sin_addr;
		return 4;
	case AF_INET6:
		*octets = (const unsigned char *)&((const struct sockaddr_in6 *)sockaddr)->sin6_addr;
		return 16;
	default:
		*octets = NULL;
		return 0;
	}
}

static bool may_guess(const struct service_login *login)
{
	const unsigned char *octets;
	size_t len = address_octets(&login->peer, &octets);

	return login->is_exempt || guess_limit_allows(login->loop->service->guesses, octets, len, net_loop_now_ms(login->loop->net));
}

static enum service_login_status refuse(struct service_login *login)
{
	const unsigned char *octets;
	size_t len = address_octets(&login->peer, &octets);
	char ip[NET_ADDR_TEXT];

	if (!login->is_exempt)
		guess_limit_count_failure(login->loop->service->guesses, octets, len, net_loop_now_ms(login->loop->net));
	log_warning(login->loop->service->program->name, "login-failed", "user=%s ip=%s mechanism=%s why=%s", sasl_server_name(login->sasl),
	            net_addr_format_ip(&login->peer, ip), service_login_mechanism(login), login->why);
	return SERVICE_LOGIN_REFUSED;
}

/* The record */

static void on_record(void *owner, const struct error *err, const struct store_user *users, size_t n)
{
	struct service_login *login = owner;
	struct buffer challenge = { 0 };
	struct password_record fake;
	bool is_known = err == NULL && n == 1, is_real = is_known && users->has_password && !users->disabled;
	enum service_login_status status;

	login->request = NULL;
	if (err != NULL && err->kind != ERROR_NOT_FOUND) {
		log_error(login->loop->service->program->name, "login-impossible", "error=%s", err->text);
		login->done(login->owner, SERVICE_LOGIN_UNAVAILABLE);
		return;
	}
	if (is_real) {
		login->user_id = users->user_id;
		login->user = xstrdup(users->name);
	} else {
		login->why = !is_known ? "no such user" : users->disabled ? "disabled" : "has no password";
		password_fake(bytes_text(sasl_server_name(login->sasl)), store_secret(login->loop->service->store), &fake);
	}
	status = go_on(login, sasl_server_give_record(login->sasl, is_real ? &users->password : &fake, is_real, &challenge), &challenge);
	buffer_release(&challenge);
	if (status != SERVICE_LOGIN_PENDING)
		login->done(login->owner, status);
}

/* The password */

static void check_in_worker(void *job)
{
	struct service_login *login = job;

	login->is_right = password_check(sasl_server_password(login->sasl), sasl_server_record(login->sasl));
}

static void on_checked(void *job)
{
	struct service_login *login = job;

	login->is_in_worker = false;
	if (login->is_abandoned) {
		service_login_destroy(login);
		return;
	}
	if (login->is_right)
		success_cache_add(login->loop->service->successes, bytes_text(sasl_server_name(login->sasl)), sasl_server_password(login->sasl),
		                  sasl_server_record(login->sasl), net_loop_now_ms(login->loop->net));
	login->done(login->owner, go_on(login, sasl_server_give_check(login->sasl, login->is_right), NULL));
}

static enum service_login_status check(struct service_login *login)
{
	struct service *service = login->loop->service;

	if (success_cache_has(service->successes, bytes_text(sasl_server_name(login->sasl)), sasl_server_password(login->sasl),
	                      sasl_server_record(login->sasl), net_loop_now_ms(login->loop->net)))
		return go_on(login, sasl_server_give_check(login->sasl, true), NULL);
	login->is_in_worker = net_worker_submit(service->worker, login->loop->net, check_in_worker, on_checked, login);
	return login->is_in_worker ? SERVICE_LOGIN_PENDING : SERVICE_LOGIN_UNAVAILABLE;
}

/* The exchange */

static enum service_login_status go_on(struct service_login *login, enum sasl_server_status status, struct buffer *challenge)
{
	switch (status) {
	case SASL_SERVER_CONTINUE:
		buffer_clear(&login->challenge);
		buffer_add_text(&login->challenge, "");
		if (challenge != NULL)
			codec_base64_encode(buffer_bytes(challenge), &login->challenge);
		return SERVICE_LOGIN_CHALLENGE;
	case SASL_SERVER_NEEDS_RECORD:
		if (!may_guess(login))
			return SERVICE_LOGIN_LIMITED;
		login->request = store_user_get(login->loop->store, bytes_text(sasl_server_name(login->sasl)), on_record, login);
		return SERVICE_LOGIN_PENDING;
	case SASL_SERVER_NEEDS_CHECK:
		return check(login);
	case SASL_SERVER_DONE:
		return SERVICE_LOGIN_OK;
	case SASL_SERVER_FAILED:
		return refuse(login);
	case SASL_SERVER_MALFORMED:
		break;
	}
	return SERVICE_LOGIN_MALFORMED;
}

enum service_login_status service_login_start(struct service_login *login, const struct bytes *initial)
{
	struct buffer challenge = { 0 };
	enum service_login_status status = go_on(login, sasl_server_start(login->sasl, initial, &challenge), &challenge);

	buffer_release(&challenge);
	return status;
}

enum service_login_status service_login_answer(struct service_login *login, struct bytes line)
{
	struct buffer answer = { 0 }, challenge = { 0 };
	enum service_login_status status = SERVICE_LOGIN_MALFORMED;

	if (codec_base64_decode(line, &answer))
		status = go_on(login, sasl_server_step(login->sasl, buffer_bytes(&answer), &challenge), &challenge);
	if (answer.at != NULL)
		memory_wipe(answer.at, answer.len);
	buffer_release(&answer);
	buffer_release(&challenge);
	return status;
}

/* The results */

const char *service_login_challenge(const struct service_login *login)
{
	return login->challenge.len > 0 ? login->challenge.at : "";
}

const char *service_login_user(const struct service_login *login)
{
	return login->user;
}

int64_t service_login_user_id(const struct service_login *login)
{
	return login->user_id;
}

const char *service_login_mechanism(const struct service_login *login)
{
	return sasl_mechanism_name(sasl_server_mechanism(login->sasl));
}
