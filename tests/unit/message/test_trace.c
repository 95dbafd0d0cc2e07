#include "message/trace.h"

#include "tests/support/check.h"

static const struct trace_case {
	const char *claim;
	struct trace_received t;
	const char *want;
} cases[] = {
	{ "all of it", { "client.test", "192.0.2.1", "mx.test", true, false, true, true, "TLSv1.3", "01abc", "bob@b.test", 880127706, 0 },
	  "Received: from client.test ([192.0.2.1])\r\n\tby mx.test with ESMTPSA\r\n\t(TLSv1.3)\r\n\tid 01abc\r\n\tfor <bob@b.test>;\r\n\tFri, 21 Nov 1997 15:55:06 +0000\r\n" },
	{ "several recipients are not named", { "c", "2001:db8::1", "mx", true, false, false, false, NULL, "q", NULL, 0, 0 },
	  "Received: from c ([IPv6:2001:db8::1])\r\n\tby mx with ESMTP\r\n\tid q;\r\n\tThu, 1 Jan 1970 00:00:00 +0000\r\n" },
	{ "HELO is SMTP", { "c", "192.0.2.1", "mx", false, false, false, false, NULL, "q", NULL, 0, 0 },
	  "Received: from c ([192.0.2.1])\r\n\tby mx with SMTP\r\n\tid q;\r\n\tThu, 1 Jan 1970 00:00:00 +0000\r\n" },
	{ "LMTP over a Unix socket", { NULL, NULL, "mx", false, true, false, false, NULL, "q", NULL, 0, 0 },
	  "Received: from unknown (local)\r\n\tby mx with LMTP\r\n\tid q;\r\n\tThu, 1 Jan 1970 00:00:00 +0000\r\n" },
	{ "a client's text adds no line, comment or date", { "a) by evil;\r\nX: (\x1b[31m", "1", "mx", true, false, false, false, NULL, "q", "b\r\n>@x", 0, 0 },
	  "Received: from a??by?evil???X:???[31m ([1])\r\n\tby mx with ESMTP\r\n\tid q\r\n\tfor <b???@x>;\r\n\tThu, 1 Jan 1970 00:00:00 +0000\r\n" },
};

int main(void)
{
	struct buffer out = { 0 };
	char huge[2000];

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct buffer got = { 0 };
		trace_received_write(&cases[i].t, &got);
		CHECK_TEXT(got.at, cases[i].want, cases[i].claim);
		buffer_release(&got);
	}
	trace_return_path_write("", &out);
	trace_return_path_write("ann@x.test", &out);
	trace_return_path_write("a>\r\nX: y", &out);
	CHECK_TEXT(out.at, "Return-Path: <>\r\nReturn-Path: <ann@x.test>\r\nReturn-Path: <a???X: y>\r\n", "return paths");
	buffer_clear(&out);
	memset(huge, 'a', sizeof huge - 1);
	huge[sizeof huge - 1] = '\0';
	trace_received_write(&(struct trace_received){ .helo = huge, .client_ip = "1", .host = "mx", .recipient = huge }, &out);
	CHECK_ROW(out.len < 998, "a client's text is bounded");
	buffer_release(&out);
	return check_finish();
}
