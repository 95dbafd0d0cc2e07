#include "message/transfer_encoding.h"

#include "tests/support/check.h"

static const struct decode_case {
	const char *claim;
	enum transfer_encoding encoding;
	const char *text, *want;
	bool whole;
} cases[] = {
	{ "identity", TRANSFER_IDENTITY, "a=\r\nb", "a=\r\nb", true },
	{ "base64 over lines", TRANSFER_BASE64, "aGVs\r\nbG8=\r\n", "hello", true },
	{ "base64 without padding", TRANSFER_BASE64, "aGVsbG8", "hello", true },
	{ "base64 with rubbish between", TRANSFER_BASE64, "aG!Vs*bG8=", "hello", false },
	{ "base64 in two padded pieces", TRANSFER_BASE64, "aGk=aGk=", "hihi", true },
	{ "base64 with a lone sextet", TRANSFER_BASE64, "aGkha", "hi!", false },
	{ "base64 cut after its padding", TRANSFER_BASE64, "aGk", "hi", true },
	{ "quoted-printable", TRANSFER_QUOTED_PRINTABLE, "a=3Db=C3=a9", "a=b\xc3\xa9", true },
	{ "a soft line break", TRANSFER_QUOTED_PRINTABLE, "a=\r\nb=\nc", "abc", true },
	{ "a soft line break with white space", TRANSFER_QUOTED_PRINTABLE, "a= \t\r\nb", "ab", true },
	{ "white space at a line's end goes", TRANSFER_QUOTED_PRINTABLE, "a \t\r\nb c ", "a\r\nb c", true },
	{ "an encoded space at the end stays", TRANSFER_QUOTED_PRINTABLE, "a=20\r\n", "a \r\n", true },
	{ "a bad escape stays", TRANSFER_QUOTED_PRINTABLE, "a=G1=4Gb", "a=G1=4Gb", false },
	{ "an escape after a bad one", TRANSFER_QUOTED_PRINTABLE, "==41", "=A", false },
	{ "a lone equals sign at the end", TRANSFER_QUOTED_PRINTABLE, "a=", "a", true },
	{ "an unknown encoding passes", TRANSFER_UNKNOWN, "abc", "abc", false },
};

static void check_cut(const struct decode_case *c, size_t cut)
{
	struct transfer_decoder d = { .encoding = c->encoding };
	struct bytes rest = bytes_text(c->text);
	struct buffer got = { 0 };

	buffer_reserve(&got, 1);
	for (; rest.len > 0; rest = bytes_skip(rest, cut))
		transfer_decoder_feed(&d, bytes_slice(rest, 0, cut), &got);
	transfer_decoder_finish(&d, &got);
	CHECK_TEXT(got.at, c->want, c->claim);
	CHECK_ROW(d.is_damaged == !c->whole, c->claim);
	buffer_release(&got);
}

static void check_quoted_printable(const char *claim, struct bytes text)
{
	struct buffer encoded = { 0 }, again = { 0 };

	buffer_reserve(&encoded, 1);
	buffer_reserve(&again, 1);
	transfer_encode_quoted_printable(text, &encoded);
	struct bytes rest = buffer_bytes(&encoded), line;
	bool more = true;
	while (more) {
		more = bytes_cut(&rest, '\n', &line);
		CHECK_ROW(line.len <= 77, "lines have at most 76 characters and CR");
		CHECK_ROW(line.len == 0 || line.at[0] != '.', "no line begins with a dot");
		for (size_t i = 0; i < line.len; i++)
			CHECK_ROW((line.at[i] >= ' ' && line.at[i] < 0x7f) || line.at[i] == '\t' || (line.at[i] == '\r' && i + 1 == line.len), claim);
	}
	CHECK_ROW(transfer_decode(TRANSFER_QUOTED_PRINTABLE, buffer_bytes(&encoded), &again), claim);
	CHECK_ROW(bytes_equal(buffer_bytes(&again), text), claim);
	buffer_release(&encoded);
	buffer_release(&again);
}

int main(void)
{
	struct buffer all = { 0 }, encoded = { 0 }, again = { 0 };

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		check_cut(&cases[i], 1);
		check_cut(&cases[i], 2);
		check_cut(&cases[i], 3);
		check_cut(&cases[i], 1000);
	}
	CHECK(transfer_encoding_parse(BYTES(" Quoted-Printable ")) == TRANSFER_QUOTED_PRINTABLE);
	CHECK(transfer_encoding_parse(BYTES("")) == TRANSFER_IDENTITY);
	CHECK(transfer_encoding_parse(BYTES("x-uuencode")) == TRANSFER_UNKNOWN);

	check_quoted_printable("text", BYTES("plain\r\nFrom me\r\n.dot\r\ntrailing \r\ntab\t\r\n=\r\n"));
	check_quoted_printable("no last line end", BYTES("caf\xc3\xa9"));
	for (int i = 0; i < 256; i++) {
		if (i != '\n' && i != '\r')
			buffer_add_octet(&all, (char)i);
	}
	for (int i = 0; i < 600; i++)
		buffer_add_octet(&all, (char)(i % 3 ? 'x' : 0xe0 + i % 7));
	check_quoted_printable("all octets in a long line", buffer_bytes(&all));
	transfer_encode_base64(buffer_bytes(&all), &encoded);
	CHECK(encoded.at[76] == '\r' && encoded.at[77] == '\n');
	CHECK(transfer_decode(TRANSFER_BASE64, buffer_bytes(&encoded), &again));
	CHECK(bytes_equal(buffer_bytes(&again), buffer_bytes(&all)));
	buffer_release(&all);
	buffer_release(&encoded);
	buffer_release(&again);
	return check_finish();
}
