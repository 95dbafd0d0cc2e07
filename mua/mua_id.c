#include "mua/mua_id.h"

static bool number(struct bytes text, uint32_t *value)
{
	uint64_t n;

	if (!bytes_to_u64(text, UINT32_MAX, &n) || n == 0)
		return false;
	*value = (uint32_t)n;
	return true;
}

static size_t find_last(struct bytes text, char octet)
{
	for (size_t i = text.len; i > 0; i--)
		if (text.at[i - 1] == octet)
			return i - 1;
	return text.len;
}

bool mua_id_parse(const char *text, struct arena *arena, struct mua_id *id)
{
	struct bytes rest = bytes_text(text), account;
	size_t slash = find_last(rest, '/'), mark;

	*id = (struct mua_id){ 0 };
	if (number(rest, &id->uid))
		return true;
	if (slash == rest.len || !number(bytes_skip(rest, slash + 1), &id->uid))
		return false;
	rest = bytes_slice(rest, 0, slash);
	mark = bytes_find_bytes(rest, BYTES(";uidvalidity="));
	if (mark == rest.len || !number(bytes_skip(rest, mark + 13), &id->uidvalidity))
		return false;
	rest = bytes_slice(rest, 0, mark);
	if (!bytes_cut(&rest, '/', &account) || account.len == 0 || rest.len == 0)
		return false;
	id->account = arena_bytes(arena, account).at;
	id->folder = arena_bytes(arena, rest).at;
	return true;
}

void mua_id_format(struct buffer *out, const char *account, const char *folder, uint32_t uidvalidity, uint32_t uid)
{
	buffer_printf(out, "%s/%s;uidvalidity=%u/%u", account, folder, uidvalidity, uid);
}
