#include "message/compose_attachment.h"

#include "message/compose.h"
#include "message/content_type.h"
#include "message/mime_scan.h"
#include "message/transfer_encoding.h"
#include "tests/support/check.h"

static const struct part_case {
	const char *claim, *name, *content, *want;
} parts[] = {
	{ "a name with a known extension", "a b.pdf", "x",
	  "Content-Type: application/pdf\r\nContent-Disposition: attachment; filename=\"a b.pdf\"\r\nContent-Transfer-Encoding: base64\r\n\r\neA==\r\n" },
	{ "an unknown extension, quotes", "\"a\\b\".x", "x",
	  "Content-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=\"\\\"a\\\\b\\\".x\"\r\n"
	  "Content-Transfer-Encoding: base64\r\n\r\neA==\r\n" },
	{ "text that is UTF-8", "A.TXT", "\xc3\xbc",
	  "Content-Type: text/plain; charset=utf-8\r\nContent-Disposition: attachment; filename=\"A.TXT\"\r\nContent-Transfer-Encoding: base64\r\n\r\nw7w=\r\n" },
	{ "text that is not", "a.txt", "\xfc",
	  "Content-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=\"a.txt\"\r\nContent-Transfer-Encoding: base64\r\n\r\n/A==\r\n" },
	{ "a name beyond ASCII", "M\xc3\xbcll;.png", "",
	  "Content-Type: image/png\r\nContent-Disposition: attachment;\r\n filename*=utf-8''M%C3%BCll%3B.png\r\nContent-Transfer-Encoding: base64\r\n\r\n" },
	{ "a line end in the name is refused", "a\r\nBcc: evil@x.test", "x", NULL },
	{ "an escape in the name is refused", "a\x1b[2J", "x", NULL },
	{ "no name is refused", "", "x", NULL },
};

static void check_parts(void)
{
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		struct compose_attachment a = { parts[i].name, bytes_text(parts[i].content) };
		struct buffer got = { 0 };
		struct error err = { 0 };
		buffer_reserve(&got, 1);
		CHECK_ROW(compose_attachment_write(&a, &got, &err) == (parts[i].want != NULL), parts[i].claim);
		CHECK_TEXT(got.at, parts[i].want ? parts[i].want : "", parts[i].claim);
		buffer_release(&got);
	}
}

static bool has_long_line(struct bytes text)
{
	struct bytes line;

	while (text.len > 0) {
		bytes_cut(&text, '\n', &line);
		if (line.len > 79)
			return true;
	}
	return false;
}

/* What was written is read again by the scanner. */
static void check_letter(const char *name)
{
	static char content[5000];
	struct compose_attachment files[] = { { name, bytes_of(content, sizeof content) }, { "empty", { NULL, 0 } } };
	struct compose_letter letter = { .from = "a@x.test", .to = "b@x.test", .body = BYTES("hello\n"), .attachments = files, .n_attachments = 2 };
	struct buffer out = { 0 }, text = { 0 };
	struct mime_scan *scan = mime_scan_create(1 << 20);

	for (size_t i = 0; i < sizeof content; i++)
		content[i] = (char)(i * 7);
	CHECK(compose_letter_write(&letter, &out, NULL));
	CHECK_ROW(!has_long_line(buffer_bytes(&out)), "no line is longer than 78 columns");
	mime_scan_feed(scan, buffer_bytes(&out));
	const struct mime_tree *tree = mime_scan_finish(scan);
	CHECK_ROW(tree->n == 4 && tree->parts[0].is_multipart, "a multipart with a text and two files");
	const struct mime_part *body = &tree->parts[1], *file = &tree->parts[2], *empty = &tree->parts[3];
	CHECK_ROW(bytes_equal(bytes_slice(buffer_bytes(&out), body->body_at, body->body_at + body->body_len), BYTES("hello\r\n")), "the text");
	CHECK(content_parameter_decode(file->disposition_parameters, file->n_disposition_parameters, "filename", &text));
	CHECK_TEXT(text.at, name, "the name comes back");
	buffer_clear(&text);
	transfer_decode(transfer_encoding_parse(file->encoding), bytes_slice(buffer_bytes(&out), file->body_at, file->body_at + file->body_len), &text);
	CHECK_ROW(bytes_equal(buffer_bytes(&text), files[0].content), "the octets come back");
	CHECK_ROW(empty->body_len <= 2, "an empty file stays empty");
	mime_scan_destroy(scan);
	buffer_release(&text);
	buffer_release(&out);
}

int main(void)
{
	char long_name[251] = "";

	check_parts();
	check_letter("report.pdf");
	check_letter("Gr\xc3\xbc\xc3\x9f" "e an alle \xe5\xb1\xb1\xe7\x94\xb0 \xe5\xb1\xb1\xe7\x94\xb0 \xe5\xb1\xb1\xe7\x94\xb0 \xe5\xb1\xb1\xe7\x94\xb0.txt");
	check_letter("=?utf-8?q?x?=");
	for (size_t i = 0; i < sizeof long_name - 1; i++)
		long_name[i] = i % 5 ? 'a' : '%';
	check_letter(long_name);

	struct compose_attachment bad = { "a\nb", BYTES("x") };
	struct compose_letter letter = { .from = "a@x.test", .to = "b@x.test", .attachments = &bad, .n_attachments = 1 };
	struct buffer out = { 0 };
	struct error err = { 0 };
	CHECK_ROW(!compose_letter_write(&letter, &out, &err) && err.kind == ERROR_SYNTAX && out.len == 0, "a letter with a hostile name is refused");
	buffer_release(&out);
	return check_finish();
}
