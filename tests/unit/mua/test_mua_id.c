#include "mua/mua_id.h"

#include "tests/support/check.h"

static const struct id_case {
	const char *name, *text;
	bool ok;
	const char *account, *folder;
	uint32_t uidvalidity, uid;
} cases[] = {
	{ "the full form", "bob@b.test/INBOX;uidvalidity=7/3", true, "bob@b.test", "INBOX", 7, 3 },
	{ "a folder with levels", "bob@b.test/Lists/dev;uidvalidity=7/3", true, "bob@b.test", "Lists/dev", 7, 3 },
	{ "a folder with a semicolon", "b/a;b;uidvalidity=7/3", true, "b", "a;b", 7, 3 },
	{ "a bare UID", "12", true, NULL, NULL, 0, 12 },
	{ "zero is no UID", "0", false, NULL, NULL, 0, 0 },
	{ "no UIDVALIDITY", "b/INBOX/3", false, NULL, NULL, 0, 0 },
	{ "no folder", "b;uidvalidity=7/3", false, NULL, NULL, 0, 0 },
	{ "no UID", "b/INBOX;uidvalidity=7/", false, NULL, NULL, 0, 0 },
	{ "too large", "b/INBOX;uidvalidity=7/4294967296", false, NULL, NULL, 0, 0 },
	{ "empty", "", false, NULL, NULL, 0, 0 },
};

int main(void)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct id_case *c = &cases[i];
		struct arena arena = { 0 };
		struct buffer text = { 0 };
		struct mua_id id;
		CHECK_ROW(mua_id_parse(c->text, &arena, &id) == c->ok, c->name);
		if (c->ok) {
			CHECK_ROW(id.uid == c->uid && id.uidvalidity == c->uidvalidity, c->name);
			CHECK_ROW((id.folder == NULL) == (c->folder == NULL), c->name);
			if (c->folder != NULL) {
				CHECK_TEXT(id.folder, c->folder, c->name);
				CHECK_TEXT(id.account, c->account, c->name);
				mua_id_format(&text, id.account, id.folder, id.uidvalidity, id.uid);
				CHECK_TEXT(text.at, c->text, "what is printed is what is read");
			}
		}
		buffer_release(&text);
		arena_reset(&arena);
	}
	return check_finish();
}
