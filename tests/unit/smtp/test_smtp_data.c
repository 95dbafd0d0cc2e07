/* Only CRLF.CRLF ends data, wherever the octets are split; everything else stays in step and is refused.  RFC 5321 4.1.1.4, 2.3.8. */
#include "smtp/smtp_data.h"

#include <string.h>

#include "tests/support/check.h"

/* Feed in[0..split) and then the rest; returns the octets read up to the end of data, or 0 when it did not come. */
static size_t decode(struct bytes in, size_t split, struct buffer *content, unsigned *flaws)
{
	struct smtp_data_decoder d = { 0 };
	size_t at = 0;

	while (at < in.len) {
		struct bytes part = bytes_slice(in, at, at < split ? split : in.len), slice;
		size_t used = 0;
		enum smtp_data_status status = smtp_data_decode(&d, part, &used, &slice);
		CHECK_ROW(used > 0 && used <= part.len, "the decoder moves");
		buffer_add_bytes(content, slice);
		at += used;
		*flaws = d.flaws;
		if (status == SMTP_DATA_END)
			return at;
	}
	return 0;
}

/* rest: what is left for the command loop after the end. */
static const struct data_case {
	const char *claim, *in;
	size_t len;
	const char *content, *rest;
	unsigned flaws;
} cases[] = {
#define ROW(claim, in, content, rest, flaws) { claim, in, sizeof(in) - 1, content, rest, flaws }
	ROW("the plain end",                    "a\r\n.\r\nQUIT",           "a\r\n", "QUIT", 0),
	ROW("an empty message",                 ".\r\nQUIT",                "", "QUIT", 0),
	ROW("an empty line only",               "\r\n.\r\n",                "\r\n", "", 0),
	ROW("a stuffed dot",                    "a\r\n..\r\n.\r\n",         "a\r\n.\r\n", "", 0),
	ROW("a stuffed first line",             "..a\r\n.\r\n",             ".a\r\n", "", 0),
	ROW("an unstuffed dot is dropped",      "a\r\n.b\r\n.\r\n",         "a\r\nb\r\n", "", 0),
	ROW("two lines with dots",              "..\r\n...\r\n.\r\n",       ".\r\n..\r\n", "", 0),
	ROW("a dot within a line",              "a.\r\nb.c\r\n.\r\n",       "a.\r\nb.c\r\n", "", 0),
	ROW("LF . LF is no end",                "a\n.\nMAIL\r\n.\r\n",      NULL, "", SMTP_DATA_BARE_LF),
	ROW("LF . CRLF is no end",              "a\n.\r\nMAIL\r\n.\r\n",    NULL, "", SMTP_DATA_BARE_LF),
	ROW("CRLF . LF is no end",              "a\r\n.\nMAIL\r\n.\r\n",    NULL, "", SMTP_DATA_BARE_LF),
	ROW("CR . CR is no end",                "a\r.\rMAIL\r\n.\r\n",      NULL, "", SMTP_DATA_BARE_CR),
	ROW("CR . CRLF is no end",              "a\r.\r\nMAIL\r\n.\r\n",    NULL, "", SMTP_DATA_BARE_CR),
	ROW("CRLF . CR is no end",              "a\r\n.\rMAIL\r\n.\r\n",    NULL, "", SMTP_DATA_BARE_CR),
	ROW("CRLF . CR CRLF is no end",         "a\r\n.\r\r\nMAIL\r\n.\r\n", NULL, "", SMTP_DATA_BARE_CR),
	ROW("CR CRLF . CRLF ends after a flaw", "a\r\r\n.\r\nQUIT",         NULL, "QUIT", SMTP_DATA_BARE_CR),
	ROW("CRLF . NUL CRLF is no end",        "a\r\n.\0\r\nMAIL\r\n.\r\n", NULL, "", SMTP_DATA_NUL),
	ROW("a NUL within",                     "a\0b\r\n.\r\nQUIT",        NULL, "QUIT", SMTP_DATA_NUL),
	ROW("LF CR is no line end",             "a\n\r.\r\nMAIL\r\n.\r\n",  NULL, "", SMTP_DATA_BARE_CR | SMTP_DATA_BARE_LF),
	ROW("a first LF",                       "\n.\r\nMAIL\r\n.\r\n",     NULL, "", SMTP_DATA_BARE_LF),
	ROW("a CR before the end",              "a\r\r\n.\r\n",             NULL, "", SMTP_DATA_BARE_CR),
#undef ROW
};

static void vectors_at_every_split(void)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct data_case *c = &cases[i];
		for (size_t split = 0; split <= c->len; split++) {
			struct buffer content = { 0 };
			unsigned flaws = 0;
			size_t end = decode(bytes_of(c->in, c->len), split, &content, &flaws);
			CHECK_ROW(end == c->len - strlen(c->rest), c->claim);
			CHECK_ROW(flaws == c->flaws, c->claim);
			if (c->content)
				check_expect_bytes(content.at, content.len, c->content, strlen(c->content), c->claim, __FILE__, __LINE__);
			buffer_release(&content);
		}
	}
}

static void no_end(void)
{
	static const char *const rows[] = { "a\r\n.\r", "a\r\n.", "\n.\n", "\n.\r\n", "\r\n.\n", "\r.\r", "\r.\r\n", "\r\n.\r", "\r\n.\r\r\n", "\r\n..\r\n" };

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		for (size_t split = 0; split <= strlen(rows[i]); split++) {
			struct buffer content = { 0 };
			unsigned flaws;
			CHECK_ROW(decode(bytes_text(rows[i]), split, &content, &flaws) == 0, rows[i]);
			buffer_release(&content);
		}
	}
}

static bool encode(struct bytes in, size_t split, struct buffer *out, unsigned *flaws)
{
	struct smtp_data_encoder e = { 0 };
	bool ok = smtp_data_encode(&e, bytes_slice(in, 0, split), out)
	       && smtp_data_encode(&e, bytes_slice(in, split, in.len), out) && smtp_data_encode_end(&e, out);

	*flaws = e.flaws;
	return ok;
}

static void stuffing(void)
{
	static const struct { const char *claim, *in; size_t len; const char *out; unsigned flaws; } rows[] = {
#define ROW(claim, in, out, flaws) { claim, in, sizeof(in) - 1, out, flaws }
		ROW("a line",                    "a\r\n",        "a\r\n.\r\n", 0),
		ROW("nothing",                   "",             ".\r\n", 0),
		ROW("a dot alone",               ".\r\n",        "..\r\n.\r\n", 0),
		ROW("a dot behind CRLF",         "a\r\n.b\r\n",  "a\r\n..b\r\n.\r\n", 0),
		ROW("a dot within",              "a.b\r\n",      "a.b\r\n.\r\n", 0),
		ROW("a last line without CRLF",  "a",            "a\r\n.\r\n", 0),
		ROW("a bare LF",                 "a\n.\r\n",     NULL, SMTP_DATA_BARE_LF),
		ROW("a bare CR",                 "a\r.\r\n",     NULL, SMTP_DATA_BARE_CR),
		ROW("a bare CR at the end",      "a\r",          NULL, SMTP_DATA_BARE_CR),
		ROW("a NUL",                     "a\0\r\n",      NULL, SMTP_DATA_NUL),
#undef ROW
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		for (size_t split = 0; split <= rows[i].len; split++) {
			struct buffer out = { 0 };
			unsigned flaws;
			CHECK_ROW(encode(bytes_of(rows[i].in, rows[i].len), split, &out, &flaws) == (rows[i].out != NULL), rows[i].claim);
			CHECK_ROW(flaws == rows[i].flaws, rows[i].claim);
			if (rows[i].out)
				check_expect_bytes(out.at, out.len, rows[i].out, strlen(rows[i].out), rows[i].claim, __FILE__, __LINE__);
			buffer_release(&out);
		}
	}
}

/* Counted octets have no dots; what is bare is judged over every cut. */
static void chunks_are_checked_at_every_split(void)
{
	static const struct {
		const char *claim, *in;
		size_t len;
		unsigned flaws;
	} rows[] = {
#define ROW(claim, in, flaws) { claim, in, sizeof(in) - 1, flaws }
		ROW("lines", "a\r\nb\r\n", 0),
		ROW("no last line end", "a\r\nb", 0),
		ROW("a lone dot is content", "\r\n.\r\n", 0),
		ROW("a bare LF", "a\nb\r\n", SMTP_DATA_BARE_LF),
		ROW("a bare CR", "a\rb\r\n", SMTP_DATA_BARE_CR),
		ROW("a CR at the end", "a\r", SMTP_DATA_BARE_CR),
		ROW("two CR", "a\r\r\n", SMTP_DATA_BARE_CR),
		ROW("LF CR", "\n\r", SMTP_DATA_BARE_LF | SMTP_DATA_BARE_CR),
		ROW("a NUL", "a\0b", SMTP_DATA_NUL),
#undef ROW
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		for (size_t split = 0; split <= rows[i].len; split++) {
			struct smtp_data_checker checker = { 0 };
			smtp_data_check(&checker, bytes_of(rows[i].in, split));
			smtp_data_check(&checker, bytes_of(rows[i].in + split, rows[i].len - split));
			smtp_data_check_end(&checker);
			CHECK_ROW(checker.flaws == rows[i].flaws, rows[i].claim);
		}
}

int main(void)
{
	vectors_at_every_split();
	chunks_are_checked_at_every_split();
	no_end();
	stuffing();
	return check_finish();
}
