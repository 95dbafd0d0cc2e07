#include "mua/mua_folder_change.h"

#include "base/text.h"
#include "imap/imap_mailbox_name.h"
#include "imap/imap_write.h"
#include "mua/mua_exit.h"

#define NAME_MAX_LEN 1000               /* octets */

/* UTF-8 without controls: what every client can show, and the person can type again. */
static bool is_name(struct bytes name)
{
	uint32_t code;

	if (name.len == 0 || name.len > NAME_MAX_LEN)
		return false;
	while (name.len > 0) {
		size_t len = text_utf8_decode(name, &code);
		if (len == 0 || code < 0x20 || (code >= 0x7F && code < 0xA0))
			return false;
		name = bytes_skip(name, len);
	}
	return true;
}

const char *mua_folder_wire_name(struct arena *arena, const char *name)
{
	struct buffer wire = { 0 };
	const char *kept;

	imap_mailbox_name_encode(bytes_text(name), &wire);
	kept = arena_bytes(arena, buffer_bytes(&wire)).at;
	buffer_release(&wire);
	return kept ? kept : "";
}

bool mua_folder_change(struct mua_run *run, const char *verb, const char *name, const char *other)
{
	const char *names[] = { name, other };
	struct buffer command = { 0 };
	struct arena arena = { 0 };
	bool ok = true;

	buffer_add_text(&command, verb);
	for (int i = 0; ok && i < 2 && names[i] != NULL; i++) {
		buffer_add_octet(&command, ' ');
		imap_write_astring(&command, bytes_text(mua_folder_wire_name(&arena, names[i])));
		ok = is_name(bytes_text(names[i])) || mua_run_refuse(run, MUA_EXIT_DATA, "%s: not a name for a folder", names[i]);
	}
	ok = ok && mua_run_command(run, name, buffer_bytes(&command), NULL, NULL);
	arena_reset(&arena);
	buffer_release(&command);
	return ok;
}
