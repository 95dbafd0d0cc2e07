#include "message/text_walk.h"

#include "base/text.h"
#include "message/mime_scan.h"
#include "tests/support/check.h"

#define ALL (TEXT_WALK_HEADER | TEXT_WALK_PARTS | TEXT_WALK_BODY)

/* want: runs, each with h, p or b and a colon before and | behind it, lower case. */
static const struct walk_case {
	const char *claim, *message;
	unsigned kinds;
	const char *want;
} cases[] = {
	{ "a message without MIME", "Subject: Hello\r\nX: a\r\n b\r\n\r\nText Here\r\n", ALL, "h:subject: hello|h:x: a b|b:text here\r\n|" },
	{ "only the body", "Subject: Hello\r\n\r\nText\r\n", TEXT_WALK_BODY, "b:text\r\n|" },
	{ "encoded words", "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\r\n", ALL, "h:subject: gr\xc3\xbcsse|" },
	{ "raw octets in a field", "Subject: \xc4rger\r\n\r\n", ALL, "h:subject: \xc3\xa4rger|" },
	{ "quoted-printable in latin-1",
	  "Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nStra=DFe soft=\r\nbroken =C4\r\n", TEXT_WALK_BODY,
	  "b:strasse softbroken \xc3\xa4\r\n|" },
	{ "base64 in KOI8-R", "Content-Type: text/plain; charset=koi8-r\r\nContent-Transfer-Encoding: base64\r\n\r\n8NLJ18XUIM3J0g==\r\n", TEXT_WALK_BODY,
	  "b:\xd0\xbf\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82 \xd0\xbc\xd0\xb8\xd1\x80|" },
	{ "UTF-16 in base64", "Content-Type: text/plain; charset=utf-16le\r\nContent-Transfer-Encoding: base64\r\n\r\nSABpADAw\r\n", TEXT_WALK_BODY, "b:hi\xe3\x80\xb0|" },
	{ "ISO-2022-JP, which looks like ASCII", "Content-Type: text/plain; charset=iso-2022-jp\r\n\r\na\x1b$B$3$s\x1b(Bb\r\n", TEXT_WALK_BODY,
	  "b:a\xe3\x81\x93\xe3\x82\x93""b\r\n|" },
	{ "UTF-7, which looks like ASCII", "Content-Type: text/plain; charset=utf-7\r\n\r\nH+AOQ-! \r\n", TEXT_WALK_BODY, "b:h\xc3\xa4! \r\n|" },
	{ "Shift_JIS with second octets of ASCII", "Content-Type: text/plain; charset=shift_jis\r\n\r\n\x83\x5c\x83\x5c AB\r\n", TEXT_WALK_BODY,
	  "b:\xe3\x82\xbd\xe3\x82\xbd ab\r\n|" },
	{ "no charset: each line is UTF-8 or windows-1252", "\r\n\xc3\x84\r\n\xc4\r\nz\r\n", TEXT_WALK_BODY, "b:\xc3\xa4\r\n\xc3\xa4\r\nz\r\n|" },
	{ "a letter and its accent", "Content-Type: text/plain; charset=utf-8\r\n\r\nCafE\xcc\x81!\r\n", TEXT_WALK_BODY, "b:caf\xc3\xa9!\r\n|" },
	{ "parts: text, not others",
	  "Subject: s\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\npreamble\r\n--b\r\nX: 1\r\n\r\nOne\r\n--b\r\nContent-Type: image/png\r\n\r\nPNG\r\n"
	  "--b\r\nContent-Type: text/html\r\n\r\n<B>\r\n--b--\r\nepilogue\r\n", ALL,
	  "h:subject: s|h:content-type: multipart/mixed; boundary=b|p:x: 1|b:one|p:content-type: image/png|p:content-type: text/html|b:<b>|" },
	{ "an enclosed message: its header is of the parts",
	  "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: In\r\n\r\nInner\r\n--b--\r\n", ALL,
	  "h:content-type: multipart/mixed; boundary=b|p:content-type: message/rfc822|p:subject: in|b:inner|" },
	{ "a delivery status is text", "Content-Type: message/delivery-status\r\n\r\nStatus: 5\r\n", TEXT_WALK_BODY, "b:status: 5\r\n|" },
	{ "a multipart without parts is text", "Content-Type: multipart/mixed; boundary=none\r\n\r\nLost\r\n", TEXT_WALK_BODY, "b:lost\r\n|" },
	{ "a line of a header that is no field", "Subject: a\r\nRubbish\r\n\r\n", ALL, "h:subject: a|h:rubbish|" },
	{ "an empty message", "", ALL, "" },
};

struct told {
	struct buffer text;
	unsigned kind;
	size_t n_left;                  /* pieces until enough */
};

static bool on_text(void *owner, unsigned kind, struct bytes text, bool is_first)
{
	struct told *told = owner;

	if (is_first) {
		if (told->kind != 0)
			buffer_add_octet(&told->text, '|');
		buffer_add_text(&told->text, kind == TEXT_WALK_HEADER ? "h:" : kind == TEXT_WALK_PARTS ? "p:" : "b:");
	}
	told->kind = kind;
	size_t before = told->text.len;
	buffer_add_bytes(&told->text, text);
	text_lower_bytes(told->text.at + before, text.len);
	return --told->n_left > 0;
}

static void check_cut(const struct walk_case *c, size_t cut)
{
	struct bytes message = bytes_text(c->message);
	struct told told = { .n_left = SIZE_MAX };
	struct text_walk *walk = text_walk_create(on_text, &told);
	struct mime_scan *scan = mime_scan_create(1 << 20);
	uint64_t at, len;

	buffer_reserve(&told.text, 1);
	mime_scan_feed(scan, message);
	text_walk_start(walk, mime_scan_finish(scan), c->kinds);
	while (text_walk_wants(walk, &at, &len) && at < message.len) {
		size_t from = (size_t)at / cut * cut;   /* as the store has it: in chunks from the front */
		text_walk_feed(walk, from, bytes_slice(message, from, from + cut));
	}
	if (told.kind != 0)
		buffer_add_octet(&told.text, '|');
	CHECK_TEXT(told.text.at, c->want, c->claim);
	text_walk_destroy(walk);
	mime_scan_destroy(scan);
	buffer_release(&told.text);
}

static void check_enough(void)
{
	struct bytes message = BYTES("A: 1\r\nB: 2\r\n\r\nbody");
	struct told told = { .n_left = 1 };
	struct text_walk *walk = text_walk_create(on_text, &told);
	struct mime_scan *scan = mime_scan_create(1 << 20);
	uint64_t at, len;

	mime_scan_feed(scan, message);
	const struct mime_tree *tree = mime_scan_finish(scan);
	text_walk_start(walk, tree, ALL);
	text_walk_feed(walk, 0, message);
	CHECK_TEXT(told.text.at, "h:a: 1", "whoever has enough is told no more");
	CHECK_ROW(!text_walk_wants(walk, &at, &len), "and nothing more is wanted");
	told.n_left = 2;
	text_walk_start(walk, tree, TEXT_WALK_BODY);
	CHECK_ROW(text_walk_wants(walk, &at, &len) && at == 14 && len == 4, "another start begins anew, and names only what is wanted");
	text_walk_destroy(walk);
	mime_scan_destroy(scan);
	buffer_release(&told.text);
}

/* A body of ASCII longer than a piece, with one letter more at a border. */
static void check_long(const char *claim, const char *charset, const char *letter, const char *folded)
{
	for (size_t before = (16 << 10) - 4; before < (16 << 10) + 3; before++) {
		struct buffer message = { 0 }, want = { 0 };
		struct told told = { .n_left = SIZE_MAX };
		struct text_walk *walk = text_walk_create(on_text, &told);
		struct mime_scan *scan = mime_scan_create(1 << 20);
		buffer_printf(&message, "Content-Type: text/plain; charset=%s\r\n\r\n", charset);
		buffer_add_text(&want, "b:");
		for (size_t i = 0; i < 40000; i++) {
			buffer_add_octet(&message, i % 70 == 69 ? '\n' : 'X');
			buffer_add_octet(&want, i % 70 == 69 ? '\n' : 'x');
			if (i == before) {
				buffer_add_text(&message, letter);
				buffer_add_text(&want, folded);
			}
		}
		mime_scan_feed(scan, buffer_bytes(&message));
		text_walk_start(walk, mime_scan_finish(scan), TEXT_WALK_BODY);
		text_walk_feed(walk, 0, buffer_bytes(&message));
		CHECK_ROW(bytes_equal(buffer_bytes(&told.text), buffer_bytes(&want)), claim);
		text_walk_destroy(walk);
		mime_scan_destroy(scan);
		buffer_release(&message);
		buffer_release(&want);
		buffer_release(&told.text);
	}
}

int main(void)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		for (size_t cut = 1; cut < 64; cut += cut < 12 ? 1 : 17)
			check_cut(&cases[i], cut);
	check_enough();
	check_long("UTF-8 over a border", "utf-8", "\xc3\x84", "\xc3\xa4");
	check_long("an accent over a border", "utf-8", "Y\xcc\x81", "\xc3\xbd");
	check_long("latin-1 over a border", "iso-8859-1", "\xc4", "\xc3\xa4");
	check_long("no charset over a border", "us-ascii", "\xc3\x84", "\xc3\xa4");
	return check_finish();
}
