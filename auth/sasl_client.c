#include "auth/sasl_client.h"

#include <gsasl.h>
#include <stdlib.h>

#include "auth/sasl_library.h"
#include "base/memory.h"

struct sasl_client {
	enum sasl_mechanism mechanism;
	Gsasl_session *session;
	bool is_done;                   /* the library has nothing more to say or to verify */
};

struct sasl_client *sasl_client_create(enum sasl_mechanism mechanism, const char *name, const char *password)
{
	struct sasl_client *c = xcalloc(1, sizeof *c);

	c->mechanism = mechanism;
	c->session = sasl_library_begin(mechanism, false);
	if (c->session) {
		gsasl_property_set(c->session, GSASL_AUTHID, name);
		gsasl_property_set(c->session, GSASL_PASSWORD, password);
	}
	return c;
}

void sasl_client_destroy(struct sasl_client *c)
{
	if (!c)
		return;
	if (c->session)
		gsasl_finish(c->session);
	free(c);
}

enum sasl_mechanism sasl_client_mechanism(const struct sasl_client *c)
{
	return c->mechanism;
}

bool sasl_client_speaks_first(const struct sasl_client *c)
{
	return c->mechanism != SASL_LOGIN;
}

/* The rounds a SCRAM server asks for ("r=…,s=…,i=4096"), before the library obeys. */
static bool rounds_are_bearable(struct bytes challenge)
{
	struct bytes rest = challenge, part;
	uint64_t rounds = 0;
	bool more;

	do {
		more = bytes_cut(&rest, ',', &part);
		if (bytes_starts(part, BYTES("i=")) && !bytes_to_u64(bytes_skip(part, 2), SASL_CLIENT_ITERATIONS_MAX, &rounds))
			return false;
	} while (more);
	return true;
}

bool sasl_client_step(struct sasl_client *c, struct bytes in, struct buffer *out, struct error *err)
{
	char *answer = NULL;
	size_t len = 0;

	if (!c->session)
		return error_set(err, ERROR_SYSTEM, "GNU SASL does not offer %s", sasl_mechanism_name(c->mechanism));
	if (c->is_done && in.len == 0)
		return true;
	if (c->is_done)
		return error_set(err, ERROR_SYNTAX, "the server goes on after the end of %s", sasl_mechanism_name(c->mechanism));
	if (c->mechanism == SASL_SCRAM_SHA_256 && !rounds_are_bearable(in))
		return error_set(err, ERROR_LIMIT, "the server asks for more than %u rounds", SASL_CLIENT_ITERATIONS_MAX);
	int rc = gsasl_step(c->session, in.len > 0 ? in.at : "", in.len, &answer, &len);
	if (rc == GSASL_OK || rc == GSASL_NEEDS_MORE) {
		buffer_add(out, answer, len);
		c->is_done = rc == GSASL_OK;
	}
	if (answer)
		memory_wipe(answer, len);
	gsasl_free(answer);
	if (rc == GSASL_OK || rc == GSASL_NEEDS_MORE)
		return true;
	return error_set(err, ERROR_DENIED, "%s: %s", sasl_mechanism_name(c->mechanism), gsasl_strerror(rc));
}

bool sasl_client_finish(const struct sasl_client *c, struct error *err)
{
	if (c->mechanism != SASL_SCRAM_SHA_256 || c->is_done)
		return true;
	return error_set(err, ERROR_DENIED, "the server did not prove that it knows the password");
}
