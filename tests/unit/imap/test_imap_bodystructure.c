#include "imap/imap_bodystructure.h"

#include <string.h>

#include "imap/imap_envelope.h"
#include "message/summary.h"
#include "tests/support/check.h"

static const struct row {
	const char *claim, *message, *body, *bodystructure, *envelope;  /* NULL: not looked at */
} rows[] = {
	{ "no header at all is plain text", "\r\nhello\r\n",
	  "(\"text\" \"plain\" NIL NIL NIL \"7bit\" 7 1)", "(\"text\" \"plain\" NIL NIL NIL \"7bit\" 7 1 NIL NIL NIL NIL)",
	  "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)" },
	{ "a part that says all it can",
	  "Content-Type: application/pdf; name=\"a \\\" b\"\r\nContent-ID: <i>\r\nContent-Description: d\r\nContent-Transfer-Encoding: base64\r\n"
	  "Content-MD5: m\r\nContent-Disposition: attachment; filename=f\r\nContent-Language: en, de\r\nContent-Location: l\r\n\r\nQQ==\r\n",
	  "(\"application\" \"pdf\" (\"name\" \"a \\\" b\") \"<i>\" \"d\" \"base64\" 6)",
	  "(\"application\" \"pdf\" (\"name\" \"a \\\" b\") \"<i>\" \"d\" \"base64\" 6 \"m\" (\"attachment\" (\"filename\" \"f\")) (\"en\" \"de\") \"l\")", NULL },
	{ "a multipart has its parts without a space between, and the boundary",
	  "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\none\r\n--b\r\nContent-Type: text/html\r\n\r\ntwo\r\n--b--\r\n",
	  "((\"text\" \"plain\" NIL NIL NIL \"7bit\" 3 0)(\"text\" \"html\" NIL NIL NIL \"7bit\" 3 0) \"mixed\")",
	  "((\"text\" \"plain\" NIL NIL NIL \"7bit\" 3 0 NIL NIL NIL NIL)(\"text\" \"html\" NIL NIL NIL \"7bit\" 3 0 NIL NIL NIL NIL)"
	  " \"mixed\" (\"boundary\" \"b\") NIL NIL NIL)", NULL },
	{ "a multipart without parts is the text it is", "Content-Type: multipart/mixed; boundary=b\r\n\r\nnothing\r\n",
	  "(\"text\" \"plain\" (\"boundary\" \"b\") NIL NIL \"7bit\" 9 1)", NULL, NULL },
	{ "an unreadable type is plain text", "Content-Type: rubbish\r\n\r\nx\r\n", "(\"text\" \"plain\" NIL NIL NIL \"7bit\" 3 1)", NULL, NULL },
	{ "an enclosed message has its envelope, structure and lines",
	  "Content-Type: message/rfc822\r\n\r\nSubject: in\r\n\r\nx\r\n",
	  "(\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 18 (NIL \"in\" NIL NIL NIL NIL NIL NIL NIL NIL) (\"text\" \"plain\" NIL NIL NIL \"7bit\" 3 1) 3)", NULL, NULL },
	{ "a delivery status is not a message", "Content-Type: message/delivery-status\r\n\r\nA: b\r\n", "(\"message\" \"delivery-status\" NIL NIL NIL \"7bit\" 6)", NULL, NULL },
	{ "an envelope: raw text, sender and reply-to from From, addresses",
	  "Date: Mon, 1 Jan 2024 00:00:00 +0000\r\nSubject: =?utf-8?q?=C3=A4?=\r\nFrom: \"A \\\"B\\\"\" <a@a.test>\r\nTo: b@b.test, c@c.test\r\n"
	  "Message-ID: <1@a>\r\nIn-Reply-To: <0@a>\r\n\r\n", NULL, NULL,
	  "(\"Mon, 1 Jan 2024 00:00:00 +0000\" \"=?utf-8?q?=C3=A4?=\" ((\"A \\\"B\\\"\" NIL \"a\" \"a.test\")) ((\"A \\\"B\\\"\" NIL \"a\" \"a.test\"))"
	  " ((\"A \\\"B\\\"\" NIL \"a\" \"a.test\")) ((NIL NIL \"b\" \"b.test\")(NIL NIL \"c\" \"c.test\")) NIL NIL \"<0@a>\" \"<1@a>\")" },
	{ "a group", "From: a@b\r\nTo: G: x@y;\r\n\r\n", NULL, NULL,
	  "(NIL NIL ((NIL NIL \"a\" \"b\")) ((NIL NIL \"a\" \"b\")) ((NIL NIL \"a\" \"b\")) ((NIL NIL \"G\" NIL)(NIL NIL \"x\" \"y\")(NIL NIL NIL NIL)) NIL NIL NIL NIL)" },
};

static void check_text(const char *want, const struct buffer *got, bool ok, const char *claim)
{
	if (!want)
		return;
	CHECK_ROW(ok, claim);
	check_expect_bytes(got->at, got->len, want, strlen(want), claim, __FILE__, __LINE__);
}

int main(void)
{
	struct arena arena = { 0 };
	struct buffer out = { 0 };

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct summary summary = { 0 };
		struct summary_builder *builder = summary_builder_create();
		summary_builder_feed(builder, bytes_text(rows[i].message));
		summary_builder_finish(builder, &summary);
		summary_builder_destroy(builder);

		buffer_clear(&out);
		bool ok = imap_bodystructure_format(buffer_bytes(&summary.structure), false, &arena, &out);
		check_text(rows[i].body, &out, ok, rows[i].claim);
		buffer_clear(&out);
		ok = imap_bodystructure_format(buffer_bytes(&summary.structure), true, &arena, &out);
		check_text(rows[i].bodystructure, &out, ok, rows[i].claim);
		buffer_clear(&out);
		ok = imap_envelope_format(buffer_bytes(&summary.envelope), &arena, &out);
		check_text(rows[i].envelope, &out, ok, rows[i].claim);
		summary_release(&summary);
		arena_reset(&arena);
	}
	CHECK_ROW(!imap_bodystructure_format(BYTES("\xff garbage"), true, &arena, &out), "a damaged tree is refused");
	CHECK_ROW(!imap_envelope_format(BYTES("\xff"), &arena, &out), "a damaged envelope is refused");
	arena_reset(&arena);
	buffer_release(&out);
	return check_finish();
}
