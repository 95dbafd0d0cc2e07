#include "mailstore/store_ids.h"

#include "database/database_statement.h"

#define BLOCK 256

static const struct { const char *name, *highest; } tables[] = {
	[STORE_IDS_MESSAGE] = { "message", "SELECT max(message_id) FROM message" },
	[STORE_IDS_QRCPT] = { "qrcpt", "SELECT max(item_id) FROM qrcpt" },
};

/* The rows of sqlite_sequence are SQLite's only for AUTOINCREMENT tables, which these are not. */
static int64_t noted(struct database *db, const char *name)
{
	struct database_statement *s = database_statement_begin(db, "SELECT seq FROM sqlite_sequence WHERE name = ?");

	database_statement_bind_text(s, 1, name);
	return database_statement_one(s, 0);
}

static void note(struct database *db, const char *name, int64_t highest)
{
	static const char *const literals[] = {
		"UPDATE sqlite_sequence SET seq = ?2 WHERE name = ?1", "INSERT INTO sqlite_sequence(name, seq) VALUES(?1, ?2)",
	};
	int64_t n = 0;

	/* a table that never had a row has none there */
	for (size_t i = 0; i < 2 && n == 0; i++) {
		struct database_statement *s = database_statement_begin(db, literals[i]);
		database_statement_bind_text(s, 1, name);
		database_statement_bind_int(s, 2, highest);
		n = database_statement_run(s);
	}
}

void store_ids_begin(struct store_ids *ids)
{
	for (size_t i = 0; i < STORE_IDS_TABLES; i++)
		ids->blocks[i].is_checked = false;
	ids->transaction++;
}

static void check(struct store_ids_block *block, struct database *db, enum store_ids_table table)
{
	int64_t last = noted(db, tables[table].name);

	if (block->next == block->end || last != block->end - 1) {
		/* a row that was mended may be above what a damaged note says */
		int64_t highest = database_statement_one(database_statement_begin(db, tables[table].highest), 0);
		last = highest > last ? highest : last;
		*block = (struct store_ids_block){ .next = last + 1, .end = last + 1 + BLOCK };
		note(db, tables[table].name, block->end - 1);
	}
	block->is_checked = true;
}

int64_t store_ids_take(struct store_ids *ids, struct database *db, enum store_ids_table table)
{
	struct store_ids_block *block = &ids->blocks[table];

	if (!block->is_checked || block->next == block->end)
		check(block, db, table);
	return block->next++;
}

void store_ids_forget(struct store_ids *ids)
{
	*ids = (struct store_ids){ .transaction = ids->transaction };
}
