#include "mailstore/store_ids.h"

#include <stdio.h>
#include <string.h>

#include "database/database_statement.h"
#include "database/database_transaction.h"
#include "tests/support/check.h"

struct process {
	struct database *db;
	struct store_ids ids;
};

static void start(struct process *p, const char *name)
{
	char path[300];
	struct error err = { 0 };

	snprintf(path, sizeof path, "%s/%s", check_folder(), name);
	*p = (struct process){ .db = database_open(&(struct database_options){ .path = path, .mode = DATABASE_CREATE, .busy_ms = 1000 }, &err) };
	CHECK_ROW(p->db != NULL, err.text);
	database_script(p->db, "CREATE TABLE IF NOT EXISTS message(message_id INTEGER PRIMARY KEY); CREATE TABLE IF NOT EXISTS qrcpt(item_id INTEGER PRIMARY KEY);"
	                       "CREATE TABLE IF NOT EXISTS user(user_id INTEGER PRIMARY KEY AUTOINCREMENT)");
}

static int64_t insert(struct process *p)
{
	int64_t id = store_ids_take(&p->ids, p->db, STORE_IDS_MESSAGE);
	struct database_statement *s = database_statement_begin(p->db, "INSERT INTO message(message_id) VALUES(?)");

	database_statement_bind_int(s, 1, id);
	database_statement_run(s);
	return id;
}

/* Two processes write n rows a transaction.  A capital's transaction is rolled back.  Ids of all that stay rise. */
static const struct { const char *claim, *turns; unsigned n; } rows[] = {
	{ "one process", "aaaaaaaa", 100 },
	{ "in turn", "abababab", 3 },
	{ "in turn, more than a block", "abab", 700 },
	{ "a rollback", "aaAaaAa", 3 },
	{ "the first is rolled back", "Aaa", 3 },
	{ "another took the block of a transaction rolled back", "AbababAbBa", 3 },
	{ "the same, all of it used up", "AbAbAbBa", 256 },
	{ "the same, more than a block", "aAbabBaAba", 300 },
};

static void ids_rise(const char *claim, const char *turns, unsigned n)
{
	struct process a, b;
	int64_t last = 0;

	start(&a, claim);
	start(&b, claim);
	for (; *turns != '\0'; turns++) {
		struct process *p = *turns == 'a' || *turns == 'A' ? &a : &b;
		bool stays = *turns == 'a' || *turns == 'b';
		database_begin_write(p->db);
		store_ids_begin(&p->ids);
		for (unsigned i = 0; i < n; i++) {
			int64_t id = insert(p);
			CHECK_ROW(!stays || id > last, claim);
			last = stays ? id : last;
		}
		if (stays) {
			CHECK_ROW(database_commit(p->db), claim);
			continue;
		}
		database_rollback(p->db);
		store_ids_forget(&p->ids);
	}
	database_close(a.db);
	database_close(b.db);
}

static void a_part_that_is_undone_takes_its_block_along(void)
{
	struct process a, b;

	start(&a, "part");
	start(&b, "part");
	database_begin_write(a.db);
	store_ids_begin(&a.ids);
	database_part_begin(a.db);
	for (int i = 0; i < 300; i++)
		insert(&a);
	CHECK(database_part_undo(a.db));
	int64_t last = insert(&a);
	CHECK(database_commit(a.db));
	for (int i = 0; i < 6; i++) {
		struct process *p = i % 2 == 0 ? &b : &a;
		store_ids_begin(&p->ids);
		int64_t id = insert(p);
		CHECK(id > last);
		last = id;
	}
	CHECK(!database_failed(a.db) && !database_failed(b.db));
	database_close(a.db);
	database_close(b.db);
}

static int64_t highest(struct process *p)
{
	return database_statement_one(database_statement_begin(p->db, "SELECT seq FROM sqlite_sequence WHERE name = 'message'"), 0);
}

static void an_id_is_not_used_again(void)
{
	struct process p;

	start(&p, "again");
	insert(&p);
	int64_t last = insert(&p), kept = highest(&p);
	CHECK_ROW(insert(&p) == last + 1 && highest(&p) == kept, "the highest is not written with each");
	database_script(p.db, "DELETE FROM message");
	CHECK(insert(&p) == last + 2);
	database_script(p.db, "DELETE FROM message");
	store_ids_forget(&p.ids);
	int64_t fresh = insert(&p);
	CHECK_ROW(fresh > last + 2, "nor by a process that began later");
	database_script(p.db, "DELETE FROM sqlite_sequence; INSERT INTO message(message_id) VALUES(100000)");
	store_ids_begin(&p.ids);
	CHECK_ROW(insert(&p) == 100001, "nor the ids of rows that are there, when the note was lost");
	CHECK_ROW(store_ids_take(&p.ids, p.db, STORE_IDS_QRCPT) == 1, "tables count on their own");
	database_close(p.db);
}

int main(void)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		ids_rise(rows[i].claim, rows[i].turns, rows[i].n);
	a_part_that_is_undone_takes_its_block_along();
	an_id_is_not_used_again();
	return check_finish();
}
