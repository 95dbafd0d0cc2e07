#include "mailstore/store_address.h"

#include "base/text.h"

static bool is_plain(struct bytes text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.at[i] <= ' ' || text.at[i] == 0x7f)
			return false;
	return text_is_utf8(text);
}

static bool is_dot_string(struct bytes local)
{
	static const char specials[] = "()<>[]:;@\\,\"";

	for (size_t i = 0; i < local.len; i++)
		if (strchr(specials, local.at[i]) != NULL)
			return false;
	return local.len > 0 && is_plain(local) && local.at[0] != '.' && local.at[local.len - 1] != '.';
}

/* RFC 5321 4.1.2: printable, each inner quote and backslash behind a backslash. */
static bool is_quoted_string(struct bytes local)
{
	size_t i = 1;

	for (; i + 1 < local.len && local.at[i] != '"'; i++) {
		i += local.at[i] == '\\';
		if ((unsigned char)local.at[i] < ' ' || local.at[i] == 0x7f)
			return false;
	}
	return i + 1 == local.len && local.at[i] == '"' && text_is_utf8(local);
}

/* "bob"@a.test is bob@a.test: RFC 5321 4.1.2. */
static struct bytes unquote(struct bytes local)
{
	if (local.len > 2 && local.at[0] == '"' && local.at[local.len - 1] == '"') {
		struct bytes inner = bytes_slice(local, 1, local.len - 1);
		if (is_dot_string(inner))
			return inner;
	}
	return local;
}

static struct store_address join(struct bytes local, struct bytes domain, struct arena *arena)
{
	char *text = arena_printf(arena, "%.*s@%.*s", BYTES_PRINT(local), BYTES_PRINT(domain));
	struct bytes all = bytes_text(text);

	text_lower_bytes(text, all.len);
	return (struct store_address){
		.all = all, .local = bytes_slice(all, 0, local.len), .domain = bytes_skip(all, local.len + 1),
	};
}

bool store_address_parse(struct bytes text, struct arena *arena, struct store_address *address)
{
	size_t at = text.len;

	while (at > 0 && text.at[at - 1] != '@')
		at--;
	if (at < 2 || at == text.len || text.len > STORE_ADDRESS_MAX)
		return false;
	struct bytes local = unquote(bytes_slice(text, 0, at - 1)), domain = bytes_skip(text, at);
	if (memchr(local.at, '\0', local.len) != NULL || !is_plain(domain))
		return false;
	if (local.at[0] == '"' ? !is_quoted_string(local) : !is_plain(local))
		return false;
	*address = join(local, domain, arena);
	return true;
}

bool store_address_check(const struct store_address *address, struct error *err)
{
	static const char specials[] = "()<>[]:;@,\\\"";
	bool is_one = true;

	for (size_t i = 0; i < address->domain.len; i++)
		is_one = is_one && strchr(specials, address->domain.at[i]) == NULL;
	for (size_t i = 0; i < address->local.len && address->local.at[0] != '"'; i++)
		is_one = is_one && strchr(specials, address->local.at[i]) == NULL;
	if (!is_one)
		return error_set(err, ERROR_SYNTAX, "%s is not an address local@domain", address->all.at);
	return text_is_ascii(address->all) ||
	       error_set(err, ERROR_SYNTAX, "%s cannot be written to: an address has ASCII only, a domain of another script its xn-- form", address->all.at);
}

bool store_address_without_tag(const struct store_address *address, struct arena *arena, struct store_address *plain)
{
	size_t at = bytes_find(address->local, '+');

	if (at == address->local.len || at == 0)
		return false;
	*plain = join(bytes_slice(address->local, 0, at), address->domain, arena);
	return true;
}

bool store_address_is_role(const struct store_address *address)
{
	return bytes_equal(address->local, BYTES("postmaster")) || bytes_equal(address->local, BYTES("abuse"));
}
