/* What is left of a folder in the cache after it was read up to some UID; bodies that are kept. */
#include "mua/mua_cache_folder.h"

#include <stdlib.h>

#include "base/buffer.h"
#include "mua/mua_cache_body.h"
#include "tests/support/check.h"

static const struct settle_case {
	const char *name;
	uint32_t held[4], gone[4];      /* 0 ends */
	uint32_t uidnext;
	const char *left;
	uint64_t n_gone;
} cases[] = {
	{ "all are there still", { 1, 2, 3 }, { 0 }, 4, "3 2 1 ", 0 },
	{ "the first is gone", { 1, 2, 3 }, { 1 }, 4, "3 2 ", 1 },
	{ "one between is gone", { 1, 2, 3 }, { 2 }, 4, "3 1 ", 1 },
	{ "all are gone", { 1, 2, 3 }, { 1, 2, 3 }, 4, "", 3 },
	{ "what was never known is no loss", { 1, 2 }, { 2, 3, 4 }, 5, "1 ", 1 },
	{ "the highest UID", { 1, UINT32_MAX }, { UINT32_MAX }, UINT32_MAX, "1 ", 1 },
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
	struct ranges gone = { 0 };
	struct buffer left = { 0 };
	struct error err = { 0 };
	uint64_t n_gone;

	CHECK(mua_cache_folder_make(c, "INBOX", &folder, &err) && mua_cache_folder_reset(c, &folder, 7, &err));
	for (size_t i = 0; i < 4 && row->held[i] != 0; i++)
		put(c, &folder, row->held[i]);
	for (size_t i = 0; i < 4 && row->gone[i] != 0; i++)
		ranges_add(&gone, row->gone[i]);
	CHECK_ROW(mua_cache_folder_settle(c, &folder, &(struct mua_settlement){ &gone, row->uidnext, 0 }, &n_gone, &err), row->name);
	CHECK_ROW(n_gone == row->n_gone, row->name);
	list(c, &folder, &left);
	CHECK_TEXT(left.at ? left.at : "", row->left, row->name);
	CHECK_ROW(folder.uidnext == row->uidnext, row->name);
	ranges_release(&gone);
	buffer_release(&left);
}

static bool settle(struct mua_cache *c, struct mua_folder *folder, uint32_t uidnext, uint64_t modseq, struct error *err)
{
	struct ranges none = { 0 };
	uint64_t n_gone;

	return mua_cache_folder_settle(c, folder, &(struct mua_settlement){ &none, uidnext, modseq }, &n_gone, err);
}

/* Two read the folder at the same time, from the same state. */
static void check_other_process(struct mua_cache *ours, struct mua_cache *theirs)
{
	struct mua_folder folder = { 0 }, same = { 0 };
	struct error err = { 0 };

	CHECK(mua_cache_folder_make(ours, "INBOX", &folder, &err) && mua_cache_folder_reset(ours, &folder, 7, &err));
	CHECK(mua_cache_folder_make(theirs, "INBOX", &same, &err) && settle(theirs, &same, 12, 90, &err));
	CHECK_ROW(settle(ours, &folder, 5, 60, &err) && folder.uidnext == 12 && folder.modseq == 60, "the higher UIDNEXT, the lower modseq");
	CHECK_ROW(settle(theirs, &same, 12, 95, &err) && same.modseq == 60, "the lower modseq, whoever is last");
	CHECK_ROW(settle(theirs, &same, 12, 99, &err) && same.modseq == 99, "alone it rises");
	CHECK(mua_cache_folder_reset(theirs, &same, 8, &err));
	CHECK(!settle(ours, &folder, 5, 60, &err) && err.kind == ERROR_TRY_LATER);
}

static void check_bodies(struct mua_cache *c)
{
	struct mua_folder folder = { 0 };
	struct arena arena = { 0 };
	struct buffer octets = { 0 };
	struct mua_lacking *lacking;
	struct error err = { 0 };
	size_t n;

	CHECK(mua_cache_folder_make(c, "Sent", &folder, &err) && mua_cache_folder_reset(c, &folder, 7, &err));
	put(c, &folder, 1);
	put(c, &folder, 2);
	CHECK(mua_cache_body_put(c, &folder, 2, BYTES("a\0b"), &err) && mua_cache_body_put(c, &folder, 9, BYTES("x"), &err));
	CHECK(mua_cache_body_get(c, &folder, 2, &octets, &err) && bytes_equal(buffer_bytes(&octets), BYTES("a\0b")));
	CHECK_ROW(!mua_cache_body_get(c, &folder, 9, &octets, &err) && err.kind == ERROR_NOT_FOUND, "no body without its message");
	CHECK(mua_cache_body_lacking(c, &folder, 0, &arena, &lacking, &n, &err) && n == 1 && lacking[0].uid == 1);
	CHECK(mua_cache_body_lacking(c, &folder, 2, &arena, &lacking, &n, &err) && n == 0);
	put(c, &folder, 2);
	CHECK_ROW(mua_cache_body_get(c, &folder, 2, &octets, &err), "a new envelope leaves the body");
	CHECK(mua_cache_forget(c, &folder, 2, &err));
	CHECK_ROW(!mua_cache_body_get(c, &folder, 2, &octets, &err), "a body goes with its message");
	CHECK(mua_cache_folder_forget(c, "Sent", &err) && !mua_cache_folder_find(c, "Sent", &folder, &err));
	buffer_release(&octets);
	arena_reset(&arena);
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
	check_bodies(ours);
	mua_cache_close(ours);
	mua_cache_close(theirs);
	return check_finish();
}
