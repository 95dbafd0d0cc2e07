#include "imap/imap_argument.h"

#include <string.h>

#include "base/text.h"

bool imap_is_atom_octet(int octet)
{
	return octet > 0x20 && octet < 0x7f && !strchr("(){%*\"\\]", octet);
}

bool imap_is_astring_octet(int octet)
{
	return octet == ']' || imap_is_atom_octet(octet);
}

static bool is_pattern_octet(int octet)
{
	return octet == '%' || octet == '*' || imap_is_astring_octet(octet);
}

static bool is_tag_octet(int octet)
{
	return octet != '+' && imap_is_astring_octet(octet);
}

static bool take_while(struct bytes *rest, bool (*belongs)(int), struct bytes *word)
{
	size_t n = 0;

	while (n < rest->len && belongs((unsigned char)rest->at[n]))
		n++;
	if (n == 0)
		return false;
	*word = bytes_of(rest->at, n);
	*rest = bytes_skip(*rest, n);
	return true;
}

bool imap_argument_octet(struct bytes *rest, char octet)
{
	if (rest->len == 0 || rest->at[0] != octet)
		return false;
	*rest = bytes_skip(*rest, 1);
	return true;
}

bool imap_argument_space(struct bytes *rest)
{
	return imap_argument_octet(rest, ' ');
}

bool imap_argument_word(struct bytes *rest, const char *word)
{
	size_t len = strlen(word);

	if (!bytes_starts_nocase(*rest, bytes_of(word, len)))
		return false;
	if (rest->len > len && imap_is_atom_octet((unsigned char)rest->at[len]))
		return false;
	*rest = bytes_skip(*rest, len);
	return true;
}

bool imap_argument_tag(struct bytes *rest, struct bytes *tag)
{
	return take_while(rest, is_tag_octet, tag);
}

bool imap_argument_atom(struct bytes *rest, struct bytes *atom)
{
	return take_while(rest, imap_is_atom_octet, atom);
}

/* The text between the quotes at text[1..end), its escapes taken away. */
static struct bytes unescape(struct bytes quoted, struct arena *arena)
{
	char *to = arena_alloc(arena, quoted.len + 1);
	size_t n = 0;

	for (size_t i = 0; i < quoted.len; i++) {
		if (quoted.at[i] == '\\')
			i++;
		to[n++] = quoted.at[i];
	}
	return bytes_of(to, n);
}

static bool take_quoted(struct bytes *rest, struct arena *arena, struct bytes *string)
{
	bool has_escape = false;
	size_t at = 1;

	for (; at < rest->len && rest->at[at] != '"'; at++) {
		char octet = rest->at[at];
		if (octet == '\r' || octet == '\n')
			return false;
		if (octet != '\\')
			continue;
		has_escape = true;
		if (++at >= rest->len || (rest->at[at] != '"' && rest->at[at] != '\\'))
			return false;
	}
	if (at >= rest->len)
		return false;
	struct bytes inside = bytes_of(rest->at + 1, at - 1);
	/* NULL arena: the caller skips it. */
	*string = has_escape && arena ? unescape(inside, arena) : inside;
	*rest = bytes_skip(*rest, at + 1);
	return true;
}

static bool take_literal(struct bytes *rest, struct bytes *string)
{
	struct bytes at = *rest, digits;
	uint64_t size;

	imap_argument_octet(&at, '~');
	if (!imap_argument_octet(&at, '{') || !bytes_cut(&at, '}', &digits))
		return false;
	if (digits.len > 0 && digits.at[digits.len - 1] == '+')
		digits.len--;
	if (!bytes_to_u64(digits, INT64_MAX, &size) || !bytes_starts(at, BYTES("\r\n")))
		return false;
	at = bytes_skip(at, 2);
	if (size > at.len)
		return false;
	*string = bytes_of(at.at, (size_t)size);
	*rest = bytes_skip(at, (size_t)size);
	return true;
}

bool imap_argument_string(struct bytes *rest, struct arena *arena, struct bytes *string)
{
	if (rest->len == 0)
		return false;
	if (rest->at[0] == '"')
		return take_quoted(rest, arena, string);
	return take_literal(rest, string);
}

bool imap_argument_astring(struct bytes *rest, struct arena *arena, struct bytes *string)
{
	return take_while(rest, imap_is_astring_octet, string) || imap_argument_string(rest, arena, string);
}

bool imap_argument_pattern(struct bytes *rest, struct arena *arena, struct bytes *pattern)
{
	return take_while(rest, is_pattern_octet, pattern) || imap_argument_string(rest, arena, pattern);
}

bool imap_argument_nstring(struct bytes *rest, struct arena *arena, struct bytes *string, bool *is_nil)
{
	*is_nil = imap_argument_word(rest, "NIL");
	if (!*is_nil)
		return imap_argument_string(rest, arena, string);
	*string = bytes_of(NULL, 0);
	return true;
}

static bool is_digit(int octet)
{
	return text_is_digit(octet);
}

static bool take_number(struct bytes *rest, uint64_t max, uint64_t *number)
{
	struct bytes at = *rest, digits;

	if (!take_while(&at, is_digit, &digits) || !bytes_to_u64(digits, max, number))
		return false;
	*rest = at;
	return true;
}

bool imap_argument_number(struct bytes *rest, uint32_t *number)
{
	uint64_t value;

	if (!take_number(rest, UINT32_MAX, &value))
		return false;
	*number = (uint32_t)value;
	return true;
}

bool imap_argument_number64(struct bytes *rest, uint64_t *number)
{
	return take_number(rest, INT64_MAX, number);
}

static bool is_skipped_octet(int octet)
{
	return octet == '\\' || octet == '*' || octet == '%' || imap_is_astring_octet(octet);
}

/* BODY[HEADER.FIELDS (Date)]<0>: what is in brackets belongs to the atom. */
static bool skip_atom(struct bytes *rest)
{
	size_t n = 0;

	while (n < rest->len && is_skipped_octet((unsigned char)rest->at[n])) {
		if (rest->at[n++] != '[')
			continue;
		n += bytes_find(bytes_skip(*rest, n), ']');
		if (n == rest->len)
			return false;
	}
	*rest = bytes_skip(*rest, n);
	return n > 0;
}

bool imap_argument_skip(struct bytes *rest)
{
	struct bytes at = *rest, string;
	int depth = 0;

	for (;;) {
		if (imap_argument_octet(&at, '(')) {
			if (++depth > IMAP_NESTING_MAX)
				return false;
			continue;
		}
		if (depth > 0 && imap_argument_octet(&at, ')')) {
			depth--;
		} else if (depth > 0 && imap_argument_space(&at)) {
			continue;
		} else if (!imap_argument_string(&at, NULL, &string) && !skip_atom(&at)) {
			return false;
		}
		if (depth == 0)
			break;
	}
	*rest = at;
	return true;
}
