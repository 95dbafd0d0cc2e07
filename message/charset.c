#include "message/charset.h"

#include <errno.h>
#include <iconv.h>
#include <pthread.h>
#include <stddef.h>

#include "base/text.h"

#define NAME_MAX_LEN 64
#define REPLACEMENT 0xfffd

/* What windows-1252 has at 0x80..0x9f; the five holes map to the C1 controls as browsers do. */
static const uint16_t windows_1252[32] = {
	0x20ac, 0x81, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8d, 0x017d, 0x8f,
	0x90, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x9d, 0x017e, 0x0178,
};

static bool add_windows_1252(struct bytes text, struct buffer *out)
{
	bool whole = true;

	for (size_t i = 0; i < text.len; i++) {
		unsigned char octet = (unsigned char)text.at[i];
		if (octet == 0) {
			text_utf8_add(out, REPLACEMENT);
			whole = false;
		} else if (octet < 0x80) {
			buffer_add_octet(out, (char)octet);
		} else {
			text_utf8_add(out, octet < 0xa0 ? windows_1252[octet - 0x80] : octet);
		}
	}
	return whole;
}

/* As it is, with U+FFFD for what is not UTF-8. */
static bool add_utf8(struct bytes text, struct buffer *out)
{
	bool whole = true;

	if (text_is_utf8(text)) {
		buffer_add_bytes(out, text);
		return true;
	}
	while (text.len > 0) {
		uint32_t code = 0;
		size_t n = text_utf8_decode(text, &code);
		if (n == 0 || code == 0) {
			text_utf8_add(out, REPLACEMENT);
			whole = false;
			n = 1;
		} else {
			buffer_add(out, text.at, n);
		}
		text = bytes_skip(text, n);
	}
	return whole;
}

void charset_guess_to_utf8(struct bytes text, struct buffer *out)
{
	if (text_is_utf8(text))
		buffer_add_bytes(out, text);
	else
		add_windows_1252(text, out);
}

/* Octets that do not convert become U+FFFD one by one. */
static bool convert(iconv_t converter, struct bytes text, struct buffer *out)
{
	char *in = (char *)text.at;
	size_t left = text.len;
	bool whole = true;

	while (left > 0) {
		size_t room = left * 2 + 16;
		char *to = buffer_reserve(out, room), *at = to;
		size_t done = iconv(converter, &in, &left, &at, &room);
		buffer_added(out, (size_t)(at - to));
		if (done != (size_t)-1 || errno == E2BIG)
			continue;
		text_utf8_add(out, REPLACEMENT);
		whole = false;
		if (left > 0) {
			in++;
			left--;
		}
	}
	char *to = buffer_reserve(out, 16), *at = to;
	size_t room = 16;
	iconv(converter, NULL, NULL, &at, &room);
	buffer_added(out, (size_t)(at - to));
	return whole;
}

/* Names that iconv does not know, or that mean another set than they say in mail. */
static const char *const aliases[][2] = {
	{ "gb2312", "GB18030" }, { "gbk", "GB18030" }, { "x-gbk", "GB18030" }, { "ks_c_5601-1987", "CP949" }, { "ks_c_5601", "CP949" },
	{ "euc-kr", "CP949" }, { "shift_jis", "CP932" }, { "x-sjis", "CP932" }, { "big5", "BIG5-HKSCS" },
	{ "iso-8859-8-i", "ISO-8859-8" }, { "iso-8859-8-e", "ISO-8859-8" }, { "iso-8859-6-i", "ISO-8859-6" }, { "iso-8859-11", "CP874" },
	{ "x-mac-roman", "MACINTOSH" }, { "x-user-defined", "CP1252" }, { "unicode-1-1-utf-7", "UTF-7" }, { "cp-850", "CP850" },
};

static iconv_t open_converter(const char *name)
{
	for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++) {
		if (bytes_equal_nocase(bytes_text(name), bytes_text(aliases[i][0])))
			return iconv_open("UTF-8", aliases[i][1]);
	}
	return iconv_open("UTF-8", name);
}

/* Only what a charset name may hold: iconv gives "/" and "," a meaning. */
static bool is_name(struct bytes charset)
{
	for (size_t i = 0; i < charset.len; i++) {
		unsigned char octet = (unsigned char)charset.at[i];
		if (!text_is_alpha(octet) && !text_is_digit(octet) && (octet == '\0' || strchr("-_.:+", octet) == NULL))
			return false;
	}
	return charset.len > 0;
}

static bool is_one_of(struct bytes charset, const char *const *names)
{
	for (; *names; names++) {
		if (bytes_equal_nocase(charset, bytes_text(*names)))
			return true;
	}
	return false;
}

static const char *const utf8[] = { "utf-8", "utf8", "unicode-1-1-utf-8", NULL };
static const char *const ascii[] = { "us-ascii", "ascii", "ansi_x3.4-1968", NULL };
static const char *const latin[] = { "iso-8859-1", "iso_8859-1", "latin1", "windows-1252", "cp1252", NULL };

bool charset_to_utf8(struct bytes charset, struct bytes text, struct buffer *out)
{
	char name[NAME_MAX_LEN];

	if (is_one_of(charset, utf8))
		return add_utf8(text, out);
	if (is_one_of(charset, latin))
		return add_windows_1252(text, out);
	if (is_one_of(charset, ascii) || !is_name(charset) || !bytes_copy_text(charset, name, sizeof name)) {
		charset_guess_to_utf8(text, out);
		return text_is_ascii(text) && (charset.len == 0 || is_one_of(charset, ascii));
	}
	iconv_t converter = open_converter(name);
	if (converter == (iconv_t)-1) {
		charset_guess_to_utf8(text, out);
		return false;
	}
	struct buffer raw = { 0 };
	bool whole = convert(converter, text, &raw);
	iconv_close(converter);
	/* A converter lets NUL through, and some give surrogates. */
	whole &= add_utf8(buffer_bytes(&raw), out);
	buffer_release(&raw);
	return whole;
}

/* ---- in pieces ---- */

enum kind { GUESSED, UTF8, LATIN, CONVERTED };

#define HELD_LINE_MAX 4096
#define HELD_CHARACTER_MAX 16

/* Sets in which an octet below 0x80 that does not continue a character is ASCII: the others shift, or have wide units. */
static bool keeps_ascii(struct bytes charset)
{
	static const char *const fronts[] = {
		"utf-8", "iso-8859-", "iso_8859-", "windows-125", "cp125", "koi8", "latin", "gb", "x-gbk", "big5", "euc-", "ks_c", "shift_jis",
		"x-sjis", "tis-620", "windows-874", "macintosh", "x-mac-roman",
	};

	for (size_t i = 0; i < sizeof fronts / sizeof *fronts; i++) {
		if (bytes_starts_nocase(charset, bytes_text(fronts[i])))
			return true;
	}
	return false;
}

void charset_decoder_start(struct charset_decoder *d, struct bytes charset)
{
	char name[NAME_MAX_LEN];

	buffer_clear(&d->held);
	d->kind = is_one_of(charset, utf8) ? UTF8 : is_one_of(charset, latin) ? LATIN : GUESSED;
	d->keeps_ascii = true;
	if (d->kind != GUESSED || is_one_of(charset, ascii) || !is_name(charset) || !bytes_copy_text(charset, name, sizeof name))
		return;
	iconv_t converter = open_converter(name);
	if (converter == (iconv_t)-1)
		return;
	d->kind = CONVERTED;
	d->converter = converter;
	d->keeps_ascii = keeps_ascii(charset);
}

bool charset_decoder_passes_ascii(const struct charset_decoder *d)
{
	return d->keeps_ascii && d->held.len == 0;
}

/* Octets at the end that may be the front of a character of UTF-8. */
static size_t unfinished(struct bytes text)
{
	for (size_t n = 1; n <= 3 && n <= text.len; n++) {
		unsigned char octet = (unsigned char)text.at[text.len - n];
		if (octet >= 0xc0)
			return n < (octet < 0xe0 ? 2u : octet < 0xf0 ? 3u : 4u) ? n : 0;
		if (octet < 0x80)
			return 0;
	}
	return 0;
}

static void feed_utf8(struct charset_decoder *d, struct buffer *out)
{
	struct bytes text = buffer_bytes(&d->held);

	text.len -= unfinished(text);
	add_utf8(text, out);
	buffer_drop(&d->held, text.len);
}

static void feed_lines(struct charset_decoder *d, struct buffer *out)
{
	struct bytes rest = buffer_bytes(&d->held);

	for (size_t end; (end = bytes_find(rest, '\n')) < rest.len; rest = bytes_skip(rest, end + 1))
		charset_guess_to_utf8(bytes_slice(rest, 0, end + 1), out);
	if (rest.len > HELD_LINE_MAX) {
		struct bytes whole = bytes_slice(rest, 0, rest.len - unfinished(rest));
		charset_guess_to_utf8(whole, out);
		rest = bytes_skip(rest, whole.len);
	}
	buffer_drop(&d->held, d->held.len - rest.len);
}

/* A character that is not whole stays in held, and goes on with the next piece. */
static void feed_converter(struct charset_decoder *d, struct buffer *out)
{
	struct buffer raw = { 0 };
	char *in = d->held.at;
	size_t left = d->held.len;

	while (left > 0) {
		size_t room = left * 2 + 16;
		char *to = buffer_reserve(&raw, room), *at = to;
		size_t done = iconv(d->converter, &in, &left, &at, &room);
		buffer_added(&raw, (size_t)(at - to));
		if (done != (size_t)-1 || errno == E2BIG)
			continue;
		if (errno == EINVAL && left <= HELD_CHARACTER_MAX)
			break;
		text_utf8_add(&raw, REPLACEMENT);
		in++;
		left--;
	}
	add_utf8(buffer_bytes(&raw), out);
	buffer_release(&raw);
	buffer_drop(&d->held, d->held.len - left);
}

void charset_decoder_feed(struct charset_decoder *d, struct bytes text, struct buffer *out)
{
	if (d->kind == LATIN) {
		add_windows_1252(text, out);
		return;
	}
	buffer_add_bytes(&d->held, text);
	if (d->kind == UTF8)
		feed_utf8(d, out);
	else if (d->kind == CONVERTED)
		feed_converter(d, out);
	else
		feed_lines(d, out);
}

void charset_decoder_finish(struct charset_decoder *d, struct buffer *out)
{
	if (d->kind == CONVERTED) {
		struct buffer raw = { 0 };
		char *to = buffer_reserve(&raw, HELD_CHARACTER_MAX), *at = to;
		size_t room = HELD_CHARACTER_MAX;
		if (d->held.len > 0)
			text_utf8_add(out, REPLACEMENT);
		iconv(d->converter, NULL, NULL, &at, &room);
		buffer_added(&raw, (size_t)(at - to));
		add_utf8(buffer_bytes(&raw), out);
		buffer_release(&raw);
		iconv_close(d->converter);
	} else if (d->kind == UTF8) {
		add_utf8(buffer_bytes(&d->held), out);
	} else {
		charset_guess_to_utf8(buffer_bytes(&d->held), out);
	}
	buffer_release(&d->held);
	*d = (struct charset_decoder){ 0 };
}

/* ---- once a process ---- */

static const char *const common_names[] = {
	"ISO-8859-2", "ISO-8859-3", "ISO-8859-4", "ISO-8859-5", "ISO-8859-6", "ISO-8859-7", "ISO-8859-8", "ISO-8859-9", "ISO-8859-10",
	"ISO-8859-13", "ISO-8859-14", "ISO-8859-15", "ISO-8859-16", "CP1250", "CP1251", "CP1253", "CP1254", "CP1255", "CP1256", "CP1257",
	"CP1258", "CP874", "CP850", "CP437", "KOI8-R", "KOI8-U", "MACINTOSH", "TIS-620", "GB18030", "BIG5-HKSCS", "CP949", "CP932", "EUC-JP",
	"ISO-2022-JP", "ISO-2022-KR", "EUC-TW", "ISO-2022-CN", "UTF-7", "UTF-16", "UTF-16LE", "UTF-16BE", "UTF-32",
};

/* Never closed: an open converter keeps its module loaded, and later ones are made from it without touching a file. */
static iconv_t loaded[sizeof common_names / sizeof *common_names];

static void load_converters(void)
{
	for (size_t i = 0; i < sizeof common_names / sizeof *common_names; i++)
		loaded[i] = iconv_open("UTF-8", common_names[i]);
}

void charset_prepare(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, load_converters);
}
