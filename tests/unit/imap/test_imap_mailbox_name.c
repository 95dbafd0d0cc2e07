#include "imap/imap_mailbox_name.h"

#include <string.h>

#include "tests/support/check.h"

static const struct row {
	const char *claim, *utf7, *utf8;        /* utf8 NULL: refused */
} rows[] = {
	{ "ASCII is itself", "Work/2026", "Work/2026" },
	{ "an ampersand", "R&-D", "R&D" },
	{ "the example of RFC 3501", "~peter/mail/&U,BTFw-/&ZeVnLIqe-", "~peter/mail/\xe5\x8f\xb0\xe5\x8c\x97/\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e" },
	{ "umlauts", "Entw&APw-rfe", "Entw\xc3\xbcrfe" },
	{ "a surrogate pair", "&2D3eAA-", "\xf0\x9f\x98\x80" },
	{ "8-bit octets", "Entw\xc3\xbcrfe", NULL },
	{ "an open shift", "&APw", NULL },
	{ "printable ASCII in base64", "&AGEAYg-", NULL },
	{ "a lone surrogate", "&2D0-", NULL },
	{ "padding bits that are not zero", "&APx-", NULL },
	{ "standard base64", "&U/BTFw-", NULL },
	{ "two shifts in a row", "&U,BTFw-&ZeVnLIqe-", NULL },
};

static const struct match {
	const char *claim, *pattern, *name;
	bool matches;
} matches[] = {
	{ "star crosses levels", "*", "a/b", true },
	{ "percent does not", "%", "a/b", false },
	{ "percent takes one level", "%", "a", true },
	{ "percent may be empty", "a%", "a", true },
	{ "a level in the middle", "a/%/c", "a/b/c", true },
	{ "star in the middle", "a*c", "a/b/c", true },
	{ "case counts", "Work", "work", false },
	{ "INBOX has no case", "inbox", "INBOX", true },
	{ "nor has it with a wildcard", "iNb%", "INBOX", true },
	{ "nor as a level", "inbox/x", "INBOX/x", true },
	{ "INBOXes is another name", "inboxes", "INBOXes", false },
	{ "an empty pattern matches nothing", "", "a", false },
	{ "many stars are cheap", "*a*a*a*a*a*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false },
};

int main(void)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct buffer out = { 0 };
		bool ok = imap_mailbox_name_decode(bytes_text(rows[i].utf7), &out);
		CHECK_ROW(ok == (rows[i].utf8 != NULL), rows[i].claim);
		if (ok && rows[i].utf8) {
			check_expect_bytes(out.at, out.len, rows[i].utf8, strlen(rows[i].utf8), rows[i].claim, __FILE__, __LINE__);
			buffer_clear(&out);
			imap_mailbox_name_encode(bytes_text(rows[i].utf8), &out);
			check_expect_bytes(out.at, out.len, rows[i].utf7, strlen(rows[i].utf7), rows[i].claim, __FILE__, __LINE__);
		} else {
			CHECK_ROW(out.len == 0, rows[i].claim);
		}
		buffer_release(&out);
	}
	for (size_t i = 0; i < sizeof matches / sizeof *matches; i++)
		CHECK_ROW(imap_mailbox_name_match(bytes_text(matches[i].pattern), bytes_text(matches[i].name)) == matches[i].matches, matches[i].claim);
	return check_finish();
}
