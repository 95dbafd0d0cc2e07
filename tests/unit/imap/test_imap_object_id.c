#include "imap/imap_object_id.h"

#include "tests/support/check.h"

static const struct row {
	const char *claim, *text;
	enum imap_object kind;
	int64_t id;
} rows[] = {
	{ "an email", "M12", IMAP_OBJECT_EMAIL, 12 },
	{ "a thread", "T1", IMAP_OBJECT_THREAD, 1 },
	{ "the largest", "F9223372036854775807", IMAP_OBJECT_MAILBOX, INT64_MAX },
	{ "too large", "F9223372036854775808", IMAP_OBJECT_MAILBOX, 0 },
	{ "another kind", "M12", IMAP_OBJECT_THREAD, 0 },
	{ "the letter alone", "M", IMAP_OBJECT_EMAIL, 0 },
	{ "nothing", "", IMAP_OBJECT_EMAIL, 0 },
	{ "a second spelling", "M012", IMAP_OBJECT_EMAIL, 0 },
	{ "another's", "M1a", IMAP_OBJECT_EMAIL, 0 },
};

int main(void)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct buffer out = { 0 };
		CHECK_ROW(imap_object_id_parse(bytes_text(rows[i].text), rows[i].kind) == rows[i].id, rows[i].claim);
		imap_object_id_format(&out, rows[i].kind, rows[i].id);
		struct bytes text = rows[i].id ? bytes_slice(buffer_bytes(&out), 1, out.len - 1) : BYTES("NIL");
		CHECK_ROW(bytes_equal(text, rows[i].id ? bytes_text(rows[i].text) : buffer_bytes(&out)), rows[i].claim);
		buffer_release(&out);
	}
	return check_finish();
}
