#include "message/preview.h"

#include "tests/support/check.h"

#define TYPE(type) "Content-Type: " type "\r\n\r\n"

static const struct preview_case {
	const char *claim, *message, *want;     /* NULL: no text */
	bool is_html;
} cases[] = {
	{ "a plain message", "Subject: x\r\n\r\nhello\r\nyou\r\n", "hello\nyou\n", false },
	{ "quoted-printable", "Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\ncaf=E9\r\n", "caf\xc3\xa9\n", false },
	{ "base64 UTF-8", "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\nY2Fmw6kNCg==\r\n", "caf\xc3\xa9\n", false },
	{ "undeclared 8-bit", "Subject: x\r\n\r\ncaf\xe9\r\n", "caf\xc3\xa9\n", false },
	{ "plain before html", TYPE("multipart/alternative; boundary=b") "--b\r\n" TYPE("text/html") "<p>\r\n--b\r\n" TYPE("text/plain") "hi\r\n--b--\r\n", "hi", false },
	{ "html alone", TYPE("text/html") "<p>hi", "<p>hi", true },
	{ "an attachment is not the text",
	  TYPE("multipart/mixed; boundary=b") "--b\r\nContent-Disposition: attachment\r\n\r\nno\r\n--b\r\n" TYPE("text/html") "yes\r\n--b--\r\n", "yes", true },
	{ "an enclosed message is not the text",
	  TYPE("multipart/mixed; boundary=b") "--b\r\n" TYPE("message/rfc822") "Subject: x\r\n\r\nno\r\n--b\r\n" TYPE("text/plain") "yes\r\n--b--\r\n", "yes", false },
	{ "no text", TYPE("image/png") "x", NULL, false },
};

int main(void)
{
	struct buffer out = { 0 };

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct buffer got = { 0 };
		bool is_html = false;

		buffer_reserve(&got, 1);
		bool found = preview_message_text(bytes_text(cases[i].message), 1000, &got, &is_html);
		CHECK_ROW(found == (cases[i].want != NULL), cases[i].claim);
		CHECK_TEXT(got.at, cases[i].want ? cases[i].want : "", cases[i].claim);
		CHECK_ROW(is_html == cases[i].is_html, cases[i].claim);
		buffer_release(&got);
	}
	CHECK(preview_message_text(BYTES("Content-Type: text/plain; charset=utf-8\r\n\r\ncaf\xc3\xa9\r\n"), 4, &out, NULL));
	CHECK_TEXT(out.at, "caf", "cut before a character, not in it");
	buffer_release(&out);
	return check_finish();
}
