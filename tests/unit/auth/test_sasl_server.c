/* Both sides of each mechanism against each other, and the server against clients that lie. */
#include "auth/sasl_server.h"

#include <string.h>

#include "auth/sasl_client.h"
#include "tests/support/check.h"

#define USER   "ann@a.test"
#define SECRET "pencil"

static struct password_record record;

/* What a daemon does: look up, check, go on. */
static enum sasl_server_status serve(struct sasl_server *s, enum sasl_server_status status, struct buffer *out)
{
	static const unsigned char secret[32];
	struct password_record fake;

	if (status == SASL_SERVER_NEEDS_RECORD) {
		bool known = strcmp(sasl_server_name(s), USER) == 0;
		password_fake(bytes_text(sasl_server_name(s)), secret, &fake);
		fake.iterations = record.iterations;
		status = sasl_server_give_record(s, known ? &record : &fake, known, out);
	}
	if (status == SASL_SERVER_NEEDS_CHECK)
		status = sasl_server_give_check(s, password_check(sasl_server_password(s), sasl_server_record(s)));
	return status;
}

/* A whole exchange over an imaginary wire. */
static enum sasl_server_status play(enum sasl_mechanism m, bool initial, const char *name, const char *password, bool *believed)
{
	struct sasl_server *s = sasl_server_create(m);
	struct sasl_client *c = sasl_client_create(m, name, password);
	struct buffer to_server = { 0 }, to_client = { 0 };
	enum sasl_server_status status;

	*believed = false;
	if (initial && sasl_client_speaks_first(c)) {
		CHECK(sasl_client_step(c, BYTES(""), &to_server, NULL));
		struct bytes first = buffer_bytes(&to_server);
		status = serve(s, sasl_server_start(s, &first, &to_client), &to_client);
	} else {
		status = serve(s, sasl_server_start(s, NULL, &to_client), &to_client);
	}
	for (int i = 0; i < 8 && status == SASL_SERVER_CONTINUE; i++) {
		buffer_clear(&to_server);
		if (!sasl_client_step(c, buffer_bytes(&to_client), &to_server, NULL))
			break;
		buffer_clear(&to_client);
		status = serve(s, sasl_server_step(s, buffer_bytes(&to_server), &to_client), &to_client);
	}
	*believed = sasl_client_finish(c, NULL);
	buffer_release(&to_server);
	buffer_release(&to_client);
	sasl_client_destroy(c);
	sasl_server_destroy(s);
	return status;
}

static void both_sides(void)
{
	static const struct { const char *claim, *name, *password; enum sasl_server_status status; } rows[] = {
		{ "right",          USER,            SECRET,   SASL_SERVER_DONE },
		{ "wrong password", USER,            "Pencil", SASL_SERVER_FAILED },
		{ "unknown user",   "eve@a.test",    SECRET,   SASL_SERVER_FAILED },
		{ "a name with comma and equals", "a,=b@a.test", SECRET, SASL_SERVER_FAILED },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		for (int m = 0; m < SASL_MECHANISM_COUNT * 2; m++) {
			bool believed;
			enum sasl_server_status got = play((enum sasl_mechanism)(m / 2), m % 2, rows[i].name, rows[i].password, &believed);
			CHECK_ROW(got == rows[i].status, rows[i].claim);
			if (got == SASL_SERVER_DONE)
				CHECK_ROW(believed, rows[i].claim);
		}
	}
}

static void first_messages(void)
{
	const struct { const char *claim; enum sasl_mechanism m; struct bytes initial; enum sasl_server_status status; const char *name; } rows[] = {
		{ "PLAIN takes name and password",         SASL_PLAIN, BYTES("\0ann\0x"), SASL_SERVER_NEEDS_RECORD, "ann" },
		{ "PLAIN with the own authorization name", SASL_PLAIN, BYTES("ann\0ann\0x"), SASL_SERVER_NEEDS_RECORD, "ann" },
		{ "PLAIN as somebody else",                SASL_PLAIN, BYTES("bob\0ann\0x"), SASL_SERVER_FAILED, "ann" },
		{ "PLAIN without name",                    SASL_PLAIN, BYTES("\0\0x"), SASL_SERVER_MALFORMED, "" },
		{ "PLAIN without separators",              SASL_PLAIN, BYTES("ann"), SASL_SERVER_MALFORMED, "" },
		{ "PLAIN with a NUL in the password",      SASL_PLAIN, BYTES("\0ann\0x\0y"), SASL_SERVER_MALFORMED, "" },
		{ "PLAIN with nothing",                    SASL_PLAIN, BYTES(""), SASL_SERVER_MALFORMED, "" },
		{ "LOGIN with the name at once",           SASL_LOGIN, BYTES("ann"), SASL_SERVER_CONTINUE, "" },
		{ "SCRAM decodes =2C and =3D",             SASL_SCRAM_SHA_256, BYTES("n,,n=a=2Cb=3Dc,r=abc"), SASL_SERVER_NEEDS_RECORD, "a,b=c" },
		{ "SCRAM with another escape",             SASL_SCRAM_SHA_256, BYTES("n,,n=a=2D,r=abc"), SASL_SERVER_MALFORMED, "" },
		{ "SCRAM with its own authorization name", SASL_SCRAM_SHA_256, BYTES("n,a=ann,n=ann,r=abc"), SASL_SERVER_NEEDS_RECORD, "ann" },
		{ "SCRAM as somebody else",                SASL_SCRAM_SHA_256, BYTES("n,a=bob,n=ann,r=abc"), SASL_SERVER_FAILED, "ann" },
		{ "SCRAM without name",                    SASL_SCRAM_SHA_256, BYTES("n,,n=,r=abc"), SASL_SERVER_MALFORMED, "" },
		{ "SCRAM that binds to the channel, which only -PLUS does", SASL_SCRAM_SHA_256, BYTES("p=tls-unique,,n=ann,r=abc"), SASL_SERVER_MALFORMED, "" },
		{ "SCRAM garbage",                         SASL_SCRAM_SHA_256, BYTES("garbage"), SASL_SERVER_MALFORMED, "" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct sasl_server *s = sasl_server_create(rows[i].m);
		struct buffer out = { 0 };
		enum sasl_server_status got = sasl_server_start(s, &rows[i].initial, &out);
		CHECK_ROW(got == rows[i].status, rows[i].claim);
		if (got == SASL_SERVER_NEEDS_RECORD)
			CHECK_TEXT(sasl_server_name(s), rows[i].name, rows[i].claim);
		buffer_release(&out);
		sasl_server_destroy(s);
	}
}

static void login_prompts(void)
{
	struct sasl_server *s = sasl_server_create(SASL_LOGIN);
	struct buffer out = { 0 };

	CHECK(sasl_server_start(s, NULL, &out) == SASL_SERVER_CONTINUE);
	CHECK_TEXT(out.at, "Username:", "LOGIN asks for the name");
	buffer_clear(&out);
	CHECK(sasl_server_step(s, BYTES("ann"), &out) == SASL_SERVER_CONTINUE);
	CHECK_TEXT(out.at, "Password:", "LOGIN asks for the password");
	CHECK(sasl_server_step(s, BYTES("x"), &out) == SASL_SERVER_NEEDS_RECORD);
	CHECK(bytes_equal(sasl_server_password(s), BYTES("x")));
	buffer_release(&out);
	sasl_server_destroy(s);
}

int main(void)
{
	CHECK(password_make(BYTES(SECRET), 4096, &record, NULL));
	both_sides();
	first_messages();
	login_prompts();
	return check_finish();
}
