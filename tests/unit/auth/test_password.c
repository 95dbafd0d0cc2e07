/* A stored record follows RFC 7677, and only its own password fits it. */
#include "auth/password.h"

#include <string.h>

#include "base/buffer.h"
#include "base/codec.h"
#include "tests/support/check.h"

/* The example of RFC 7677 3: user "user", password "pencil", 4096 rounds. */
static void rfc_example(void)
{
	struct password_record r = { .iterations = 4096 };
	struct buffer salt = { 0 };

	CHECK(codec_base64_decode(BYTES("W22ZaJ0SNY7soEsUEjb6gQ=="), &salt) && salt.len == sizeof r.salt);
	memcpy(r.salt, salt.at, sizeof r.salt);
	buffer_release(&salt);
	/* SHA-256 of the client key that the example's proof and signature give. */
	struct buffer stored = { 0 };
	CHECK(codec_base64_decode(BYTES("WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY="), &stored) && stored.len == 32);
	memcpy(r.stored_key, stored.at, 32);
	buffer_release(&stored);
	CHECK(password_check(BYTES("pencil"), &r));
	CHECK(!password_check(BYTES("Pencil"), &r));
}

static void made_records(void)
{
	static const struct { const char *claim, *made, *tried; bool fits; } rows[] = {
		{ "the password itself",                 "secret",         "secret",         true },
		{ "another one",                         "secret",         "secret ",        false },
		{ "SASLprep makes the two forms of é one", "caf\xc3\xa9",  "cafe\xcc\x81",   true },
		{ "octets that are no UTF-8",            "\xff\xfe",       "\xff\xfe",       true },
		{ "a control octet, which SASLprep forbids", "a\x07",      "a\x07",          true },
		{ "the empty try",                       "secret",         "",               false },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct password_record r;
		CHECK_ROW(password_make(bytes_text(rows[i].made), 100, &r, NULL), rows[i].claim);
		CHECK_ROW(password_check(bytes_text(rows[i].tried), &r) == rows[i].fits, rows[i].claim);
	}
}

static void refusals(void)
{
	struct password_record r;
	struct error err = { 0 };
	char longest[PASSWORD_MAX + 1];

	memset(longest, 'x', sizeof longest);
	CHECK(!password_make(BYTES(""), 100, &r, &err) && err.kind == ERROR_SYNTAX);
	CHECK(!password_make(BYTES("a\0b"), 100, &r, &err) && err.kind == ERROR_SYNTAX);
	CHECK(!password_make(bytes_of(longest, sizeof longest), 100, &r, &err) && err.kind == ERROR_LIMIT);
	CHECK(password_make(bytes_of(longest, sizeof longest - 1), 1, &r, NULL));
	CHECK(!password_make(BYTES("x"), 0, &r, &err));
}

static void fakes(void)
{
	static const unsigned char secret[32] = "a secret of the store", other[32] = "another";
	struct password_record a, b, c, d;

	password_fake(BYTES("nobody@a.test"), secret, &a);
	password_fake(BYTES("NoBody@a.test"), secret, &b);
	password_fake(BYTES("somebody@a.test"), secret, &c);
	password_fake(BYTES("nobody@a.test"), other, &d);
	CHECK_ROW(memcmp(&a, &b, sizeof a) == 0, "the same user always gets the same fake, in any case of letters");
	CHECK_ROW(memcmp(a.salt, c.salt, sizeof a.salt) != 0, "two users have two salts");
	CHECK_ROW(memcmp(a.salt, d.salt, sizeof a.salt) != 0, "two stores have two salts");
	CHECK_ROW(a.iterations == PASSWORD_ITERATIONS, "a fake costs as much as a real record");
	CHECK_ROW(!password_check(BYTES("nobody@a.test"), &a), "nothing fits a fake");
}

int main(void)
{
	rfc_example();
	made_records();
	refusals();
	fakes();
	return check_finish();
}
