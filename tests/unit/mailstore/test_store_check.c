#include "tests/unit/mailstore/fixture_requests.h"

static char found[4096];

static void on_found(void *owner, const char *text)
{
	(void)owner;
	size_t len = strlen(found);

	snprintf(found + len, sizeof found - len, "%s\n", text);
}

static int check(struct fixture *f)
{
	struct error err = { 0 };

	found[0] = '\0';
	return store_check(f->data_dir, on_found, NULL, &err);
}

/* Each damage is done, found under this word, and undone by a fresh copy of the store. */
static const struct damage {
	const char *name, *sql, *finding;
} damages[] = {
	{ "a counter that drifted", "UPDATE mailbox SET n_unseen = n_unseen + 1 WHERE mailbox_id = 1", "counts" },
	{ "a user's sum that drifted", "UPDATE user SET used_octets = used_octets + 1", "counts" },
	{ "a row without its message", "DELETE FROM message WHERE message_id = 1", "message 1 does not exist" },
	{ "a message nobody points at", "DELETE FROM qmsg", "nobody points at it" },
	{ "a missing chunk", "DELETE FROM chunk WHERE id = 2 << 12 | 1", "its chunks hold" },
	{ "a chunk of nothing", "INSERT INTO chunk(id, data) VALUES(99 << 12, x'00')", "chunks of message 99" },
	{ "a UID at UIDNEXT", "UPDATE mailbox SET uidnext = 1 WHERE mailbox_id = 1", "UIDNEXT" },
	{ "a modseq too high", "UPDATE msg SET modseq = 1000 WHERE id & 4294967295 = 1", "modseq" },
	{ "a wrong size", "UPDATE msg SET size = size + 1 WHERE id & 4294967295 = 1", "has" },
	{ "a queue count that drifted", "UPDATE qmsg SET n_left = 7", "counts 7 recipients" },
	{ "a recipient without a message", "UPDATE qrcpt SET queue_id = 5", "no message waits" },
	{ "a lease of nobody", "UPDATE qrcpt SET token = 5", "leased to nobody" },
	{ "a mailbox of nobody", "UPDATE mailbox SET user_id = 77 WHERE mailbox_id = 2", "no such user" },
	{ "a message in no mailbox", "UPDATE msg SET id = id | 999 << 32 WHERE id & 4294967295 = 1", "no such mailbox" },
	{ "both there and expunged", "INSERT INTO tomb SELECT id, 1, message_id, 1, 0, 0, 0 FROM msg", "there and expunged" },
};

static void damage_is_found(void)
{
	for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
		struct fixture f = { .options = { .ephemeral = true } };
		char name[32];
		snprintf(name, sizeof name, "damage%zu", i);
		fixture_start(&f, name);
		int64_t bob = add_user(&f, "bob@a.test");
		deliver_to(&f, 100, &bob, 1);
		deliver_to(&f, 70000, &bob, 1);
		deliver_remote(&f, "x@elsewhere.test", false, 0);
		CHECK_ROW(check(&f) == 0, damages[i].name);
		ask(&f, damages[i].sql);
		CHECK_ROW(check(&f) > 0, damages[i].name);
		CHECK_ROW(strstr(found, damages[i].finding) != NULL, damages[i].name);
		fixture_close(&f);
	}
}

static void script(struct fixture *f, const char *sql)
{
	char *path = xprintf("%s/shard0.db", f->data_dir);
	struct database *db = database_open(&(struct database_options){ .path = path, .mode = DATABASE_WRITE, .synchronous_off = true }, NULL);

	free(path);
	CHECK(db != NULL);
	database_script(db, sql);
	CHECK_ROW(!database_failed(db), database_error(db)->text);
	database_close(db);
}

/* No question of ours uses this one: SQLite itself has to be asked. */
static void an_index_that_lies_is_found(void)
{
	struct fixture f = { .options = { .ephemeral = true } };

	fixture_start(&f, "index");
	deliver_remote(&f, "x@elsewhere.test", false, 0);
	claim(&f, 1, 60);
	finish(&f, answer.items->at[0].item_id, STORE_QUEUE_RETRY, clock_now_s() + 60);
	CHECK(check(&f) == 0);
	fixture_close(&f);
	script(&f, "PRAGMA writable_schema=ON; UPDATE sqlite_schema SET sql = replace(sql, '(queue_id)', '(stage)') WHERE name = 'journal_queue'");
	script(&f, "REINDEX journal_queue; PRAGMA writable_schema=ON; UPDATE sqlite_schema SET sql = replace(sql, '(stage)', '(queue_id)') WHERE name = 'journal_queue'");
	CHECK_ROW(check(&f) > 0 && strstr(found, "journal_queue") != NULL, found);
}

static void a_missing_body_file_is_found(void)
{
	struct fixture f = { .options = { .ephemeral = true } };
	char command[700];

	fixture_start(&f, "files");
	int64_t bob = add_user(&f, "bob@a.test");
	deliver_to(&f, 2000000, &bob, 1);
	CHECK(check(&f) == 0);
	snprintf(command, sizeof command, "for i in %s/bodies/*/*; do mv $i $i.away; done", f.data_dir);
	CHECK(system(command) == 0);
	CHECK(check(&f) == 1 && strstr(found, "missing") != NULL);
	CHECK(read_octets(&f, 1, 0, 100) == ERROR_NOT_FOUND);
	snprintf(command, sizeof command, "for i in %s/bodies/*/*.away; do head -c 1000 $i > ${i%%.away}; done", f.data_dir);
	CHECK(system(command) == 0);
	CHECK(check(&f) == 1 && strstr(found, "1000 octets") != NULL);
	CHECK(read_octets(&f, 1, 500, 1000) == ERROR_CORRUPT);
	fixture_close(&f);
}

static void the_reaper_removes_files_too(void)
{
	struct fixture f = { .options = { .ephemeral = true } };
	char command[700];

	fixture_start(&f, "reaped");
	int64_t bob = add_user(&f, "bob@a.test"), inbox = inbox_of(&f, bob);
	deliver_to(&f, 2000000, &bob, 1);
	add_flags(&f, inbox, 1, 1, STORE_DELETED);
	expunge(&f, inbox);
	ask(&f, "UPDATE gc SET at = 1");
	ask(&f, "UPDATE tomb SET at = at - 3601");
	CHECK(maintain(&f) == ERROR_NONE);
	snprintf(command, sizeof command, "test $(ls %s/bodies/*/* 2>/dev/null | wc -l) = 0", f.data_dir);
	CHECK(system(command) == 0);
	CHECK(check(&f) == 0 && ask(&f, "SELECT count(*) FROM message") == 0);
	fixture_close(&f);
}

static struct { struct fixture *f; int n; int64_t busy; } walk;

static void on_size(void *owner, const char *text)
{
	(void)owner;
	if (strstr(text, "octets, its message") == NULL || walk.n++ > 0)
		return;
	ask(walk.f, "UPDATE msg SET size = 7 WHERE id & 4294967295 = 20000");
	walk.busy = ask(walk.f, "PRAGMA wal_checkpoint(TRUNCATE)");
}

static void the_walk_lets_go_between_slices(void)
{
	struct fixture f = { .options = { .ephemeral = true } };
	struct error err = { 0 };

	fixture_start(&f, "slices");
	int64_t bob = add_user(&f, "bob@a.test");
	deliver_to(&f, 100, &bob, 1);
	ask(&f, "WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) "
	        "INSERT INTO msg(id, modseq, flags, internal_date, saved_after, size, sent, message_id) "
	        "SELECT (id & ~4294967295) + i, modseq, 0, 0, 0, size, 0, message_id FROM n, (SELECT * FROM msg ORDER BY id DESC LIMIT 1)");
	ask(&f, "UPDATE msg SET size = 7 WHERE id & 4294967295 = 3");
	walk.f = &f;
	CHECK(store_check(f.data_dir, on_size, NULL, &err) > 0);
	CHECK_ROW(walk.n == 2, "what comes in front of it is seen");
	CHECK_ROW(walk.busy == 0, "whoever is told holds nobody's log");
	fixture_close(&f);
}

static void what_is_no_store_cannot_be_checked(void)
{
	struct error err = { 0 };

	CHECK(store_check("/nonexistent", on_found, NULL, &err) == -1 && err.kind == ERROR_SYSTEM);
}

int main(void)
{
	damage_is_found();
	an_index_that_lies_is_found();
	a_missing_body_file_is_found();
	the_reaper_removes_files_too();
	the_walk_lets_go_between_slices();
	what_is_no_store_cannot_be_checked();
	return check_finish();
}
