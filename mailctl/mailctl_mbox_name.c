#include "mailctl/mailctl_mbox_name.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/memory.h"

#define ROOT "INBOX"
#define SUFFIX_LEN (sizeof MAILCTL_MBOX_SUFFIX - 1)

/* A level that is "..", hidden, or the name of a file of another mailbox. */
static bool is_reserved(const char *at, const char *level)
{
	return *at == '.' && (at == level || (strcspn(at, "/") == SUFFIX_LEN && bytes_starts_nocase(bytes_text(at), BYTES(MAILCTL_MBOX_SUFFIX))));
}

char *mailctl_mbox_name(const char *folder)
{
	struct buffer name = { 0 };
	const char *level = folder;

	if (*folder == '\0')
		buffer_add_text(&name, ROOT);
	for (const char *at = folder; *at != '\0'; at++) {
		if (is_reserved(at, level) || (at == folder && strcmp(folder, ROOT) == 0))
			buffer_printf(&name, "%%%02X", (unsigned char)*at);
		else
			buffer_add_octet(&name, *at);
		if (*at == '/')
			level = at + 1;
	}
	buffer_add_text(&name, MAILCTL_MBOX_SUFFIX);
	buffer_add_octet(&name, '\0');
	return name.at;
}

char *mailctl_mbox_folder(const char *name)
{
	size_t len = strlen(name) - SUFFIX_LEN;
	char *folder = xmalloc(len + 1), *to = folder;
	unsigned octet;
	int n;

	if (len == sizeof ROOT - 1 && strncmp(name, ROOT, len) == 0)
		len = 0;
	for (const char *at = name; at < name + len;) {
		bool is_escape = sscanf(at, "%%%2x%n", &octet, &n) == 1 && n == 3 && octet > 0x20 && octet != '/';
		*to++ = is_escape ? (char)octet : *at;
		at += is_escape ? 3 : 1;
	}
	*to = '\0';
	return folder;
}
