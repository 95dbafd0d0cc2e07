#include "base/bytes.h"

#include "base/memory.h"
#include "base/text.h"

static int compare_octets(const char *a, const char *b, size_t len)
{
	return len == 0 ? 0 : memcmp(a, b, len);
}

static bool same_nocase(const char *a, const char *b, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (text_lower((unsigned char)a[i]) != text_lower((unsigned char)b[i]))
			return false;
	}
	return true;
}

bool bytes_equal(struct bytes a, struct bytes b)
{
	return a.len == b.len && compare_octets(a.at, b.at, a.len) == 0;
}

bool bytes_equal_nocase(struct bytes a, struct bytes b)
{
	return a.len == b.len && same_nocase(a.at, b.at, a.len);
}

bool bytes_starts(struct bytes text, struct bytes prefix)
{
	return text.len >= prefix.len && compare_octets(text.at, prefix.at, prefix.len) == 0;
}

bool bytes_starts_nocase(struct bytes text, struct bytes prefix)
{
	return text.len >= prefix.len && same_nocase(text.at, prefix.at, prefix.len);
}

bool bytes_ends_nocase(struct bytes text, struct bytes suffix)
{
	return text.len >= suffix.len && bytes_equal_nocase(bytes_skip(text, text.len - suffix.len), suffix);
}

int bytes_compare(struct bytes a, struct bytes b)
{
	int order = compare_octets(a.at, b.at, a.len < b.len ? a.len : b.len);

	if (order != 0)
		return order;
	return (a.len > b.len) - (a.len < b.len);
}

size_t bytes_find(struct bytes text, char octet)
{
	const char *found = text.len > 0 ? memchr(text.at, octet, text.len) : NULL;

	return found != NULL ? (size_t)(found - text.at) : text.len;
}

size_t bytes_find_bytes(struct bytes text, struct bytes needle)
{
	size_t at = 0;

	if (needle.len == 0)
		return 0;
	while (text.len - at >= needle.len) {
		at += bytes_find(bytes_skip(text, at), needle.at[0]);
		if (bytes_starts(bytes_skip(text, at), needle))
			return at;
		if (at < text.len)
			at++;
	}
	return text.len;
}

struct bytes bytes_slice(struct bytes text, size_t from, size_t to)
{
	if (to > text.len)
		to = text.len;
	if (from > to)
		from = to;
	if (text.at == NULL)
		return text;
	return (struct bytes){ text.at + from, to - from };
}

struct bytes bytes_skip(struct bytes text, size_t n)
{
	return bytes_slice(text, n, text.len);
}

static bool is_blank(char octet)
{
	return octet == ' ' || octet == '\t';
}

struct bytes bytes_trim(struct bytes text)
{
	while (text.len > 0 && is_blank(text.at[0]))
		text = bytes_skip(text, 1);
	while (text.len > 0 && is_blank(text.at[text.len - 1]))
		text.len--;
	return text;
}

bool bytes_cut(struct bytes *rest, char octet, struct bytes *front)
{
	struct bytes text = *rest;
	size_t at = bytes_find(text, octet);

	*front = bytes_slice(text, 0, at);
	*rest = bytes_skip(text, at < text.len ? at + 1 : at);
	return at < text.len;
}

bool bytes_to_u64(struct bytes text, uint64_t max, uint64_t *value)
{
	uint64_t sum = 0;

	if (text.len == 0)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (!text_is_digit((unsigned char)text.at[i]))
			return false;
		if (__builtin_mul_overflow(sum, 10u, &sum) ||
		    __builtin_add_overflow(sum, (uint64_t)(text.at[i] - '0'), &sum) || sum > max)
			return false;
	}
	*value = sum;
	return true;
}

char *bytes_dup(struct bytes text)
{
	char *copy = xmalloc(text.len + 1);

	if (text.len > 0)
		memcpy(copy, text.at, text.len);
	copy[text.len] = '\0';
	return copy;
}

bool bytes_copy_text(struct bytes from, char *text, size_t size)
{
	bool fits = from.len < size && bytes_find(from, '\0') == from.len;

	if (size == 0)
		return false;
	if (fits && from.len > 0)
		memcpy(text, from.at, from.len);
	text[fits ? from.len : 0] = '\0';
	return fits;
}
