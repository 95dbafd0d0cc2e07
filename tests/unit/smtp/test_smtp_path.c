/* Paths as RFC 5321 draws them, and nothing else. */
#include "smtp/smtp_path.h"

#include "tests/support/check.h"

static const struct path_case {
	const char *claim, *text;
	enum smtp_path_status status;
	const char *local, *domain;
	size_t used;
	const char *formatted;
} cases[] = {
	{ "plain",                 "<ann@x.test> SIZE=9",      SMTP_PATH_OK, "ann", "x.test", 12, "ann@x.test" },
	{ "null sender",           "<>",                       SMTP_PATH_OK, "", "", 2, "" },
	{ "the domain in capitals", "<Ann@X.Test>",            SMTP_PATH_OK, "Ann", "X.Test", 12, "Ann@x.test" },
	{ "postmaster alone",      "<PostMaster>",             SMTP_PATH_OK, "PostMaster", "", 12, "PostMaster" },
	{ "quoted space",          "<\"a b\"@x.test>",         SMTP_PATH_OK, "\"a b\"", "x.test", 14, "\"a b\"@x.test" },
	{ "quotes without need",   "<\"ann\"@x.test>",         SMTP_PATH_OK, "\"ann\"", "x.test", 14, "ann@x.test" },
	{ "a backslash without need", "<\"a\\nn\"@x.test>",    SMTP_PATH_OK, "\"a\\nn\"", "x.test", 15, "ann@x.test" },
	{ "a quoted quote",        "<\"a\\\"b\"@x.test>",      SMTP_PATH_OK, "\"a\\\"b\"", "x.test", 15, "\"a\\\"b\"@x.test" },
	{ "a quoted at sign",      "<\"a@b\"@x.test>",         SMTP_PATH_OK, "\"a@b\"", "x.test", 14, "\"a@b\"@x.test" },
	{ "the percent hack is a local part", "<a%b.c@x.test>", SMTP_PATH_OK, "a%b.c", "x.test", 14, "a%b.c@x.test" },
	{ "a bang path is a local part", "<b.c!a@x.test>",     SMTP_PATH_OK, "b.c!a", "x.test", 14, "b.c!a@x.test" },
	{ "source route",          "<@r.test:ann@x.test>",     SMTP_PATH_OK, "ann", "x.test", 20, "ann@x.test" },
	{ "two hops",              "<@r.test,@[192.0.2.1]:ann@x.test>", SMTP_PATH_OK, "ann", "x.test", 33, "ann@x.test" },
	{ "IPv4 literal",          "<ann@[192.0.2.1]>",        SMTP_PATH_OK, "ann", "[192.0.2.1]", 17, "ann@[192.0.2.1]" },
	{ "IPv6 literal",          "<ann@[IPv6:::1]>",         SMTP_PATH_OK, "ann", "[IPv6:::1]", 16, "ann@[ipv6:::1]" },
	{ "UTF-8",                 "<\xc3\xa9@x.test>",        SMTP_PATH_OK, "\xc3\xa9", "x.test", 11, "\xc3\xa9@x.test" },
	{ "broken UTF-8",          "<\xc3@x.test>",            SMTP_PATH_SYNTAX, NULL, NULL, 0, NULL },
	{ "bare space",            "<a b@x.test>",             SMTP_PATH_SYNTAX, NULL, NULL, 0, NULL },
	{ "route past >",          "<@r.test> X:a@b.c>",       SMTP_PATH_SYNTAX, NULL, NULL, 0, NULL },
	{ "a route alone",         "<@r.test>",                SMTP_PATH_SYNTAX, NULL, NULL, 0, NULL },
	{ "a route to nobody",     "<@r.test:>",               SMTP_PATH_SYNTAX, NULL, NULL, 0, NULL },
	{ "no domain",             "<ann>",                    SMTP_PATH_SYNTAX, NULL, NULL, 0, NULL },
	{ "empty domain",          "<ann@>",                   SMTP_PATH_SYNTAX, NULL, NULL, 0, NULL },
	{ "quoted, no domain",     "<\"ann@x.test\">",         SMTP_PATH_SYNTAX, NULL, NULL, 0, NULL },
	{ "final dot",             "<ann@x.test.>",            SMTP_PATH_SYNTAX, NULL, NULL, 0, NULL },
	{ "two dots",              "<ann@x..test>",            SMTP_PATH_SYNTAX, NULL, NULL, 0, NULL },
	{ "two at signs",          "<a@b@x.test>",             SMTP_PATH_SYNTAX, NULL, NULL, 0, NULL },
	{ "dot first",             "<.a@x.test>",              SMTP_PATH_SYNTAX, NULL, NULL, 0, NULL },
	{ "hyphen first in a label", "<a@-x.test>",            SMTP_PATH_SYNTAX, NULL, NULL, 0, NULL },
	{ "no brackets",           "ann@x.test",               SMTP_PATH_SYNTAX, NULL, NULL, 0, NULL },
	{ "not closed",            "<ann@x.test",              SMTP_PATH_SYNTAX, NULL, NULL, 0, NULL },
	{ "a bad literal",         "<ann@[1.2.3]>",            SMTP_PATH_SYNTAX, NULL, NULL, 0, NULL },
	{ "an open literal",       "<ann@[1.2.3.4>",           SMTP_PATH_SYNTAX, NULL, NULL, 0, NULL },
	{ "a control octet in quotes", "<\"a\x01\"@x.test>",   SMTP_PATH_SYNTAX, NULL, NULL, 0, NULL },
	{ "an open quote",         "<\"a@x.test>",             SMTP_PATH_SYNTAX, NULL, NULL, 0, NULL },
	{ "space before the path", " <ann@x.test>",            SMTP_PATH_SYNTAX, NULL, NULL, 0, NULL },
	{ "nothing",               "",                         SMTP_PATH_SYNTAX, NULL, NULL, 0, NULL },
};

static void rows(void)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct path_case *c = &cases[i];
		struct smtp_path path = { 0 };
		struct buffer out = { 0 };
		size_t used = 0;

		CHECK_ROW(smtp_path_parse(bytes_text(c->text), &path, &used) == c->status, c->claim);
		CHECK_ROW(used == c->used, c->claim);
		if (c->status != SMTP_PATH_OK)
			continue;
		CHECK_ROW(bytes_equal(path.local, bytes_text(c->local)), c->claim);
		CHECK_ROW(bytes_equal(path.domain, bytes_text(c->domain)), c->claim);
		smtp_path_format(&path, &out);
		CHECK_ROW(bytes_equal(buffer_bytes(&out), bytes_text(c->formatted)), c->claim);
		buffer_release(&out);
	}
}

/* "<aaa…@x.test>" or "<a@bb.bb.…>" */
static enum smtp_path_status parse_sized(size_t local_len, size_t domain_len)
{
	struct buffer text = { 0 };
	struct smtp_path path;
	size_t used;

	buffer_add_octet(&text, '<');
	for (size_t i = 0; i < local_len; i++)
		buffer_add_octet(&text, 'a');
	buffer_add_octet(&text, '@');
	for (size_t i = 0; i < domain_len; i++)
		buffer_add_octet(&text, i % 3 == 2 ? '.' : 'b');
	buffer_add_octet(&text, '>');
	enum smtp_path_status status = smtp_path_parse(buffer_bytes(&text), &path, &used);
	buffer_release(&text);
	return status;
}

static void limits(void)
{
	struct smtp_path path;
	size_t used;

	CHECK_ROW(parse_sized(128, 5) == SMTP_PATH_OK, "128 octets of local part");
	CHECK_ROW(parse_sized(129, 5) == SMTP_PATH_TOO_LONG, "129 octets of local part");
	CHECK_ROW(parse_sized(3, 250) == SMTP_PATH_OK, "a path of 256 octets");
	CHECK_ROW(parse_sized(4, 250) == SMTP_PATH_TOO_LONG, "a path of 257 octets");
	CHECK_ROW(smtp_path_parse(BYTES("<a@x\0.test>"), &path, &used) == SMTP_PATH_SYNTAX, "a NUL in the domain");
}

static void writing(void)
{
	struct buffer out = { 0 };

	CHECK(smtp_path_write(BYTES("ann@x.test"), &out) && smtp_path_write(BYTES(""), &out));
	CHECK_TEXT(out.at, "<ann@x.test><>", "written paths");
	CHECK_ROW(!smtp_path_write(BYTES("ann@x.test>\r\nRCPT TO:<b@x.test"), &out), "no address can smuggle a command");
	CHECK_ROW(!smtp_path_write(BYTES("a@x.test> SIZE=1"), &out), "nor a parameter");
	CHECK_TEXT(out.at, "<ann@x.test><>", "out is as before");
	buffer_release(&out);
}

static void domains(void)
{
	static const struct { const char *text; bool valid; } names[] = {
		{ "mx.a.test", true }, { "localhost", true }, { "[127.0.0.1]", true }, { "[IPv6:2001:db8::1]", true }, { "a_b.test", true },
		{ "", false }, { "a b", false }, { "a..b", false }, { "a.", false }, { "[1.2.3.4", false }, { "(comment)", false }, { "a\r", false },
	};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		CHECK_ROW(smtp_domain_is_valid(bytes_text(names[i].text)) == names[i].valid, names[i].text);
}

int main(void)
{
	rows();
	limits();
	writing();
	domains();
	return check_finish();
}
