/* Replies of one line and of many are read; what is no reply is told. */
#include "smtp/smtp_reply.h"

#include "auth/sasl_mechanism.h"
#include "smtp/smtp_extension.h"
#include "tests/support/check.h"

static const struct reply_case {
	const char *claim, *lines;      /* LF ends a line here */
	enum smtp_reply_status status;
	const char *described, *text;
} cases[] = {
	{ "one line",                       "250 Ok\n", SMTP_REPLY_DONE, "250 Ok", "Ok" },
	{ "an enhanced code",               "550 5.1.1 no such user\n", SMTP_REPLY_DONE, "550 5.1.1 no such user", "no such user" },
	{ "an enhanced code alone",         "250 2.1.0\n", SMTP_REPLY_DONE, "250 2.1.0", "" },
	{ "a code alone",                   "354\n", SMTP_REPLY_DONE, "354", "" },
	{ "several lines",                  "250-mx\n250-SIZE 9\n250 HELP\n", SMTP_REPLY_DONE, "250 mx SIZE 9 HELP", "mx\nSIZE 9\nHELP" },
	{ "enhanced codes on each line",    "550-5.7.1 no\n550 5.7.1 relaying\n", SMTP_REPLY_DONE, "550 5.7.1 no relaying", "no\nrelaying" },
	{ "an enhanced code of another class is text", "250 5.1.1 odd\n", SMTP_REPLY_DONE, "250 5.1.1 odd", "5.1.1 odd" },
	{ "a version number is text",       "220 2.0 ready\n", SMTP_REPLY_DONE, "220 2.0 ready", "2.0 ready" },
	{ "control octets are not shown",   "250 a\x1b[2Jb\n", SMTP_REPLY_DONE, "250 a?[2Jb", "a\x1b[2Jb" },
	{ "unfinished",                     "250-mx\n", SMTP_REPLY_MORE, NULL, NULL },
	{ "codes that differ",              "250-mx\n220 x\n", SMTP_REPLY_BAD, NULL, NULL },
	{ "no code",                        "hello\n", SMTP_REPLY_BAD, NULL, NULL },
	{ "a code out of range",            "199 x\n", SMTP_REPLY_BAD, NULL, NULL },
	{ "four digits",                    "2500 x\n", SMTP_REPLY_BAD, NULL, NULL },
	{ "an empty line",                  "\n", SMTP_REPLY_BAD, NULL, NULL },
};

static void rows(void)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct reply_case *c = &cases[i];
		struct smtp_reply r = { 0 };
		struct bytes rest = bytes_text(c->lines), line;
		enum smtp_reply_status status = SMTP_REPLY_MORE;
		struct buffer out = { 0 };

		while (status == SMTP_REPLY_MORE && bytes_cut(&rest, '\n', &line))
			status = smtp_reply_line(&r, line);
		CHECK_ROW(status == c->status, c->claim);
		if (status == SMTP_REPLY_DONE) {
			smtp_reply_describe(&r, &out);
			CHECK_ROW(bytes_equal(buffer_bytes(&out), bytes_text(c->described)), c->claim);
			CHECK_ROW(bytes_equal(buffer_bytes(&r.text), bytes_text(c->text)), c->claim);
		}
		buffer_release(&out);
		smtp_reply_release(&r);
	}
}

static void bounds(void)
{
	struct smtp_reply r = { 0 };
	struct buffer line = { 0 };
	enum smtp_reply_status status = SMTP_REPLY_MORE;
	int n = 0;

	buffer_add_text(&line, "250-");
	for (int i = 0; i < 1000; i++)
		buffer_add_octet(&line, 'x');
	while (status == SMTP_REPLY_MORE && n < 1000) {
		status = smtp_reply_line(&r, buffer_bytes(&line));
		n++;
	}
	CHECK_ROW(status == SMTP_REPLY_BAD && n == SMTP_REPLY_LINES_MAX + 1, "a reply without end is cut off");
	CHECK_ROW(r.text.len <= SMTP_REPLY_TEXT_MAX, "and not kept");
	struct buffer out = { 0 };
	smtp_reply_describe(&r, &out);
	CHECK_ROW(out.len <= 500, "a description is short");
	buffer_release(&out);
	buffer_release(&line);
	smtp_reply_release(&r);
}

static void extensions(void)
{
	static const char *const lines[] = { "PIPELINING", "size 1000", "AUTH PLAIN LOGIN SCRAM-SHA-256 CRAM-MD5", "LIMITS RCPTMAX=100 MAILMAX=7", "X-WHATEVER 1", "", "SIZE x" };
	struct smtp_extensions e = { 0 }, old = { 0 };

	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
		smtp_extension_read(&e, bytes_text(lines[i]));
	CHECK(e.bits == (SMTP_PIPELINING | SMTP_SIZE | SMTP_AUTH | SMTP_LIMITS));
	CHECK(e.size_max == 1000 && e.recipient_max == 100 && e.mail_max == 7);
	CHECK(e.mechanisms == (SASL_BIT(SASL_PLAIN) | SASL_BIT(SASL_LOGIN) | SASL_BIT(SASL_SCRAM_SHA_256)));
	smtp_extension_read(&old, BYTES("AUTH=LOGIN PLAIN"));
	CHECK(old.bits == SMTP_AUTH && old.mechanisms == (SASL_BIT(SASL_PLAIN) | SASL_BIT(SASL_LOGIN)));
}

int main(void)
{
	rows();
	bounds();
	extensions();
	return check_finish();
}
