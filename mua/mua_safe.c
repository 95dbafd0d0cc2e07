#include "mua/mua_safe.h"

#include <stdbool.h>
#include <utf8proc.h>

#include "base/text.h"

static bool is_between(uint32_t code, uint32_t first, uint32_t last)
{
	return code >= first && code <= last;
}

/* Changes the order or the look of its neighbours, or cannot be seen. */
static bool is_deceptive(uint32_t code)
{
	return is_between(code, 0x202A, 0x202E) || is_between(code, 0x2066, 0x2069) || is_between(code, 0x200B, 0x200F) ||
	       code == 0x061C || code == 0xFEFF || code == 0x00AD || code == 0x2060 || is_between(code, 0x2028, 0x2029) ||
	       is_between(code, 0xE0000, 0xE007F) || code == 0x180E;
}

static bool is_emoji(uint32_t code)
{
	return is_between(code, 0x1F000, 0x1FAFF) || is_between(code, 0x2600, 0x27BF) || code == 0xFE0F;
}

static void add_mark(struct buffer *out, uint32_t code)
{
	if (code < 0x20)
		text_utf8_add(out, 0x2400 + code);      /* ␀ … ␟ */
	else if (code == 0x7F)
		text_utf8_add(out, 0x2421);
	else if (code < 0x100)
		buffer_printf(out, "\\x%02x", (unsigned)code);
	else
		buffer_printf(out, "\\u{%x}", (unsigned)code);
}

/* Append one character made safe; returns the octets it took. */
static size_t add_one(struct buffer *out, struct bytes text, uint32_t *before, bool is_multiline)
{
	uint32_t code;
	size_t len = text_utf8_decode(text, &code);

	if (len == 0) {
		buffer_printf(out, "\\x%02x", (unsigned)(unsigned char)text.at[0]);
		*before = 0;
		return 1;
	}
	if (is_multiline && code == '\r' && text.len > 1 && text.at[1] == '\n')
		return len;
	bool joins_emoji = code == 0x200D && is_emoji(*before);
	if ((is_multiline && (code == '\n' || code == '\t')) || joins_emoji)
		buffer_add(out, text.at, len);
	else if (code < 0x20 || is_between(code, 0x7F, 0x9F) || is_deceptive(code))
		add_mark(out, code);
	else
		buffer_add(out, text.at, len);
	*before = code;
	return len;
}

static void add_all(struct buffer *out, struct bytes text, bool is_multiline)
{
	uint32_t before = 0;

	while (text.len > 0)
		text = bytes_skip(text, add_one(out, text, &before, is_multiline));
}

void mua_safe_line(struct buffer *out, struct bytes text)
{
	add_all(out, text, false);
}

void mua_safe_text(struct buffer *out, struct bytes text)
{
	add_all(out, text, true);
}

void mua_safe_column(struct buffer *out, struct bytes text, size_t columns)
{
	struct buffer safe = { 0 };
	size_t used = 0, len;
	uint32_t code;

	mua_safe_line(&safe, text);
	for (struct bytes rest = buffer_bytes(&safe); rest.len > 0; rest = bytes_skip(rest, len)) {
		len = text_utf8_decode(rest, &code);
		int width = utf8proc_charwidth((utf8proc_int32_t)code);
		if (used + (size_t)width > columns)
			break;
		buffer_add(out, rest.at, len);
		used += (size_t)width;
	}
	while (used++ < columns)
		buffer_add_octet(out, ' ');
	buffer_release(&safe);
}
