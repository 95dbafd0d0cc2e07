#include "imapd/imapd_special_use.h"

#include "mailstore/mailboxes.h"

static const struct {
	unsigned use;
	const char *attribute;
} uses[] = {
	{ STORE_USE_DRAFTS, "\\Drafts" }, { STORE_USE_SENT, "\\Sent" }, { STORE_USE_ARCHIVE, "\\Archive" },
	{ STORE_USE_JUNK, "\\Junk" }, { STORE_USE_TRASH, "\\Trash" },
};

void imapd_special_use_write(struct buffer *out, unsigned which)
{
	for (size_t i = 0; i < sizeof uses / sizeof *uses; i++)
		if (which & uses[i].use)
			buffer_printf(out, " %s", uses[i].attribute);
}

unsigned imapd_special_use_find(struct bytes attribute)
{
	for (size_t i = 0; i < sizeof uses / sizeof *uses; i++)
		if (bytes_equal_nocase(attribute, bytes_text(uses[i].attribute)))
			return uses[i].use;
	return 0;
}
