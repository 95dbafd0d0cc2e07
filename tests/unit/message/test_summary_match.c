#include "message/summary_match.h"

#include "tests/support/check.h"

static const char header[] =
	"From: =?utf-8?q?Andr=C3=A9?= Lee <andre@b.test>\r\n"
	"To: Bob <bob@a.test>, carol@a.test\r\n"
	"Cc: dora@a.test\r\n"
	"Subject: =?utf-8?q?Welcome_to_=C3=89cole?= \"two words\"\r\n"
	"Message-ID: <1.x@b.test>\r\n"
	"\r\n";

static const struct match_case {
	const char *claim, *query;
	bool fits;
} cases[] = {
	{ "the empty query fits everything", "", true },
	{ "part of an address", "from:andre@", true },
	{ "a decoded name", "from:andr\xc3\xa9", true },
	{ "without case, also beyond ASCII", "subject:\xc3\xa9" "COLE", true },
	{ "name and address are one text", "from:\"Lee <andre\"", true },
	{ "any of the recipients", "to:carol", true },
	{ "Cc is not To", "to:dora", false },
	{ "Cc", "cc:dora", true },
	{ "all conditions must fit", "from:andre subject:goodbye", false },
	{ "all conditions fit", "  FROM:andre   Subject:\"welcome to\" message-id:1.x@ ", true },
	{ "a quote in quotes", "subject:\"\\\"two words\\\"\"", true },
	{ "a word ends at white space", "subject:welcome to:bob", true },
	{ "a colon in a word", "subject:a:b", false },
};

static const struct refusal {
	const char *claim, *query, *error;
} refusals[] = {
	{ "a word alone", "hello", "\"hello\" is not from:" },
	{ "an unknown field", "body:x", "\"body\" is not from:" },
	{ "an empty word", "from: x", "from: is followed by nothing" },
	{ "an empty text", "from:\"\"", "from: is followed by nothing" },
	{ "open quotes", "subject:\"a b", "subject: the quotes do not end" },
	{ "a backslash at the end", "subject:\"a\\", "subject: the quotes do not end" },
	{ "too much", "to:a to:a to:a to:a to:a to:a to:a to:a to:a to:a to:a to:a to:a to:a to:a to:a to:a", "more than 16" },
};

int main(void)
{
	struct buffer packed = { 0 };
	struct arena arena = { 0 };
	struct summary_envelope envelope;

	summary_envelope_pack(BYTES(header), &packed);
	CHECK(summary_envelope_unpack(buffer_bytes(&packed), &arena, &envelope));
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct summary_match match = { 0 };
		struct error err = { 0 };
		CHECK_ROW(summary_match_parse(&match, bytes_text(cases[i].query), &err), cases[i].claim);
		CHECK_ROW(summary_match_fits(&match, &envelope) == cases[i].fits, cases[i].claim);
		summary_match_release(&match);
	}
	for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
		struct summary_match match = { 0 };
		struct error err = { 0 };
		CHECK_ROW(!summary_match_parse(&match, bytes_text(refusals[i].query), &err), refusals[i].claim);
		CHECK_ROW(strstr(err.text, refusals[i].error) != NULL, refusals[i].claim);
		summary_match_release(&match);
	}
	arena_reset(&arena);
	buffer_release(&packed);
	return check_finish();
}
