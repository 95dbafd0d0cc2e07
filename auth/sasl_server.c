#include "auth/sasl_server.h"

#include <assert.h>
#include <gsasl.h>
#include <stdlib.h>
#include <string.h>

#include "auth/sasl_library.h"
#include "base/codec.h"
#include "base/memory.h"

enum state {
	STEPPING,                       /* the client's next message goes to the library */
	WANTS_RECORD,
	WANTS_CHECK,
	PROVEN,                         /* SCRAM's last challenge is out: only an empty answer is missing */
	OVER,
};

struct sasl_server {
	enum sasl_mechanism mechanism;
	enum state state;
	Gsasl_session *session;
	char name[SASL_NAME_MAX + 1];
	struct buffer first;            /* SCRAM: the first message, kept until the record is here */
	struct buffer password;
	struct password_record record;
	bool is_real;
	unsigned n_challenges;          /* LOGIN */
};

struct sasl_server *sasl_server_create(enum sasl_mechanism mechanism)
{
	struct sasl_server *s = xcalloc(1, sizeof *s);

	s->mechanism = mechanism;
	s->session = sasl_library_begin(mechanism, true);
	return s;
}

void sasl_server_destroy(struct sasl_server *s)
{
	if (!s)
		return;
	if (s->session)
		gsasl_finish(s->session);
	if (s->password.at)
		memory_wipe(s->password.at, s->password.capacity);
	buffer_release(&s->password);
	buffer_release(&s->first);
	memory_wipe(s, sizeof *s);
	free(s);
}

enum sasl_mechanism sasl_server_mechanism(const struct sasl_server *s)
{
	return s->mechanism;
}

const char *sasl_server_name(const struct sasl_server *s)
{
	return s->name;
}

struct bytes sasl_server_password(const struct sasl_server *s)
{
	return buffer_bytes(&s->password);
}

const struct password_record *sasl_server_record(const struct sasl_server *s)
{
	return &s->record;
}

static enum sasl_server_status over(struct sasl_server *s, enum sasl_server_status status)
{
	s->state = OVER;
	return status;
}

/* One step of the library; what it answers is appended to out. */
static int step(struct sasl_server *s, struct bytes in, struct buffer *out)
{
	char *answer = NULL;
	size_t len = 0;
	int rc = gsasl_step(s->session, in.len > 0 ? in.at : "", in.len, &answer, &len);

	if ((rc == GSASL_OK || rc == GSASL_NEEDS_MORE) && len > 0)
		buffer_add(out, answer, len);
	gsasl_free(answer);
	return rc;
}

static enum sasl_server_status failure(struct sasl_server *s, int rc)
{
	return over(s, rc == GSASL_AUTHENTICATION_ERROR ? SASL_SERVER_FAILED : SASL_SERVER_MALFORMED);
}

/* ---- PLAIN and LOGIN: the library takes the messages apart, then name and password are checked by the caller ---- */

static enum sasl_server_status take_credentials(struct sasl_server *s)
{
	const char *name = gsasl_property_fast(s->session, GSASL_AUTHID);
	const char *as = gsasl_property_fast(s->session, GSASL_AUTHZID);
	const char *password = gsasl_property_fast(s->session, GSASL_PASSWORD);

	if (!name || name[0] == '\0' || !password || strlen(password) > PASSWORD_MAX)
		return over(s, SASL_SERVER_MALFORMED);
	if (!bytes_copy_text(bytes_text(name), s->name, sizeof s->name))
		return over(s, SASL_SERVER_MALFORMED);
	if (as && as[0] != '\0' && strcmp(as, name) != 0)
		return over(s, SASL_SERVER_FAILED);
	/* No growth later: a moved block would leave the password behind. */
	buffer_reserve(&s->password, PASSWORD_MAX);
	buffer_add_text(&s->password, password);
	s->state = WANTS_RECORD;
	return SASL_SERVER_NEEDS_RECORD;
}

static enum sasl_server_status step_cleartext(struct sasl_server *s, struct bytes in, struct buffer *out)
{
	struct buffer ignored = { 0 };
	int rc = step(s, in, &ignored);

	buffer_release(&ignored);
	if (rc == GSASL_OK)
		return take_credentials(s);
	if (rc != GSASL_NEEDS_MORE)
		return failure(s, rc);
	/* The library asks with words of its own that some clients do not know. */
	if (s->mechanism == SASL_LOGIN)
		buffer_add_text(out, s->n_challenges++ == 0 ? "Username:" : "Password:");
	return SASL_SERVER_CONTINUE;
}

/* ---- SCRAM: the name is read from the first message, because the library wants the record within its step ---- */

/* saslname of RFC 5802 7 at the front of text: "=2C" and "=3D" stand for comma and equals. */
static bool read_saslname(struct bytes text, char name[SASL_NAME_MAX + 1])
{
	size_t n = 0;

	for (size_t i = 0; i < text.len && text.at[i] != ','; i++) {
		char octet = text.at[i];

		if (octet == '=') {
			struct bytes code = bytes_slice(text, i, i + 3);

			if (!bytes_equal(code, BYTES("=2C")) && !bytes_equal(code, BYTES("=3D")))
				return false;
			octet = code.at[2] == 'C' ? ',' : '=';
			i += 2;
		}
		if (octet == '\0' || n == SASL_NAME_MAX)
			return false;
		name[n++] = octet;
	}
	name[n] = '\0';
	return n > 0;
}

/* client-first-message: gs2-cbind-flag "," [ "a=" saslname ] "," "n=" saslname "," … */
static enum sasl_server_status take_first(struct sasl_server *s, struct bytes in)
{
	struct bytes rest = in, flag, as;
	char authzid[SASL_NAME_MAX + 1] = "";

	if (!bytes_cut(&rest, ',', &flag) || !bytes_cut(&rest, ',', &as) || !bytes_starts(rest, BYTES("n=")))
		return over(s, SASL_SERVER_MALFORMED);
	/* Only -PLUS binds to the channel ("p=…"); the library would notice too, but a round later. */
	if (!bytes_equal(flag, BYTES("n")) && !bytes_equal(flag, BYTES("y")))
		return over(s, SASL_SERVER_MALFORMED);
	if (!read_saslname(bytes_skip(rest, 2), s->name))
		return over(s, SASL_SERVER_MALFORMED);
	if (as.len > 0 && (!bytes_starts(as, BYTES("a=")) || !read_saslname(bytes_skip(as, 2), authzid)))
		return over(s, SASL_SERVER_MALFORMED);
	if (authzid[0] != '\0' && strcmp(authzid, s->name) != 0)
		return over(s, SASL_SERVER_FAILED);
	buffer_add_bytes(&s->first, in);
	s->state = WANTS_RECORD;
	return SASL_SERVER_NEEDS_RECORD;
}

static void set_base64(struct sasl_server *s, Gsasl_property property, const void *at, size_t len)
{
	struct buffer text = { 0 };

	codec_base64_encode(bytes_of(at, len), &text);
	gsasl_property_set(s->session, property, text.at);
	memory_wipe(text.at, text.len);
	buffer_release(&text);
}

static enum sasl_server_status begin_scram(struct sasl_server *s, struct buffer *out)
{
	char *rounds = xprintf("%u", s->record.iterations);

	gsasl_property_set(s->session, GSASL_SCRAM_ITER, rounds);
	free(rounds);
	set_base64(s, GSASL_SCRAM_SALT, s->record.salt, sizeof s->record.salt);
	set_base64(s, GSASL_SCRAM_STOREDKEY, s->record.stored_key, sizeof s->record.stored_key);
	set_base64(s, GSASL_SCRAM_SERVERKEY, s->record.server_key, sizeof s->record.server_key);
	int rc = step(s, buffer_bytes(&s->first), out);
	if (rc != GSASL_NEEDS_MORE)
		return failure(s, rc);
	s->state = STEPPING;
	return SASL_SERVER_CONTINUE;
}

static enum sasl_server_status step_scram(struct sasl_server *s, struct bytes in, struct buffer *out)
{
	if (s->name[0] == '\0')
		return take_first(s, in);
	int rc = step(s, in, out);
	if (rc != GSASL_OK)
		return failure(s, rc);
	if (!s->is_real)
		return over(s, SASL_SERVER_FAILED);
	s->state = PROVEN;
	return SASL_SERVER_CONTINUE;
}

/* ---- what the caller sees ---- */

enum sasl_server_status sasl_server_start(struct sasl_server *s, const struct bytes *initial, struct buffer *out)
{
	assert(s->state == STEPPING);
	if (!s->session)
		return over(s, SASL_SERVER_FAILED);
	if (s->mechanism == SASL_LOGIN) {
		/* Not in any standard, but common: the name as initial response. */
		if (!initial)
			return step_cleartext(s, (struct bytes){ 0 }, out);
		struct buffer unsent = { 0 };
		enum sasl_server_status status = step_cleartext(s, (struct bytes){ 0 }, &unsent);
		buffer_release(&unsent);
		return status == SASL_SERVER_CONTINUE ? sasl_server_step(s, *initial, out) : status;
	}
	if (!initial)
		return SASL_SERVER_CONTINUE;
	return sasl_server_step(s, *initial, out);
}

enum sasl_server_status sasl_server_step(struct sasl_server *s, struct bytes in, struct buffer *out)
{
	assert(s->state == STEPPING || s->state == PROVEN);
	if (s->state == PROVEN)
		return over(s, in.len == 0 ? SASL_SERVER_DONE : SASL_SERVER_MALFORMED);
	if (in.len == 0)
		return over(s, SASL_SERVER_MALFORMED);
	return s->mechanism == SASL_SCRAM_SHA_256 ? step_scram(s, in, out) : step_cleartext(s, in, out);
}

enum sasl_server_status sasl_server_give_record(struct sasl_server *s, const struct password_record *record, bool is_real, struct buffer *out)
{
	assert(s->state == WANTS_RECORD);
	s->record = *record;
	s->is_real = is_real;
	if (s->mechanism == SASL_SCRAM_SHA_256)
		return begin_scram(s, out);
	s->state = WANTS_CHECK;
	return SASL_SERVER_NEEDS_CHECK;
}

enum sasl_server_status sasl_server_give_check(struct sasl_server *s, bool is_right)
{
	assert(s->state == WANTS_CHECK);
	return over(s, is_right && s->is_real ? SASL_SERVER_DONE : SASL_SERVER_FAILED);
}
