#include "message/case_fold.h"

#include "base/text.h"
#include "tests/support/check.h"

static const struct fold_case {
	const char *claim, *text;
} cases[] = {
	{ "ASCII", "Hello, World 123" },
	{ "Latin letters", "\xc3\x84rger STRA\xc3\x9f""E \xc3\x96" },
	{ "Greek with a final sigma", "\xce\x9f\xce\x94\xce\x9f\xce\xa3 \xcf\x82" },
	{ "Cyrillic", "\xd0\x9f\xd0\xa0\xd0\x98\xd0\x92\xd0\x95\xd0\xa2" },
	{ "what combines is composed", "e\xcc\x81 E\xcc\x81 a\xcc\x8a\xcc\xa3z" },
	{ "what combines with a letter that is not ASCII", "\xc3\xaa\xcc\x81 \xce\xb1\xcc\x81" },
	{ "a combining mark at the front", "\xcc\x81""abc" },
	{ "the sign not-equal from two characters", "a=\xcc\xb8 <\xcc\xb8" },
	{ "a dotted capital I", "\xc4\xb0stanbul" },
	{ "a ligature", "\xef\xac\x81sh OF\xef\xac\x81""CE" },
	{ "the sign of Kelvin", "300 \xe2\x84\xaa" },
	{ "Han", "\xe4\xb8\xad\xe6\x96\x87\xe6\xa3\x80\xe7\xb4\xa2" },
	{ "kana with a separate sound mark", "\xe3\x81\x8b\xe3\x82\x99 \xe3\x82\xb4" },
	{ "Hangul from its letters", "\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab \xed\x95\x9c" },
	{ "Hangul with a letter behind", "\xed\x95\x98\xe1\x86\xab" },
	{ "quotation marks and an emoji", "\xe2\x80\x9cQuoted\xe2\x80\x9d \xf0\x9f\x98\x80" },
	{ "Deseret, which has case", "\xf0\x90\x90\x80" },
	{ "nothing", "" },
};

/* In pieces of n characters. */
static void check_pieces(const struct fold_case *c, size_t n)
{
	struct bytes rest = bytes_text(c->text);
	struct buffer got = { 0 }, want = { 0 };
	struct case_fold fold = { 0 };

	text_fold(rest, &want);
	while (rest.len > 0) {
		size_t len = 0;
		for (size_t i = 0; i < n && len < rest.len; i++)
			len += text_utf8_decode(bytes_skip(rest, len), NULL);
		case_fold_feed(&fold, bytes_slice(rest, 0, len), &got);
		rest = bytes_skip(rest, len);
	}
	case_fold_finish(&fold, &got);
	CHECK_ROW(bytes_equal(buffer_bytes(&got), buffer_bytes(&want)), c->claim);
	buffer_release(&got);
	buffer_release(&want);
}

/* No character of the planes that have case folds otherwise here. */
static void check_every_character(void)
{
	bool same = true;

	for (uint32_t code = 1; code < 0x20000 && same; code++) {
		struct buffer text = { 0 }, got = { 0 }, want = { 0 };
		struct case_fold fold = { 0 };
		if (code >= 0xd800 && code < 0xe000)
			continue;
		buffer_add_text(&text, "aB");
		text_utf8_add(&text, code);
		buffer_add_text(&text, "\xc3\x84Z");
		text_fold(buffer_bytes(&text), &want);
		case_fold_feed(&fold, buffer_bytes(&text), &got);
		case_fold_finish(&fold, &got);
		same = bytes_equal(buffer_bytes(&got), buffer_bytes(&want));
		CHECK_ROW(same, "every character folds as text_fold folds it");
		buffer_release(&text);
		buffer_release(&got);
		buffer_release(&want);
	}
}

static void check_long_run(void)
{
	struct buffer text = { 0 }, got = { 0 };
	struct case_fold fold = { 0 };

	for (size_t i = 0; i < 20000; i++)
		buffer_add_text(&text, "\xe4\xb8\xad");
	for (struct bytes rest = buffer_bytes(&text); rest.len > 0; rest = bytes_skip(rest, 999))
		case_fold_feed(&fold, bytes_slice(rest, 0, 999), &got);
	CHECK_ROW(fold.held.len < 8192, "a long run without ASCII is not all held back");
	case_fold_finish(&fold, &got);
	CHECK_ROW(bytes_equal(buffer_bytes(&got), buffer_bytes(&text)), "and none of it is lost");
	buffer_release(&text);
	buffer_release(&got);
}

int main(void)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		for (size_t n = 1; n < 20; n++)
			check_pieces(&cases[i], n);
	check_every_character();
	check_long_run();
	return check_finish();
}
