/*
 * Between two ASCII characters nothing combines, so each run of others, with the ASCII character before it, folds by itself.  Most runs are characters
 * that fold alone (letters with accents, Cyrillic, Greek, Han, kana, Hangul): a table or nothing; only the rest goes through text_fold.
 */
#include "message/case_fold.h"

#include <pthread.h>
#include <stdint.h>
#include <utf8proc.h>

#include "base/text.h"

#define TABLE_END 0x800
#define HELD_MAX 4096

/* What a character below TABLE_END folds to; 0: it does not fold alone, or not to one character. */
static uint16_t table[TABLE_END];

static void fill_table(void)
{
	for (uint32_t code = 0x80; code < TABLE_END; code++) {
		struct buffer one = { 0 }, folded = { 0 };
		uint32_t to = 0;
		text_utf8_add(&one, code);
		text_fold(buffer_bytes(&one), &folded);
		if (utf8proc_get_property((utf8proc_int32_t)code)->combining_class == 0 &&
		    text_utf8_decode(buffer_bytes(&folded), &to) == folded.len && to < TABLE_END)
			table[code] = (uint16_t)to;
		buffer_release(&one);
		buffer_release(&folded);
	}
}

/* Characters that are their own folded form and join none before them. */
static bool is_plain(uint32_t code)
{
	return (code >= 0x2010 && code <= 0x2027) || code == 0x20ac || (code >= 0x3001 && code <= 0x3020) ||
	       (code >= 0x3041 && code <= 0x3096) || (code >= 0x30a1 && code <= 0x30fa) || (code >= 0x4e00 && code <= 0x9fa5) ||
	       (code >= 0xac00 && code <= 0xd7a3);
}

/* False, and nothing appended: some character is not ordinary. */
static bool fold_ordinary(struct bytes run, struct buffer *out)
{
	size_t before = out->len;

	while (run.len > 0) {
		uint32_t code = 0;
		size_t n = text_utf8_decode(run, &code);
		if (code < 0x80) {
			buffer_add_octet(out, (char)text_lower((int)code));
		} else if (code < TABLE_END && table[code] != 0) {
			text_utf8_add(out, table[code]);
		} else if (is_plain(code)) {
			buffer_add(out, run.at, n);
		} else {
			buffer_truncate(out, before);
			return false;
		}
		run = bytes_skip(run, n > 0 ? n : 1);
	}
	return true;
}

static size_t ascii_length(struct bytes text)
{
	size_t n = 0;

	while (n < text.len && (unsigned char)text.at[n] < 0x80)
		n++;
	return n;
}

static void fold_whole(struct bytes text, struct buffer *out)
{
	while (text.len > 0) {
		size_t n = ascii_length(text), start = n > 0 && n < text.len ? n - 1 : n;
		if (start > 0) {
			size_t before = out->len;
			buffer_add(out, text.at, start);
			text_lower_bytes(out->at + before, start);
		}
		while (n < text.len && (unsigned char)text.at[n] >= 0x80)
			n++;
		if (start < n && !fold_ordinary(bytes_slice(text, start, n), out))
			text_fold(bytes_slice(text, start, n), out);
		text = bytes_skip(text, n);
	}
}

/* What can be folded now: up to the last ASCII character, which may yet combine. */
static size_t settled_length(struct bytes text)
{
	size_t n = text.len;

	while (n > 0 && (unsigned char)text.at[n - 1] >= 0x80)
		n--;
	if (n > 0)
		return n - 1;
	if (text.len <= HELD_MAX)
		return 0;
	for (n = text.len - 1; n > 0 && ((unsigned char)text.at[n] & 0xc0) == 0x80;)
		n--;
	return n;
}

void case_fold_feed(struct case_fold *f, struct bytes utf8, struct buffer *out)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, fill_table);
	buffer_add_bytes(&f->held, utf8);
	size_t n = settled_length(buffer_bytes(&f->held));
	fold_whole(bytes_slice(buffer_bytes(&f->held), 0, n), out);
	buffer_drop(&f->held, n);
}

void case_fold_finish(struct case_fold *f, struct buffer *out)
{
	fold_whole(buffer_bytes(&f->held), out);
	buffer_release(&f->held);
}
