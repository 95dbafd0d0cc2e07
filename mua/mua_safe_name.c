#include "mua/mua_safe_name.h"

#include "base/text.h"

#define EXTENSION_MAX 20

static struct bytes last_component(struct bytes name)
{
	size_t at = name.len;

	while (at > 0 && name.at[at - 1] != '/' && name.at[at - 1] != '\\')
		at--;
	return bytes_skip(name, at);
}

/* Controls, line separators, and what is not seen or turns a line around: "gpj.exe" must not look like "exe.jpg". */
static bool is_hidden(uint32_t c)
{
	return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0xAD || c == 0x61C || (c >= 0x200B && c <= 0x200F) || (c >= 0x2028 && c <= 0x202E) ||
	       (c >= 0x2060 && c <= 0x206F) || c == 0xFEFF || (c >= 0xE0000 && c <= 0xE007F);
}

static void add_visible(struct buffer *out, struct bytes name)
{
	while (name.len > 0) {
		uint32_t code = 0;
		size_t len = text_utf8_decode(name, &code);
		if (len == 0)
			buffer_add_octet(out, '_');
		else if (!is_hidden(code))
			buffer_add(out, name.at, len);
		name = bytes_skip(name, len ? len : 1);
	}
}

static bool is_dot_or_blank(char octet)
{
	return octet == '.' || octet == ' ';
}

static struct bytes trim(struct bytes name)
{
	while (name.len > 0 && is_dot_or_blank(name.at[0]))
		name = bytes_skip(name, 1);
	while (name.len > 0 && is_dot_or_blank(name.at[name.len - 1]))
		name.len--;
	return name;
}

/* Where the extension begins; name.len when there is none. */
static size_t extension_at(struct bytes name)
{
	for (size_t at = name.len; at > 1 && name.len - at < EXTENSION_MAX; at--)
		if (name.at[at - 1] == '.')
			return at - 1;
	return name.len;
}

/* At most len octets, never half a character. */
static struct bytes cut(struct bytes text, size_t len)
{
	if (text.len <= len)
		return text;
	while (len > 0 && ((unsigned char)text.at[len] & 0xC0) == 0x80)
		len--;
	return bytes_slice(text, 0, len);
}

void mua_safe_name(struct buffer *out, struct bytes name)
{
	struct buffer visible = { 0 };
	struct bytes kept, extension;
	size_t dot;

	add_visible(&visible, last_component(name));
	kept = trim(buffer_bytes(&visible));
	if (kept.len == 0)
		kept = BYTES("attachment");
	dot = extension_at(kept);
	extension = bytes_skip(kept, dot);
	if (kept.at[0] == '-') {
		buffer_add_octet(out, '_');
		kept = bytes_skip(kept, 1);
		dot--;
	}
	buffer_add_bytes(out, cut(bytes_slice(kept, 0, dot), MUA_SAFE_NAME_MAX - 1 - extension.len));
	buffer_add_bytes(out, extension);
	buffer_release(&visible);
}

void mua_safe_name_number(struct buffer *out, struct bytes name, unsigned n)
{
	size_t dot = extension_at(name);

	buffer_add_bytes(out, bytes_slice(name, 0, dot));
	buffer_printf(out, " (%u)", n);
	buffer_add_bytes(out, bytes_skip(name, dot));
}
