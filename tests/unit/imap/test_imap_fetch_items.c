#include "imap/imap_fetch_items.h"

#include <string.h>

#include "base/buffer.h"
#include "tests/support/check.h"

static const struct row {
	const char *claim, *text, *labels;      /* labels with a space between; NULL: refused */
	bool is_peek;                           /* of the first item */
} rows[] = {
	{ "one item", "FLAGS", "FLAGS", false },
	{ "a list, any case", "(uid Flags rfc822.size)", "UID FLAGS RFC822.SIZE", false },
	{ "FAST", "FAST", "FLAGS INTERNALDATE RFC822.SIZE", false },
	{ "ALL", "all", "FLAGS INTERNALDATE RFC822.SIZE ENVELOPE", false },
	{ "FULL", "FULL", "FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODY", false },
	{ "macros stand alone", "(ALL)", NULL, false },
	{ "an empty list is refused", "()", NULL, false },
	{ "an unknown item is refused", "FROB", NULL, false },
	{ "the whole message", "BODY[]", "BODY[]", false },
	{ "BODY without a section is the structure", "(BODY BODYSTRUCTURE)", "BODY BODYSTRUCTURE", false },
	{ "a peek is answered as BODY", "BODY.PEEK[]", "BODY[]", true },
	{ "BODY.PEEK wants a section", "BODY.PEEK", NULL, false },
	{ "the header", "body[header]", "BODY[HEADER]", false },
	{ "the text", "BODY[TEXT]", "BODY[TEXT]", false },
	{ "some fields", "BODY.PEEK[HEADER.FIELDS (From \"X Y\" to)]", "BODY[HEADER.FIELDS (From \"X Y\" to)]", true },
	{ "all but some fields", "BODY[HEADER.FIELDS.NOT (a)]", "BODY[HEADER.FIELDS.NOT (a)]", false },
	{ "no fields are refused", "BODY[HEADER.FIELDS ()]", NULL, false },
	{ "a part", "BODY[1.2.3]", "BODY[1.2.3]", false },
	{ "a part's MIME header", "BODY[2.MIME]", "BODY[2.MIME]", false },
	{ "an enclosed message's header", "BODY[2.HEADER]", "BODY[2.HEADER]", false },
	{ "fields of an enclosed message", "BODY[2.1.HEADER.FIELDS (A)]", "BODY[2.1.HEADER.FIELDS (A)]", false },
	{ "MIME wants a part", "BODY[MIME]", NULL, false },
	{ "part numbers begin at one", "BODY[0]", NULL, false },
	{ "a dot must be followed", "BODY[1.]", NULL, false },
	{ "a partial answers with its start", "BODY[]<10.20>", "BODY[]<10>", false },
	{ "a partial of nothing is refused", "BODY[]<0.0>", NULL, false },
	{ "a partial wants a length", "BODY[]<0>", NULL, false },
	{ "RFC822 forms", "(RFC822 RFC822.HEADER RFC822.TEXT)", "RFC822 RFC822.HEADER RFC822.TEXT", false },
	{ "RFC822.HEADER reads without marking", "RFC822.HEADER", "RFC822.HEADER", true },
	{ "an open list is refused", "(FLAGS", NULL, false },
};

int main(void)
{
	struct arena arena = { 0 };

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct bytes rest = bytes_text(rows[i].text);
		struct imap_fetch_items items;
		struct buffer out = { 0 };
		bool ok = imap_fetch_items_parse(&rest, &arena, &items);
		CHECK_ROW(ok == (rows[i].labels != NULL), rows[i].claim);
		for (size_t n = 0; ok && n < items.n; n++) {
			if (n > 0)
				buffer_add_octet(&out, ' ');
			buffer_add_bytes(&out, items.at[n].label);
		}
		if (ok && rows[i].labels) {
			CHECK_ROW(rest.len == 0, rows[i].claim);
			CHECK_ROW(items.at[0].section.is_peek == rows[i].is_peek, rows[i].claim);
			check_expect_bytes(out.at, out.len, rows[i].labels, strlen(rows[i].labels), rows[i].claim, __FILE__, __LINE__);
		}
		buffer_release(&out);
	}
	arena_reset(&arena);
	return check_finish();
}
