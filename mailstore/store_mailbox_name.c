#include "mailstore/store_mailbox_name.h"

#include "base/text.h"
#include "mailstore/mailboxes.h"

#define INBOX BYTES("INBOX")

struct bytes store_mailbox_name(struct bytes name, struct arena *arena)
{
	if (!bytes_starts_nocase(name, INBOX) || bytes_starts(name, INBOX))
		return name;
	if (name.len == INBOX.len)
		return INBOX;
	if (name.at[INBOX.len] != STORE_MAILBOX_DELIMITER)
		return name;
	return bytes_text(arena_printf(arena, "INBOX%.*s", BYTES_PRINT(bytes_skip(name, INBOX.len))));
}

bool store_mailbox_name_is_inbox(struct bytes name)
{
	return bytes_equal_nocase(name, INBOX);
}

/* C1 controls are controls too. */
static bool is_printable(struct bytes name)
{
	uint32_t code;

	for (size_t len; (len = text_utf8_decode(name, &code)) > 0; name = bytes_skip(name, len))
		if (code < 0x20 || (code >= 0x7f && code < 0xa0))
			return false;
	return name.len == 0;
}

bool store_mailbox_name_check(struct bytes name, struct error *err)
{
	size_t n_levels = 0;

	if (name.len > STORE_MAILBOX_NAME_MAX)
		return error_set(err, ERROR_SYNTAX, "a mailbox name has at most %d octets", STORE_MAILBOX_NAME_MAX);
	if (!is_printable(name))
		return error_set(err, ERROR_SYNTAX, "a mailbox name is printable UTF-8");
	if (bytes_find(name, '*') < name.len || bytes_find(name, '%') < name.len)
		return error_set(err, ERROR_SYNTAX, "a mailbox name has no * and no %%");
	for (struct bytes rest = name, level; ; n_levels++) {
		bool is_more = bytes_cut(&rest, STORE_MAILBOX_DELIMITER, &level);
		if (level.len == 0)
			return error_set(err, ERROR_SYNTAX, "a mailbox name has no empty level");
		if (!is_more)
			break;
	}
	if (n_levels >= STORE_MAILBOX_LEVELS_MAX)
		return error_set(err, ERROR_SYNTAX, "a mailbox name has at most %d levels", STORE_MAILBOX_LEVELS_MAX);
	return true;
}

bool store_mailbox_name_holds(struct bytes name, struct bytes below)
{
	return bytes_starts(below, name) && (below.len == name.len || below.at[name.len] == STORE_MAILBOX_DELIMITER);
}

bool store_mailbox_name_next_level(struct bytes name, size_t *at, struct bytes *level)
{
	size_t end = *at + bytes_find(bytes_skip(name, *at), STORE_MAILBOX_DELIMITER);

	*level = bytes_slice(name, 0, end);
	*at = end + 1;
	return end < name.len;
}
