#include "message/compose.h"

#include "base/text.h"
#include "message/preview.h"
#include "tests/support/check.h"

typedef bool (*add_fn)(struct buffer *, const char *, struct bytes, struct error *);

static const struct field_case {
	const char *claim;
	add_fn add;
	const char *value, *want;       /* want NULL: refused */
} cases[] = {
	{ "plain text", compose_field_text, "hello", "X: hello\r\n" },
	{ "empty text", compose_field_text, "", "X: \r\n" },
	{ "UTF-8 text is encoded", compose_field_text, "Gr\xc3\xbc\xc3\x9f" "e", "X: =?UTF-8?B?R3LDvMOfZQ==?=\r\n" },
	{ "what looks encoded is encoded", compose_field_text, "=?utf-8?q?x?=", "X: =?UTF-8?Q?=3D=3Futf-8=3Fq=3Fx=3F=3D?=\r\n" },
	{ "a control character is encoded", compose_field_text, "a\x1b[31m", "X: =?UTF-8?Q?a=1B=5B31m?=\r\n" },
	{ "long text is folded", compose_field_text,
	  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb cccccccccccccccccccc dddddddddd",
	  "X: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\r\n cccccccccccccccccccc dddddddddd\r\n" },
	{ "text that is not UTF-8 is refused", compose_field_text, "Gr\xfc\xdf" "e", NULL },
	{ "a name that is not UTF-8 is refused", compose_field_addresses, "Andr\xe9 <a@x>", NULL },
	{ "a line end in text is refused", compose_field_text, "a\r\nBcc: evil@x", NULL },
	{ "a bare LF is refused", compose_field_text, "a\nBcc: evil@x", NULL },
	{ "a bare CR is refused", compose_field_text, "a\rBcc: evil@x", NULL },
	{ "tokens", compose_field_tokens, "<a@b>", "X: <a@b>\r\n" },
	{ "tokens are ASCII", compose_field_tokens, "<\xc3\xa9@b>", NULL },
	{ "a line end in tokens is refused", compose_field_tokens, "<a@b>\r\nY: z", NULL },
	{ "addresses", compose_field_addresses, "ann@x.test,  Bob Lee <bob@y.test>", "X: ann@x.test, Bob Lee <bob@y.test>\r\n" },
	{ "names are quoted and encoded", compose_field_addresses, "\"Lee, Bob\" <b@y>, Andr\xc3\xa9 <a@x>", "X: \"Lee, Bob\" <b@y>, =?UTF-8?Q?Andr=C3=A9?= <a@x>\r\n" },
	{ "a group", compose_field_addresses, "Friends: a@x, b@y;, c@z", "X: Friends: a@x, b@y;, c@z\r\n" },
	{ "an address without domain is refused", compose_field_addresses, "ann@x.test, bob", NULL },
	{ "a name alone is refused", compose_field_addresses, "Ann Lee", NULL },
	{ "no address is refused", compose_field_addresses, "", NULL },
	{ "a line end in addresses is refused", compose_field_addresses, "a@x\r\nBcc: evil@x", NULL },
	{ "a line end inside a name is refused", compose_field_addresses, "\"a\r\nBcc: evil@x\" <a@x>", NULL },
};

static void check_fields(void)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct buffer got = { 0 };
		struct error err = { 0 };

		buffer_reserve(&got, 1);
		bool ok = cases[i].add(&got, "X", bytes_text(cases[i].value), &err);
		CHECK_ROW(ok == (cases[i].want != NULL), cases[i].claim);
		CHECK_TEXT(got.at, cases[i].want ? cases[i].want : "", cases[i].claim);
		CHECK_ROW(ok || err.kind == ERROR_SYNTAX, cases[i].claim);
		buffer_release(&got);
	}
	struct buffer out = { 0 };
	struct error err = { 0 };
	CHECK_ROW(!compose_field_text(&out, "X", BYTES("a\0b"), &err) && err.kind == ERROR_SYNTAX, "NUL is refused");
	buffer_release(&out);
}

static void check_letter(void)
{
	struct compose_letter letter = {
		.from = "Ann <ann@x.test>", .to = "bob@y.test", .bcc = "secret@z.test", .subject = "hi", .message_id = "<1@x.test>",
		.date_s = 880127706, .offset_min = -360, .body = BYTES("one\ntwo"),
	};
	struct buffer out = { 0 };
	struct error err = { 0 };

	CHECK(compose_letter_write(&letter, &out, &err));
	CHECK_TEXT(out.at,
	           "Date: Fri, 21 Nov 1997 09:55:06 -0600\r\nFrom: Ann <ann@x.test>\r\nTo: bob@y.test\r\nSubject: hi\r\nMessage-ID: <1@x.test>\r\n"
	           "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=us-ascii\r\nContent-Transfer-Encoding: 7bit\r\n\r\none\r\ntwo\r\n",
	           "a plain letter, without Bcc");
	buffer_clear(&out);
	letter.body = BYTES("caf\xc3\xa9\n");
	CHECK(compose_letter_write(&letter, &out, &err));
	CHECK_ROW(strstr(out.at, "charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\ncaf=C3=A9\r\n") != NULL, "8-bit text is quoted-printable");
	buffer_clear(&out);
	letter.body = BYTES("caf\xe9\n");
	CHECK_ROW(!compose_letter_write(&letter, &out, &err) && err.kind == ERROR_SYNTAX && out.len == 0, "a body that is not UTF-8 is refused");
	letter.body = BYTES("caf\xc3\xa9\n");
	letter.subject = "hi\nBcc: evil@x";
	CHECK_ROW(!compose_letter_write(&letter, &out, &err) && err.kind == ERROR_SYNTAX && out.len == 0, "an injected field is refused and nothing is left");
	letter.subject = "hi";
	letter.from = "ann@x.test, bob@y.test";
	CHECK_ROW(!compose_letter_write(&letter, &out, &err), "two authors are refused");
	letter.from = "ann@x.test";
	letter.in_reply_to = "<a@b>\r\nX: y";
	CHECK_ROW(!compose_letter_write(&letter, &out, &err), "a hostile In-Reply-To is refused");
	buffer_release(&out);
}

/* A body of long and odd lines comes back from the letter. */
static void check_body(const char *claim, struct bytes body)
{
	struct compose_letter letter = { .from = "a@x", .to = "b@y", .date_s = 1, .body = body };
	struct buffer out = { 0 }, text = { 0 };
	struct error err = { 0 };

	CHECK_ROW(compose_letter_write(&letter, &out, &err), claim);
	struct bytes rest = buffer_bytes(&out), line;
	while (bytes_cut(&rest, '\n', &line))
		CHECK_ROW(line.len <= 999 && line.len > 0 && line.at[line.len - 1] == '\r', "every line ends with CRLF and is short enough");
	CHECK_ROW(rest.len == 0, "the last line too");
	CHECK_ROW(preview_message_text(buffer_bytes(&out), 1 << 20, &text, NULL), claim);
	CHECK_ROW(bytes_equal(buffer_bytes(&text), body), claim);
	buffer_release(&out);
	buffer_release(&text);
}

static void check_message_id(void)
{
	struct buffer a = { 0 }, b = { 0 };

	compose_message_id(BYTES("ann@x.test"), &a);
	compose_message_id(BYTES("ann@x.test"), &b);
	CHECK(!bytes_equal(buffer_bytes(&a), buffer_bytes(&b)));
	CHECK(bytes_ends_nocase(buffer_bytes(&a), BYTES("@x.test>")) && a.at[0] == '<');
	buffer_clear(&a);
	compose_message_id(BYTES("ann@x>\r\nEvil: y"), &a);
	CHECK_ROW(text_is_printable(buffer_bytes(&a)) && bytes_find(buffer_bytes(&a), '>') == a.len - 1, "a hostile domain stays inside");
	buffer_release(&a);
	buffer_release(&b);
}

static void check_recipients(void)
{
	struct compose_letter letter = { .from = "Ann <ann@x.test>", .to = "b@y, Friends: c@z, B@y;", .cc = "b@Y", .bcc = "d@w" };
	struct arena arena = { 0 };
	struct error err = { 0 };
	const char *sender, *const *to;
	size_t n;

	CHECK(compose_recipients(&letter, &arena, &sender, &to, &n, &err));
	CHECK_TEXT(sender, "ann@x.test", "the sender");
	CHECK_ROW(n == 4 && strcmp(to[0], "b@y") == 0 && strcmp(to[1], "c@z") == 0 && strcmp(to[2], "B@y") == 0 && strcmp(to[3], "d@w") == 0,
	          "each recipient once, Bcc too");
	letter.to = letter.cc = letter.bcc = NULL;
	CHECK_ROW(!compose_recipients(&letter, &arena, &sender, &to, &n, &err), "nobody is refused");
	letter.to = "b@y\r\nRCPT TO:<evil@x>";
	CHECK_ROW(!compose_recipients(&letter, &arena, &sender, &to, &n, &err), "a line end is refused");
	arena_reset(&arena);
}

static void check_reply(void)
{
	struct bytes header = BYTES("From: =?utf-8?q?Andr=C3=A9?= <andre@x.test>\r\nTo: me@me.test, \"C, D\" <c@y.test>\r\nCc: d@z.test, andre@x.test\r\n"
	                            "Subject: Re: RE: lunch =?utf-8?q?=0D=0ABcc:_evil@x?=\r\nDate: Fri, 21 Nov 1997 09:55:06 -0600\r\n"
	                            "Message-ID: <3@x.test>\r\nReferences: <1@x.test>\r\n <2@x.test>\r\n\r\n");
	struct compose_letter reply = { .from = "me@me.test", .date_s = 880127706 };
	struct arena arena = { 0 };
	struct error err = { 0 };
	struct buffer out = { 0 };

	CHECK(compose_reply(&reply, header, BYTES("one\n\n> two\n"), "me@me.test", true, &arena, &err));
	CHECK_TEXT(reply.to, "=?UTF-8?Q?Andr=C3=A9?= <andre@x.test>", "to the author");
	CHECK_TEXT(reply.cc, "\"C, D\" <c@y.test>, d@z.test", "the others once, without me and without the author");
	CHECK_TEXT(reply.subject, "Re: lunch   Bcc: evil@x", "Re: once, a hostile subject flattened");
	CHECK_TEXT(reply.in_reply_to, "<3@x.test>", "In-Reply-To");
	CHECK_TEXT(reply.references, "<1@x.test> <2@x.test> <3@x.test>", "References grow");
	CHECK_ROW(bytes_equal(reply.body, BYTES("On Fri, 21 Nov 1997 09:55:06 -0600, Andr\xc3\xa9 wrote:\n> one\n>\n>> two\n")), "the text is quoted");
	CHECK(compose_letter_write(&reply, &out, &err));

	struct compose_letter second = { .from = "me@me.test" };
	CHECK(compose_reply(&second, BYTES("From: a@x\r\nReply-To: list@y\r\nMessage-ID: <\x1b@x>\r\n\r\n"), BYTES(""), NULL, false, &arena, &err));
	CHECK_TEXT(second.to, "list@y", "Reply-To wins");
	CHECK_ROW(second.cc == NULL && second.in_reply_to == NULL && second.references == NULL, "an id with control characters is not repeated");
	CHECK_ROW(!compose_reply(&second, BYTES("Subject: x\r\n\r\n"), BYTES(""), NULL, false, &arena, &err) || second.to != NULL, "nobody to answer");
	struct compose_letter third = { .from = "me@me.test" };
	CHECK_ROW(!compose_reply(&third, BYTES("Subject: x\r\n\r\n"), BYTES(""), NULL, false, &arena, &err) && err.kind == ERROR_NOT_FOUND,
	          "a message without author has nobody to answer");

	struct buffer many = { 0 };
	buffer_add_text(&many, "From: a@x\r\nMessage-ID: <last@x>\r\nReferences:");
	for (int i = 0; i < 100; i++)
		buffer_printf(&many, " <%d@x>", i);
	buffer_add_text(&many, "\r\n\r\n");
	struct compose_letter fourth = { .from = "me@me.test" };
	CHECK(compose_reply(&fourth, buffer_bytes(&many), BYTES(""), NULL, false, &arena, &err));
	CHECK_ROW(bytes_starts(bytes_text(fourth.references), BYTES("<0@x> <80@x>")) && strstr(fourth.references, "<99@x> <last@x>") != NULL,
	          "the first and the last twenty references are kept");
	buffer_release(&many);
	buffer_release(&out);
	arena_reset(&arena);
}

int main(void)
{
	struct buffer lines = { 0 };

	check_fields();
	check_letter();
	check_message_id();
	check_recipients();
	check_reply();
	check_body("plain", BYTES("hello\nFrom me\n.\n..\n"));
	check_body("empty lines", BYTES("\n\n\n"));
	check_body("UTF-8", BYTES("caf\xc3\xa9 \nFrom me\n.\n"));
	for (int i = 0; i < 2000; i++)
		buffer_add_octet(&lines, 'x');
	buffer_add_octet(&lines, '\n');
	check_body("a line of 2000 octets", buffer_bytes(&lines));
	buffer_release(&lines);
	return check_finish();
}
