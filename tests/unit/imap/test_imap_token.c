/* Every stream gives the same events whether it arrives whole or one octet at a time. */
#include "imap/imap_token.h"

#include <string.h>

#include "tests/support/check.h"

enum decision { KEEP, PASS, DROP, CLEAR };

static const struct row {
	const char *claim, *in;
	size_t in_len;                  /* 0 = strlen */
	enum decision decision;
	const char *want;               /* events: C:text; L:n or L:n+; O:octets (joined); D; T; N */
} rows[] = {
	{ "a line is a command", "a NOOP\r\n", 0, KEEP, "C:a NOOP;" },
	{ "LF alone ends a line", "a NOOP\n", 0, KEEP, "C:a NOOP;" },
	{ "pipelined commands come one by one", "a NOOP\r\nb NOOP\r\n", 0, KEEP, "C:a NOOP;C:b NOOP;" },
	{ "an empty line is a command without text", "\r\n", 0, KEEP, "C:;" },
	{ "a kept literal stands in the text", "a LOGIN {3}\r\nbob {2}\r\npw\r\n", 0, KEEP, "L:3;L:2;C:a LOGIN {3}\r\nbob {2}\r\npw;" },
	{ "a literal may hold line ends and braces", "a X {6}\r\n{1}\r\nx\r\n", 0, KEEP, "L:6;C:a X {6}\r\n{1}\r\nx;" },
	{ "a literal may be empty", "a X {0}\r\n y\r\n", 0, KEEP, "L:0;C:a X {0}\r\n y;" },
	{ "a literal with a plus does not wait", "a X {1+}\r\nz\r\n", 0, KEEP, "L:1+;C:a X {1+}\r\nz;" },
	{ "a binary literal is announced", "a X ~{1}\r\nz\r\n", 0, KEEP, "L:1b;C:a X ~{1}\r\nz;" },
	{ "a passed literal comes as octets", "a APPEND x {5}\r\nhello\r\n", 0, PASS, "L:5;O:hello;C:;" },
	{ "behind a passed literal the line goes on", "a APPEND x {1}\r\nh {2}\r\nij\r\n", 0, PASS, "L:1;O:h;L:2;O:ij;C:;" },
	{ "a refused waiting literal is followed by a new command", "a X {9}\r\nb NOOP\r\n", 0, CLEAR, "L:9;C:b NOOP;" },
	{ "a dropped literal takes the rest of its command along", "a X {3+}\r\nabc {2+}\r\nde fg\r\nb NOOP\r\n", 0, DROP, "L:3+;D;C:b NOOP;" },
	{ "too long a line is the end", "a 0123456789012345678901234567890\r\n", 0, KEEP, "T;" },
	{ "a NUL is the end", "a \0\r\n", 5, KEEP, "N;" },
	{ "no digits, no literal", "a X {}\r\n", 0, KEEP, "C:a X {};" },
	{ "a number past 63 bits is no literal", "a {99999999999999999999}\r\n", 0, KEEP, "C:a {99999999999999999999};" },
};

static void decide(struct imap_token_reader *r, enum decision decision)
{
	if (decision == KEEP)
		imap_token_keep(r);
	else if (decision == PASS)
		imap_token_pass(r);
	else if (decision == DROP)
		imap_token_drop(r);
	else
		imap_token_clear(r);
}

/* False: stop feeding. */
static bool note(struct imap_token_reader *r, enum imap_token_event event, enum decision decision, struct buffer *out, bool *in_octets)
{
	bool was_in_octets = *in_octets;

	*in_octets = event == IMAP_TOKEN_OCTETS && r->left > 0;
	switch (event) {
	case IMAP_TOKEN_MORE:
		*in_octets = was_in_octets;
		return true;
	case IMAP_TOKEN_COMMAND:
		buffer_printf(out, "C:%.*s;", BYTES_PRINT(buffer_bytes(&r->text)));
		imap_token_clear(r);
		return true;
	case IMAP_TOKEN_LITERAL:
		buffer_printf(out, "L:%llu%s%s;", (unsigned long long)r->literal.size, r->literal.waits ? "" : "+", r->literal.is_binary ? "b" : "");
		decide(r, decision);
		return true;
	case IMAP_TOKEN_OCTETS:
		if (!was_in_octets)
			buffer_add_text(out, "O:");
		buffer_add_bytes(out, r->octets);
		if (!*in_octets)
			buffer_add_octet(out, ';');
		return true;
	case IMAP_TOKEN_DROPPED:
		buffer_add_text(out, "D;");
		return true;
	default:
		buffer_add_text(out, event == IMAP_TOKEN_NUL ? "N;" : "T;");
		return false;
	}
}

static void run(const struct row *row, size_t step)
{
	struct imap_token_reader r = { .line_max = 32 };
	struct bytes in = bytes_of(row->in, row->in_len ? row->in_len : strlen(row->in));
	struct buffer out = { 0 };
	bool in_octets = false, on = true;

	buffer_reserve(&out, 1);
	for (size_t at = 0; on && at < in.len; at += step) {
		struct bytes piece = bytes_slice(in, at, at + step);
		while (on && piece.len > 0) {
			size_t used;
			enum imap_token_event event = imap_token_feed(&r, piece, &used);
			piece = bytes_skip(piece, used);
			on = note(&r, event, row->decision, &out, &in_octets);
		}
	}
	check_expect_bytes(out.at, out.len, row->want, strlen(row->want), row->claim, __FILE__, __LINE__);
	CHECK_ROW(!on || imap_token_is_empty(&r), row->claim);
	imap_token_release(&r);
	buffer_release(&out);
}

int main(void)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		run(&rows[i], 1);
		run(&rows[i], 7);
		run(&rows[i], 1000);
	}
	struct imap_token_reader r = { .line_max = 100, .lines_only = true };
	size_t used;
	CHECK_ROW(imap_token_feed(&r, BYTES("DONE {3}\r\n"), &used) == IMAP_TOKEN_COMMAND, "lines_only knows no literals");
	imap_token_release(&r);
	return check_finish();
}
