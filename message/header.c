#include "message/header.h"

#include "base/text.h"

/* The line at the front, with its line end. */
static size_t line_length(struct bytes text)
{
	const char *end = text.len > 0 ? memchr(text.at, '\n', text.len) : NULL;

	return end ? (size_t)(end - text.at) + 1 : text.len;
}

static bool is_blank(char octet)
{
	return octet == ' ' || octet == '\t';
}

static bool is_empty_line(struct bytes text)
{
	return text.len > 0 && (text.at[0] == '\n' || (text.len > 1 && text.at[0] == '\r' && text.at[1] == '\n'));
}

/* Without one CRLF or LF at its end. */
static struct bytes without_line_end(struct bytes text)
{
	if (text.len > 0 && text.at[text.len - 1] == '\n')
		text.len--;
	if (text.len > 0 && text.at[text.len - 1] == '\r')
		text.len--;
	return text;
}

/* RFC 5322 2.2: printable ASCII but the colon; obsolete syntax allows white space before the colon. */
static void split_name(struct header_field *field)
{
	const char *at = field->whole.at;
	size_t len = field->whole.len, n = 0;

	while (n < len && at[n] > ' ' && at[n] < 0x7f && at[n] != ':')
		n++;
	size_t colon = n;
	while (colon < len && is_blank(at[colon]))
		colon++;
	if (n == 0 || colon == len || at[colon] != ':') {
		field->name = (struct bytes){ at, 0 };
		field->value = without_line_end(field->whole);
		return;
	}
	field->name = (struct bytes){ at, n };
	field->value = without_line_end(bytes_skip(field->whole, colon + 1));
}

bool header_next(struct bytes *rest, struct header_field *field)
{
	if (rest->len == 0 || is_empty_line(*rest))
		return false;
	size_t len = line_length(*rest);
	while (len < rest->len && is_blank(rest->at[len]))
		len += line_length(bytes_skip(*rest, len));
	field->whole = bytes_slice(*rest, 0, len);
	*rest = bytes_skip(*rest, len);
	split_name(field);
	return true;
}

bool header_find(struct bytes header, struct bytes name, struct header_field *field)
{
	while (header_next(&header, field)) {
		if (field->name.len == name.len && bytes_equal_nocase(field->name, name))
			return true;
	}
	return false;
}

size_t header_count(struct bytes header, struct bytes name)
{
	struct header_field field;
	size_t n = 0;

	while (header_next(&header, &field))
		n += field.name.len == name.len && bytes_equal_nocase(field.name, name);
	return n;
}

void header_unfold(struct bytes value, struct buffer *out)
{
	while (value.len > 0 && text_is_space(value.at[0]))
		value = bytes_skip(value, 1);
	while (value.len > 0 && text_is_space(value.at[value.len - 1]))
		value.len--;
	if (value.len == 0)
		return;
	char *to = buffer_reserve(out, value.len);
	size_t n = 0;
	for (size_t i = 0; i < value.len; i++) {
		char octet = value.at[i];
		if (octet == '\r' && i + 2 < value.len && value.at[i + 1] == '\n' && is_blank(value.at[i + 2])) {
			i++;
			continue;
		}
		if (octet == '\n' && i + 1 < value.len && is_blank(value.at[i + 1]))
			continue;
		to[n++] = octet == '\r' || octet == '\n' || octet == '\0' ? ' ' : octet;
	}
	buffer_added(out, n);
}

size_t header_length(struct bytes message)
{
	struct bytes rest = message;

	while (rest.len > 0) {
		bool empty = is_empty_line(rest);
		rest = bytes_skip(rest, line_length(rest));
		if (empty)
			break;
	}
	return message.len - rest.len;
}

bool header_next_id(struct bytes *rest, struct bytes *id)
{
	while (rest->len > 0) {
		size_t open = bytes_find(*rest, '<');
		struct bytes from = bytes_skip(*rest, open);
		size_t close = bytes_find(from, '>');
		if (close == from.len)
			break;
		struct bytes found = bytes_slice(from, 0, close + 1);
		/* "<<a@b>" and "<lost <a@b>": the last "<" opens it. */
		size_t last = found.len;
		while (found.at[last - 1] != '<')
			last--;
		found = bytes_skip(found, last - 1);
		*rest = bytes_skip(from, close + 1);
		if (found.len > 2) {
			*id = found;
			return true;
		}
	}
	*rest = (struct bytes){ 0 };
	return false;
}
