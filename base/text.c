#include "base/text.h"

#include <stdlib.h>
#include <utf8proc.h>

#define HOST_MAX 253                    /* RFC 1035 2.3.4 */
#define LABEL_MAX 63
#define NEAREST_WORD_MAX 63             /* longer words get no suggestion */

int text_lower(int octet)
{
	return octet >= 'A' && octet <= 'Z' ? octet + ('a' - 'A') : octet;
}

int text_upper(int octet)
{
	return octet >= 'a' && octet <= 'z' ? octet - ('a' - 'A') : octet;
}

bool text_is_alpha(int octet)
{
	return (octet >= 'a' && octet <= 'z') || (octet >= 'A' && octet <= 'Z');
}

bool text_is_digit(int octet)
{
	return octet >= '0' && octet <= '9';
}

bool text_is_space(int octet)
{
	return octet == ' ' || octet == '\t' || octet == '\r' || octet == '\n';
}

void text_lower_bytes(char *at, size_t len)
{
	for (size_t i = 0; i < len; i++)
		at[i] = (char)text_lower((unsigned char)at[i]);
}

bool text_is_ascii(struct bytes text)
{
	uint64_t any = 0;
	size_t i = 0;

	for (; i + sizeof any <= text.len && !(any & UINT64_C(0x8080808080808080)); i += sizeof any) {
		uint64_t eight;
		memcpy(&eight, text.at + i, sizeof eight);
		any |= eight;
	}
	for (; i < text.len; i++)
		any |= (unsigned char)text.at[i];
	return !(any & UINT64_C(0x8080808080808080));
}

bool text_is_printable(struct bytes text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.at[i] < 0x20 || text.at[i] > 0x7e)
			return false;
	}
	return true;
}

bool text_is_host_name(struct bytes text)
{
	struct bytes label;
	bool more = true;

	if (text.len == 0 || text.len > HOST_MAX)
		return false;
	while (more) {
		more = bytes_cut(&text, '.', &label);
		if (label.len == 0 || label.len > LABEL_MAX || label.at[0] == '-' || label.at[label.len - 1] == '-')
			return false;
		for (size_t i = 0; i < label.len; i++) {
			int octet = (unsigned char)label.at[i];
			if (!text_is_alpha(octet) && !text_is_digit(octet) && octet != '-')
				return false;
		}
	}
	return true;
}

bool text_is_utf8(struct bytes text)
{
	while (text.len > 0) {
		size_t n = text_utf8_decode(text, NULL);
		if (n == 0 || text.at[0] == '\0')
			return false;
		text = bytes_skip(text, n);
	}
	return true;
}

size_t text_utf8_decode(struct bytes text, uint32_t *code)
{
	static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *at = (const unsigned char *)text.at;

	if (text.len == 0)
		return 0;
	size_t n = at[0] < 0x80 ? 1 : at[0] < 0xc0 ? 0 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : at[0] < 0xf8 ? 4 : 0;
	if (n == 0 || n > text.len)
		return 0;
	uint32_t value = n == 1 ? at[0] : at[0] & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
		value = value << 6 | (at[i] & 0x3f);
	}
	if (value < smallest[n] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
		return 0;
	if (code != NULL)
		*code = value;
	return n;
}

void text_utf8_add(struct buffer *out, uint32_t code)
{
	if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		code = 0xfffd;
	if (code < 0x80) {
		buffer_add_octet(out, (char)code);
		return;
	}
	int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
	static const unsigned char lead[] = { 0, 0xc0, 0xe0, 0xf0 };
	buffer_add_octet(out, (char)(lead[more] | code >> (6 * more)));
	while (more-- > 0)
		buffer_add_octet(out, (char)(0x80 | (code >> (6 * more) & 0x3f)));
}

/* Valid UTF-8 with U+FFFD for every octet that is not part of any: what utf8proc asks for. */
static void add_repaired(struct bytes text, struct buffer *out)
{
	while (text.len > 0) {
		size_t n = text_utf8_decode(text, NULL);
		if (n > 0)
			buffer_add(out, text.at, n);
		else
			text_utf8_add(out, 0xfffd);
		text = bytes_skip(text, n > 0 ? n : 1);
	}
}

static void map_unicode(struct bytes text, utf8proc_option_t options, struct buffer *out)
{
	struct buffer valid = { 0 };
	utf8proc_uint8_t *mapped = NULL;

	add_repaired(text, &valid);
	utf8proc_ssize_t n = utf8proc_map((const utf8proc_uint8_t *)valid.at, (utf8proc_ssize_t)valid.len, &mapped, options);
	if (n < 0)
		abort();                /* the text is valid, so only memory can be missing */
	buffer_add(out, mapped, (size_t)n);
	free(mapped);
	buffer_release(&valid);
}

void text_fold(struct bytes text, struct buffer *out)
{
	if (!text_is_ascii(text)) {
		map_unicode(text, UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD, out);
		return;
	}
	size_t before = out->len;
	buffer_add_bytes(out, text);
	text_lower_bytes(out->at + before, text.len);
}

void text_normalize(struct bytes text, struct buffer *out)
{
	if (text_is_ascii(text))
		buffer_add_bytes(out, text);
	else
		map_unicode(text, UTF8PROC_STABLE | UTF8PROC_COMPOSE, out);
}

void text_escape(struct buffer *out, struct bytes text)
{
	while (text.len > 0) {
		uint32_t code = 0;
		size_t n = text_utf8_decode(text, &code);
		bool control = code < 0x20 || (code >= 0x7f && code < 0xa0);
		if (n > 0 && !control)
			buffer_add(out, text.at, n);
		for (size_t i = 0; i < (n > 0 ? n : 1) && (n == 0 || control); i++)
			buffer_printf(out, "\\x%02x", (unsigned)(unsigned char)text.at[i]);
		text = bytes_skip(text, n > 0 ? n : 1);
	}
}

/* Levenshtein's distance, one row of the table at a time. */
static size_t distance(const char *a, const char *b)
{
	size_t row[NEAREST_WORD_MAX + 1], n = strlen(b);

	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1] != '\0'; i++) {
		size_t diagonal = row[0];
		row[0] = i;
		for (size_t j = 1; j <= n; j++) {
			size_t best = diagonal + (a[i - 1] != b[j - 1]);
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			diagonal = row[j];
			row[j] = best;
		}
	}
	return row[n];
}

const char *text_nearest(const char *word, const char *const *candidates, size_t n)
{
	const char *nearest = NULL;
	size_t nearest_distance = 3;

	if (strlen(word) > NEAREST_WORD_MAX)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		if (strlen(candidates[i]) > NEAREST_WORD_MAX)
			continue;
		size_t d = distance(word, candidates[i]);
		/* with every letter changed it is another word */
		if (d < nearest_distance && d < strlen(word) && d < strlen(candidates[i])) {
			nearest = candidates[i];
			nearest_distance = d;
		}
	}
	return nearest;
}

/* A number and at most one suffix: value times its unit. */
static bool parse_number(const char *text, const char *suffixes, const uint64_t *units, uint64_t *value)
{
	struct bytes digits = bytes_text(text);
	uint64_t unit = 1;

	if (digits.len > 0 && !text_is_digit((unsigned char)digits.at[digits.len - 1])) {
		const char *suffix = strchr(suffixes, digits.at[--digits.len]);
		if (suffix == NULL)
			return false;
		unit = units[suffix - suffixes];
	}
	uint64_t number;
	return bytes_to_u64(digits, INT64_MAX / unit, &number) && ((void)(*value = number * unit), true);
}

bool text_parse_size(const char *text, uint64_t *octets)
{
	static const uint64_t units[] = { UINT64_C(1) << 10, UINT64_C(1) << 20, UINT64_C(1) << 30 };

	return parse_number(text, "KMG", units, octets);
}

bool text_parse_duration_s(const char *text, int64_t *seconds)
{
	static const uint64_t units[] = { 1, 60, 3600, 86400 };
	uint64_t value;

	if (!parse_number(text, "smhd", units, &value))
		return false;
	*seconds = (int64_t)value;
	return true;
}
