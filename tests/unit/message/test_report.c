#include "message/report.h"

#include "base/text.h"
#include "message/header.h"
#include "message/mime_scan.h"
#include "tests/support/check.h"

static const struct bytes header = { "Subject: x\r\nFrom: a@a.test\r\n\r\n", 30 };

static struct mime_scan *scan(const struct buffer *message, const struct mime_tree **tree)
{
	struct mime_scan *s = mime_scan_create(1 << 20);

	mime_scan_feed(s, buffer_bytes(message));
	*tree = mime_scan_finish(s);
	return s;
}

static struct bytes body_of(const struct buffer *message, const struct mime_part *part)
{
	return bytes_slice(buffer_bytes(message), part->body_at, part->body_at + part->body_len);
}

static void check_failed(void)
{
	struct report_recipient to[] = {
		{ .address = "bob@b.test", .original = "robert@b.test", .action = REPORT_FAILED, .status = "5.1.1", .remote_host = "mx.b.test",
		  .diagnostic = "550 5.1.1 no\r\nsuch: user\x1b[31m", .is_smtp_reply = true, .attempted_s = 880127706 },
		{ .address = "eve@c.test", .action = REPORT_FAILED, .status = "4.4.1; nonsense", .diagnostic = "no answer for five days" },
	};
	struct report report = { .host = "mx.a.test", .to = "alice@a.test", .envelope_id = "id 7", .queue_id = "01abc", .arrived_s = 880120000,
	                         .now_s = 880127706, .recipients = to, .n_recipients = 2, .header = header };
	struct buffer out = { 0 };
	const struct mime_tree *tree;
	struct header_field field;

	report_write(&report, &out);
	struct mime_scan *s = scan(&out, &tree);
	struct bytes head = mime_scan_root_header(s);
	CHECK(header_find(head, BYTES("From"), &field) && bytes_equal(field.value, BYTES(" Mail Delivery System <MAILER-DAEMON@mx.a.test>")));
	CHECK(header_find(head, BYTES("To"), &field) && bytes_equal(field.value, BYTES(" <alice@a.test>")));
	CHECK(header_find(head, BYTES("Auto-Submitted"), &field) && bytes_equal(field.value, BYTES(" auto-replied")));
	CHECK(header_find(head, BYTES("Message-ID"), &field) && header_find(head, BYTES("Date"), &field));
	CHECK(tree->n == 4 && bytes_equal(tree->parts[0].subtype, BYTES("report")));
	CHECK(bytes_equal(tree->parts[1].subtype, BYTES("plain")) && bytes_equal(tree->parts[2].subtype, BYTES("delivery-status")) &&
	      bytes_equal(tree->parts[3].subtype, BYTES("rfc822-headers")));
	struct bytes status = body_of(&out, &tree->parts[2]);
	CHECK_ROW(bytes_equal(status, BYTES(
		"Reporting-MTA: dns; mx.a.test\r\nOriginal-Envelope-Id: id 7\r\nX-Posta-Queue-Id: 01abc\r\nArrival-Date: Fri, 21 Nov 1997 13:46:40 +0000\r\n"
		"\r\nOriginal-Recipient: rfc822; robert@b.test\r\nFinal-Recipient: rfc822; bob@b.test\r\nAction: failed\r\nStatus: 5.1.1\r\n"
		"Remote-MTA: dns; mx.b.test\r\nDiagnostic-Code: smtp; 550 5.1.1 no such: user [31m\r\nLast-Attempt-Date: Fri, 21 Nov 1997 15:55:06 +0000\r\n"
		"\r\nFinal-Recipient: rfc822; eve@c.test\r\nAction: failed\r\nStatus: 5.0.0\r\nDiagnostic-Code: x-posta; no answer for five days\r\n")),
		"the status part, a peer's text kept on its line");
	CHECK_ROW(bytes_equal(body_of(&out, &tree->parts[3]), BYTES("Subject: x\r\nFrom: a@a.test\r\n")), "the header comes back without its empty line");
	CHECK_ROW(text_is_ascii(buffer_bytes(&out)), "ASCII in, ASCII out");
	CHECK_ROW(bytes_find_bytes(body_of(&out, &tree->parts[1]), BYTES("<bob@b.test>\r\n    mx.b.test said: 550 5.1.1")) < tree->parts[1].body_len, "people are told who said what");
	mime_scan_destroy(s);
	buffer_release(&out);
}

/* How the original comes back: the third part's type and length. */
static void check_original(const char *claim, struct report report, const char *type, size_t len)
{
	struct report_recipient to = { .address = "b@b.test", .action = REPORT_DELAYED, .status = "4.4.1" };
	struct buffer out = { 0 };
	const struct mime_tree *tree;

	report.host = "mx";
	report.to = "a@a.test";
	report.recipients = &to;
	report.n_recipients = 1;
	report_write(&report, &out);
	struct mime_scan *s = scan(&out, &tree);
	CHECK_ROW(bytes_equal(tree->parts[3].subtype, bytes_text(type)), claim);
	CHECK_ROW(tree->parts[3].body_len == len, claim);
	struct bytes rest = buffer_bytes(&out), line;
	while (bytes_cut(&rest, '\n', &line))
		CHECK_ROW(line.len > 0 && line.at[line.len - 1] == '\r', "CRLF throughout");
	mime_scan_destroy(s);
	buffer_release(&out);
}

int main(void)
{
	struct bytes small = BYTES("Subject: x\r\nFrom: a@a.test\r\n\r\nbody\r\n");
	struct buffer big = { 0 };

	check_failed();
	check_original("RET=HDRS gives the header", (struct report){ .header = header, .original = small, .original_size = small.len }, "rfc822-headers", 28);
	check_original("RET=FULL gives the message", (struct report){ .header = header, .original = small, .original_size = small.len, .return_full = true }, "rfc822", small.len);
	check_original("RET=FULL of a message that was cut gives the header",
	               (struct report){ .header = header, .original = small, .original_size = small.len + 1, .return_full = true }, "rfc822-headers", 28);
	while (big.len < 2 * REPORT_ORIGINAL_MAX)
		buffer_add_text(&big, "X: 0123456789\r\n");
	check_original("a huge header is cut at a line", (struct report){ .header = buffer_bytes(&big) }, "rfc822-headers", REPORT_ORIGINAL_MAX / 15 * 15);
	check_original("RET=FULL of a huge message gives the header",
	               (struct report){ .header = header, .original = buffer_bytes(&big), .original_size = big.len, .return_full = true }, "rfc822-headers", 28);
	check_original("no original at all", (struct report){ .now_s = 1 }, "rfc822-headers", 0);
	buffer_release(&big);
	return check_finish();
}
