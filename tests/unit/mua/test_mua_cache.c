/* What is left of a folder in the cache after it was read up to some UID. */
#include "mua/mua_cache.h"

#include <stdlib.h>

#include "base/buffer.h"
#include "tests/support/check.h"

static const struct settle_case {
	const char *name;
	uint32_t held[4], seen[4];      /* 0 ends */
	uint32_t uidnext;
	const char *left;
} cases[] = {
	{ "all are there still", { 1, 2, 3 }, { 1, 2, 3 }, 4, "3 2 1 " },
	{ "the first is gone", { 1, 2, 3 }, { 2, 3 }, 4, "3 2 " },
	{ "one between is gone", { 1, 2, 3 }, { 1, 3 }, 4, "3 1 " },
	{ "the last is gone", { 1, 2, 3 }, { 1, 2 }, 4, "2 1 " },
	{ "all are gone", { 1, 2, 3 }, { 0 }, 4, "" },
	{ "what another process knows beyond stays", { 1, 2, 9 }, { 1 }, 4, "9 1 " },
	{ "the highest UID", { 1, UINT32_MAX }, { UINT32_MAX }, UINT32_MAX, "4294967295 " },
};

static void put(struct mua_cache *c, const struct mua_folder *folder, uint32_t uid)
{
	struct error err = { 0 };
	struct mua_message m = { .uid = uid, .keywords = "", .received_s = uid, .from_name = "", .from_address = "", .to = "",
	                         .subject = "", .message_id = "", .in_reply_to = "" };

	CHECK(mua_cache_put(c, folder, &m, &err));
}

static void list(struct mua_cache *c, const struct mua_folder *folder, struct buffer *out)
{
	struct arena arena = { 0 };
	struct mua_message *rows;
	struct error err = { 0 };
	size_t n;

	CHECK(mua_cache_load(c, folder, 0, &arena, &rows, &n, &err));
	for (size_t i = 0; i < n; i++)
		buffer_printf(out, "%u ", rows[i].uid);
	arena_reset(&arena);
}

static void check_case(struct mua_cache *c, const struct settle_case *row)
{
	struct mua_folder folder = { 0 };
	struct ranges seen = { 0 };
	struct buffer left = { 0 };
	struct error err = { 0 };

	CHECK(mua_cache_folder(c, "INBOX", &folder, &err) && mua_cache_reset_folder(c, &folder, 7, &err));
	for (size_t i = 0; i < 4 && row->held[i] != 0; i++)
		put(c, &folder, row->held[i]);
	for (size_t i = 0; i < 4 && row->seen[i] != 0; i++)
		ranges_add(&seen, row->seen[i]);
	CHECK_ROW(mua_cache_settle_folder(c, &folder, &seen, row->uidnext, &err), row->name);
	list(c, &folder, &left);
	CHECK_TEXT(left.at ? left.at : "", row->left, row->name);
	CHECK_ROW(folder.uidnext == row->uidnext, row->name);
	ranges_release(&seen);
	buffer_release(&left);
}

static void check_other_process(struct mua_cache *ours, struct mua_cache *theirs)
{
	struct mua_folder folder = { 0 }, same = { 0 };
	struct ranges none = { 0 };
	struct error err = { 0 };

	CHECK(mua_cache_folder(ours, "INBOX", &folder, &err) && mua_cache_reset_folder(ours, &folder, 7, &err));
	CHECK(mua_cache_folder(theirs, "INBOX", &same, &err) && mua_cache_settle_folder(theirs, &same, &none, 12, &err));
	CHECK(mua_cache_settle_folder(ours, &folder, &none, 5, &err) && folder.uidnext == 12);
	CHECK(mua_cache_reset_folder(theirs, &same, 8, &err));
	CHECK(!mua_cache_settle_folder(ours, &folder, &none, 5, &err) && err.kind == ERROR_TRY_LATER);
}

int main(void)
{
	struct error err = { 0 };

	CHECK(setenv("XDG_CACHE_HOME", check_folder(), 1) == 0);
	struct mua_cache *ours = mua_cache_open("a/../b", &err), *theirs = mua_cache_open("a/../b", &err);
	CHECK(ours != NULL && theirs != NULL);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		check_case(ours, &cases[i]);
	check_other_process(ours, theirs);
	mua_cache_close(ours);
	mua_cache_close(theirs);
	return check_finish();
}
