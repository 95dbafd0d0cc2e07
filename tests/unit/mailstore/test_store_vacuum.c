#include "tests/unit/mailstore/fixture_requests.h"

#define KEPT_PAGES 4096                 /* free ones that the file keeps for what comes */

static void free_pages_are_given_back(void)
{
	struct fixture f = { .options = { .ephemeral = true } };

	fixture_start(&f, "vacuum");
	ask(&f, "WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n WHERE i < 400) INSERT INTO chunk(id, data) SELECT 1000000 << 12 | i, zeroblob(65536) FROM n");
	ask(&f, "DELETE FROM chunk");
	int64_t n_pages = ask(&f, "PRAGMA page_count"), n_free = ask(&f, "PRAGMA freelist_count");
	CHECK(n_free > KEPT_PAGES + 1000);
	CHECK(maintain(&f) == ERROR_NONE);
	int64_t n_given = n_free - ask(&f, "PRAGMA freelist_count");
	CHECK_ROW(n_given > 0 && n_given < 1000, "a part each time");
	for (int i = 0; i < 100 && ask(&f, "PRAGMA freelist_count") > KEPT_PAGES; i++)
		maintain(&f);
	CHECK_ROW(ask(&f, "PRAGMA freelist_count") <= KEPT_PAGES && ask(&f, "PRAGMA freelist_count") > 0, "but for some");
	CHECK(ask(&f, "PRAGMA page_count") <= n_pages - 1000 && findings(&f) == 0);
	fixture_close(&f);
}

int main(void)
{
	free_pages_are_given_back();
	return check_finish();
}
