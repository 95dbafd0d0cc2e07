/* smtp_client_auth: AUTH with the best mechanism both sides have.  RFC 4954. */
#include <stdlib.h>

#include "base/codec.h"
#include "base/memory.h"
#include "smtp/smtp_client_state.h"

/* One step of SCRAM in a worker.  When the client goes meanwhile, the job is left alone with the exchange. */
struct smtp_client_auth_job {
	struct smtp_client *client;     /* NULL: gone */
	struct sasl_client *sasl;
	struct buffer challenge, answer;
	bool ok;
	struct error err;
};

static void refuse(struct smtp_client *c, const struct error *why)
{
	struct error denied = *why;

	denied.kind = ERROR_DENIED;
	error_prefix(&denied, "authentication");
	smtp_client_end(c, &denied);
}

static void wipe(struct buffer *b)
{
	if (b->at)
		memory_wipe(b->at, b->capacity);
	buffer_release(b);
}

void smtp_client_authenticate(struct smtp_client *c)
{
	bool cleartext = c->allow_cleartext || net_stream_is_secure(c->stream);
	struct error why = { 0 };
	struct buffer line = { 0 }, first = { 0 };
	enum sasl_mechanism m;

	c->state = STATE_AUTH;
	if (!sasl_mechanism_choose(c->extensions.mechanisms, cleartext, &m)) {
		error_set(&why, ERROR_DENIED, c->extensions.mechanisms ? "the server takes passwords in clear only, and this line is not encrypted"
		                                                       : "the server offers no mechanism that we speak");
		refuse(c, &why);
		return;
	}
	c->sasl = sasl_client_create(m, c->username, c->password ? c->password : "");
	buffer_printf(&line, "AUTH %s", sasl_mechanism_name(m));
	if (sasl_client_speaks_first(c->sasl)) {
		if (!sasl_client_step(c->sasl, (struct bytes){ 0 }, &first, &why)) {
			buffer_release(&line);
			wipe(&first);
			refuse(c, &why);
			return;
		}
		buffer_add_octet(&line, ' ');
		codec_base64_encode(buffer_bytes(&first), &line);
	}
	smtp_client_command(c, buffer_bytes(&line), "AUTH ****");
	wipe(&line);
	wipe(&first);
	smtp_client_expect(c, STATE_AUTH);
}

static void answer(struct smtp_client *c, bool ok, struct bytes raw)
{
	struct buffer line = { 0 };

	if (ok)
		codec_base64_encode(raw, &line);
	smtp_client_command(c, ok ? buffer_bytes(&line) : BYTES("*"), ok ? "****" : "*");
	wipe(&line);
	smtp_client_expect(c, ok ? STATE_AUTH : STATE_CANCEL);
}

static void work(void *owner)
{
	struct smtp_client_auth_job *job = owner;

	job->ok = sasl_client_step(job->sasl, buffer_bytes(&job->challenge), &job->answer, &job->err);
}

static void work_done(void *owner)
{
	struct smtp_client_auth_job *job = owner;
	struct smtp_client *c = job->client;

	if (c) {
		c->job = NULL;
		answer(c, job->ok, buffer_bytes(&job->answer));
	} else {
		sasl_client_destroy(job->sasl);
	}
	wipe(&job->challenge);
	wipe(&job->answer);
	free(job);
}

/* A challenge: SCRAM's key takes long, so that it is made in a worker where there is one. */
static void take_challenge(struct smtp_client *c)
{
	struct smtp_client_auth_job *job = xcalloc(1, sizeof *job);

	job->client = c;
	job->sasl = c->sasl;
	if (!codec_base64_decode(buffer_bytes(&c->reply.text), &job->challenge)) {
		free(job);
		answer(c, false, (struct bytes){ 0 });
		return;
	}
	if (c->worker && sasl_client_mechanism(c->sasl) == SASL_SCRAM_SHA_256) {
		c->job = job;
		smtp_client_expect(c, STATE_AUTH_WORK);
		if (net_worker_submit(c->worker, c->loop, work, work_done, job))
			return;
		c->job = NULL;
	}
	work(job);
	work_done(job);
}

void smtp_client_on_auth(struct smtp_client *c)
{
	struct error why = { 0 };

	if (c->reply.code == 334) {
		take_challenge(c);
	} else if (c->reply.code != 235) {
		smtp_client_end_with_reply(c, "authentication");
	} else if (!sasl_client_finish(c->sasl, &why)) {
		refuse(c, &why);
	} else {
		smtp_client_auth_release(c);
		smtp_client_become_ready(c);
	}
}

/* The answer to "*", or a reply while nothing was asked. */
void smtp_client_on_cancel(struct smtp_client *c)
{
	struct error why = { 0 };

	error_set(&why, ERROR_DENIED, "the server's %s challenge is not acceptable", sasl_mechanism_name(sasl_client_mechanism(c->sasl)));
	refuse(c, &why);
}

void smtp_client_auth_release(struct smtp_client *c)
{
	if (c->job)
		c->job->client = NULL;
	else
		sasl_client_destroy(c->sasl);
	c->job = NULL;
	c->sasl = NULL;
}
