/* A client does not obey every server. */
#include "auth/sasl_client.h"

#include "tests/support/check.h"

static void rounds(void)
{
	struct sasl_client *c = sasl_client_create(SASL_SCRAM_SHA_256, "ann", "x");
	struct buffer out = { 0 };
	struct error err = { 0 };

	CHECK(sasl_client_step(c, BYTES(""), &out, &err));
	CHECK_ROW(!sasl_client_step(c, BYTES("r=abc,s=QUFBQQ==,i=4000000000"), &out, &err) && err.kind == ERROR_LIMIT, "a server cannot keep us hashing");
	CHECK_ROW(!sasl_client_finish(c, NULL), "success without the server's proof is not believed");
	buffer_release(&out);
	sasl_client_destroy(c);
}

static void messages(void)
{
	struct sasl_client *c = sasl_client_create(SASL_PLAIN, "ann", "secret");
	struct buffer out = { 0 };

	CHECK(sasl_client_speaks_first(c) && sasl_client_step(c, BYTES(""), &out, NULL));
	check_expect_bytes(out.at, out.len, "\0ann\0secret", 11, "PLAIN in one message", __FILE__, __LINE__);
	CHECK_ROW(!sasl_client_step(c, BYTES("more?"), &out, NULL), "nothing comes after PLAIN");
	sasl_client_destroy(c);
	buffer_clear(&out);
	c = sasl_client_create(SASL_LOGIN, "ann", "secret");
	CHECK(!sasl_client_speaks_first(c) && sasl_client_step(c, BYTES("Username:"), &out, NULL));
	CHECK_TEXT(out.at, "ann", "LOGIN name");
	buffer_clear(&out);
	CHECK(sasl_client_step(c, BYTES("Password:"), &out, NULL));
	CHECK_TEXT(out.at, "secret", "LOGIN password");
	sasl_client_destroy(c);
	buffer_release(&out);
}

static void choices(void)
{
	static const struct { const char *claim; unsigned offered; bool cleartext, found; enum sasl_mechanism chosen; } rows[] = {
		{ "SCRAM before all",               7u, true, true, SASL_SCRAM_SHA_256 },
		{ "PLAIN before LOGIN",             SASL_BIT(SASL_LOGIN) | SASL_BIT(SASL_PLAIN), true, true, SASL_PLAIN },
		{ "no password over a clear line",  SASL_BIT(SASL_LOGIN) | SASL_BIT(SASL_PLAIN), false, false, SASL_PLAIN },
		{ "nothing offered",                0u, true, false, SASL_PLAIN },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		enum sasl_mechanism m = SASL_PLAIN;
		CHECK_ROW(sasl_mechanism_choose(rows[i].offered, rows[i].cleartext, &m) == rows[i].found, rows[i].claim);
		CHECK_ROW(!rows[i].found || m == rows[i].chosen, rows[i].claim);
	}
	enum sasl_mechanism m;
	CHECK(sasl_mechanism_find(BYTES("scram-sha-256"), &m) && m == SASL_SCRAM_SHA_256);
	CHECK(!sasl_mechanism_find(BYTES("SCRAM-SHA-256-PLUS"), &m));
}

int main(void)
{
	rounds();
	messages();
	choices();
	return check_finish();
}
