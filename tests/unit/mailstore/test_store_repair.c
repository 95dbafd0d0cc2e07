#include "tests/unit/mailstore/fixture_turn.h"

#include <pthread.h>

#include "mailstore/backup.h"
#include "mailstore/store_open.h"
#include "tests/unit/mailstore/fixture_clock.h"

static char told[8000];

static void on_told(void *owner, const char *finding, const char *done)
{
	(void)owner;
	size_t len = strlen(told);

	snprintf(told + len, sizeof told - len, "%s => %s\n", finding, done != NULL ? done : "NOT REPAIRED");
}

static void no_finding(void *owner, const char *text)
{
	(void)owner, (void)text;
}

static bool repair(struct fixture *f)
{
	struct error err = { 0 };

	told[0] = '\0';
	bool ok = store_repair(f->data_dir, on_told, NULL, &err);
	if (!ok)
		fprintf(stderr, "  store_repair: %s\n", err.text);
	return ok;
}

static int count_findings(struct fixture *f)
{
	struct error err = { 0 };

	return store_check(f->data_dir, no_finding, NULL, &err);
}

/*
 * Messages 1 (bob, 100 octets), 2 (bob, 70,000), 3 (queue), 4 (bob, 1,500,000: a file).  Each damage is repaired while the store is open; what
 * was done says this; and this question is answered with 1 afterwards.
 */
static const struct damage {
	const char *name, *sql[2], *done, *question;
} damages[] = {
	{ "a sound store", { "SELECT 1" }, "", "SELECT count(*) = 3 FROM msg" },
	{ "a counter that drifted", { "UPDATE mailbox SET n_unseen = n_unseen + 1, n_octets = 5 WHERE mailbox_id = 1" }, "recounted",
	  "SELECT n_unseen = 3 AND n_octets = 1570100 FROM mailbox WHERE mailbox_id = 1" },
	{ "a user's sum that drifted", { "UPDATE user SET used_octets = used_octets + 1" }, "recounted", "SELECT used_octets = 1570100 FROM user" },
	{ "a row without its message, whose octets are there", { "DELETE FROM message WHERE message_id = 2" }, "read again",
	  "SELECT size = 70000 FROM message WHERE message_id = 2" },
	{ "a row without its message", { "DELETE FROM message WHERE message_id = 2", "DELETE FROM chunk WHERE id >> 12 = 2" },
	  "UID 2 of INBOX of bob@a.test", "SELECT count(*) = 1 FROM tomb WHERE message_id = 2" },
	{ "a body that is gone", { "DELETE FROM chunk WHERE id >> 12 = 2" }, "nothing of it is left", "SELECT count(*) = 2 FROM msg" },
	{ "a chunk that is gone", { "DELETE FROM chunk WHERE id = 2 << 12" }, "stand where octets are lost",
	  "SELECT length(data) = 65536 AND instr(data, 'was lost') > 0 FROM chunk WHERE id = 2 << 12" },
	{ "a chunk too short", { "UPDATE chunk SET data = substr(data, 1, 1000) WHERE id = 2 << 12 | 1" }, "stand where octets are lost",
	  "SELECT length(data) = 4464 AND instr(data, 'was lost') = 1027 FROM chunk WHERE id = 2 << 12 | 1" },
	{ "a damaged body in the queue", { "UPDATE chunk SET data = substr(data, 1, 50) WHERE id = 3 << 12" }, "stand where octets are lost",
	  "SELECT hold = 1 FROM qrcpt" },
	{ "a body of the queue that is gone", { "DELETE FROM message WHERE message_id = 3", "DELETE FROM chunk WHERE id >> 12 = 3" }, "removed",
	  "SELECT (SELECT count(*) FROM qmsg) + (SELECT count(*) FROM qrcpt) = 0" },
	{ "a message nobody points at", { "DELETE FROM qmsg" }, "kept in the INBOX of recovered@",
	  "SELECT count(*) = 1 FROM msg g JOIN mailbox b ON b.mailbox_id = g.id >> 32 JOIN user u USING (user_id) WHERE g.message_id = 3 AND u.name = 'recovered@a.test'" },
	{ "chunks of nothing", { "INSERT INTO chunk(id, data) VALUES(99 << 12, x'413A20620D0A0D0A')" }, "kept in the INBOX of recovered@",
	  "SELECT header_len = 8 FROM message WHERE message_id = 99" },
	{ "a UID at UIDNEXT", { "UPDATE mailbox SET uidnext = 1 WHERE mailbox_id = 1" }, "raised", "SELECT uidnext = 4 FROM mailbox WHERE mailbox_id = 1" },
	{ "a modseq too high", { "UPDATE msg SET modseq = 1000 WHERE id & 4294967295 = 1" }, "raised", "SELECT modseq = 1000 FROM mailbox WHERE mailbox_id = 1" },
	{ "a wrong size", { "UPDATE msg SET size = size + 1 WHERE id & 4294967295 = 1" }, "size corrected", "SELECT size = 100 FROM msg WHERE id & 4294967295 = 1" },
	{ "a queue count that drifted", { "UPDATE qmsg SET n_left = 7" }, "recounted", "SELECT n_left = 1 FROM qmsg" },
	{ "a queue without recipients", { "DELETE FROM qrcpt" }, "recounted", "SELECT count(*) = 0 FROM qmsg" },
	{ "a recipient without a message", { "INSERT INTO qrcpt(item_id, queue_id, recipient, next_at) VALUES(100000, 5, 'y@b.test', 0)" }, "y@b.test", "SELECT count(*) = 1 FROM qrcpt" },
	{ "a lease of nobody", { "UPDATE qrcpt SET token = 5" }, "due again", "SELECT token = 0 FROM qrcpt" },
	{ "a mailbox of nobody", { "UPDATE mailbox SET user_id = 77 WHERE mailbox_id = 1" }, "kept in a mailbox of recovered@",
	  "SELECT n_messages = 3 FROM mailbox WHERE name = 'Recovered 77/INBOX'" },
	{ "messages in no mailbox", { "UPDATE msg SET id = id | (999 << 32)" }, "kept in a mailbox of recovered@",
	  "SELECT n_messages = 3 AND uidnext = 4 FROM mailbox WHERE name LIKE 'Recovered mailbox %'" },
	{ "both there and expunged", { "INSERT INTO tomb SELECT id, 1, message_id, 1, 0, 0, 0 FROM msg" }, "it is there", "SELECT count(*) = 0 FROM tomb" },
	{ "a past name of nobody", { "INSERT INTO past_name VALUES(77, 'old', 9)" }, "removed", "SELECT count(*) = 0 FROM past_name" },
	{ "a send counter of nobody", { "INSERT INTO send_count VALUES(77, 20000, 1, 1)" }, "removed", "SELECT count(*) = 0 FROM send_count" },
	{ "a keyword of no mailbox", { "INSERT INTO keyword VALUES(88, 9, 'x')" }, "removed", "SELECT count(*) = 0 FROM keyword" },
	{ "no INBOX", { "UPDATE mailbox SET name = 'elsewhere' WHERE name = 'INBOX'" }, "INBOX made", "SELECT count(*) = 1 FROM mailbox WHERE name = 'INBOX'" },
};

static void start(struct fixture *f, const char *name)
{
	*f = (struct fixture){ .options = { .ephemeral = true } };
	fixture_start(f, name);
	int64_t bob = add_user(f, "bob@a.test");
	deliver_to(f, 100, &bob, 1);
	deliver_to(f, 70000, &bob, 1);
	deliver_remote(f, "x@elsewhere.test", false, 0);
	deliver_to(f, 1500000, &bob, 1);
}

static bool backup(struct fixture *f, char path[600])
{
	struct store_backup_options options = { .data_dir = f->data_dir, .path = path, .is_folder = true };
	struct store_backup_result result;
	struct error err = { 0 };

	snprintf(path, 600, "%s.backup", f->data_dir);
	bool ok = store_backup(&options, &result, &err);
	if (!ok)
		fprintf(stderr, "  store_backup: %s\n", err.text);
	return ok;
}

/* A folder that was backed up to while the damage was there. */
static bool next_backup_is_sound(struct fixture *f)
{
	struct fixture copy = { 0 };
	struct store_backup_result result;
	char path[600];

	snprintf(copy.data_dir, sizeof copy.data_dir, "%.500s.copy", f->data_dir);
	struct store_backup_options options = { .data_dir = copy.data_dir, .path = path, .is_folder = true };
	return backup(f, path) && store_restore(&options, &result, NULL) && count_findings(&copy) == 0;
}

static void damage_is_repaired(void)
{
	for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
		struct fixture f;
		char name[32], path[600];
		snprintf(name, sizeof name, "damage%zu", i);
		start(&f, name);
		for (int k = 0; k < 2 && damages[i].sql[k] != NULL; k++)
			ask(&f, damages[i].sql[k]);
		CHECK_ROW(i == 0 || count_findings(&f) > 0, damages[i].name);
		CHECK_ROW(backup(&f, path), damages[i].name);
		CHECK_ROW(repair(&f), damages[i].name);
		CHECK_ROW(strstr(told, damages[i].done) != NULL && strstr(told, "NOT REPAIRED") == NULL, damages[i].name);
		if (strstr(told, damages[i].done) == NULL)
			fprintf(stderr, "%s", told);
		CHECK_ROW(findings(&f) == 0, damages[i].name);
		CHECK_ROW(ask(&f, damages[i].question) == 1, damages[i].name);
		CHECK_ROW(next_backup_is_sound(&f), damages[i].name);
		CHECK_ROW(repair(&f) && told[0] == '\0', "a second time there is nothing to do");
		int64_t bob = 1;
		CHECK_ROW(deliver_to(&f, 100, &bob, 1) == ERROR_NONE && findings(&f) == 0, damages[i].name);
		fixture_close(&f);
	}
}

static const struct file_damage {
	const char *name, *command, *done;
	bool reads;
} file_damages[] = {
	{ "a file that is gone", "rm %s/bodies/*/*", "nothing of it is left", false },
	{ "a file that is too short", "truncate -s 1000000 %s/bodies/*/*", "octets are lost", true },
	{ "a file that is too long", "truncate -s 1600000 %s/bodies/*/*", "cut to its size", true },
};

static void files_are_repaired(void)
{
	for (size_t i = 0; i < sizeof file_damages / sizeof *file_damages; i++) {
		const struct file_damage *d = &file_damages[i];
		struct fixture f;
		char name[32], command[700];
		snprintf(name, sizeof name, "file%zu", i);
		start(&f, name);
		snprintf(command, sizeof command, d->command, f.data_dir);
		CHECK_ROW(system(command) == 0, d->name);
		CHECK_ROW(repair(&f) && strstr(told, d->done) != NULL, d->name);
		CHECK_ROW(findings(&f) == 0, d->name);
		CHECK_ROW((read_octets(&f, 4, 1499990, 10) == ERROR_NONE && answer.octets.len == 10) == d->reads, d->name);
		fixture_close(&f);
	}
}

static void script(struct fixture *f, const char *sql)
{
	struct error err = { 0 };
	struct database *db = store_database_open(f->data_dir, DATABASE_WRITE, true, &err);

	if (db == NULL)
		give_up(sql, &err);
	database_script(db, sql);
	CHECK_ROW(!database_failed(db), database_error(db)->text);
	database_close(db);
}

static void indexes_are_made_anew(void)
{
	struct fixture f;

	start(&f, "index");
	fixture_close(&f);
	script(&f, "PRAGMA writable_schema=ON; UPDATE sqlite_schema SET sql = replace(sql, '(message_id)', '(size)') WHERE name = 'msg_message'");
	script(&f, "REINDEX msg_message; PRAGMA writable_schema=ON; UPDATE sqlite_schema SET sql = replace(sql, '(size)', '(message_id)') WHERE name = 'msg_message'");
	CHECK_ROW(count_findings(&f) > 0, "the index lies");
	CHECK_ROW(repair(&f) && strstr(told, "all indexes made anew") != NULL, "and is made again");
	CHECK(findings(&f) == 0);
}

static void *repair_beside(void *f)
{
	CHECK(repair(f));
	return NULL;
}

/* The file of message 4 belongs to nobody when the repair finds it, and to the message again when its turn comes. */
static void a_repair_looks_again_when_its_turn_comes(void)
{
	struct fixture f;
	pthread_t thread;

	start(&f, "turn");
	char *give_back = xprintf("UPDATE message SET file = (SELECT v FROM meta WHERE k = 'file') WHERE message_id = %lld", (long long)ask(&f, "SELECT message_id FROM message WHERE file IS NOT NULL"));
	ask(&f, "INSERT INTO meta SELECT 'file', file FROM message WHERE file IS NOT NULL");
	ask(&f, "UPDATE message SET file = NULL WHERE file IS NOT NULL");
	*clock_offset_ms += HOUR_MS;
	int fd = hold_turn(&f);
	pthread_create(&thread, NULL, repair_beside, &f);
	for (int ms = 0; ms < 60000 && !store_turnstile_is_wanted(&f.store->turnstile); ms++)
		usleep(1000);
	CHECK(store_turnstile_is_wanted(&f.store->turnstile));
	ask(&f, give_back);
	close(fd);
	pthread_join(thread, NULL);
	CHECK_ROW(findings(&f) == 0 && reads_back(&f, ask(&f, "SELECT message_id FROM message WHERE file IS NOT NULL"), 1500000), told);
	free(give_back);
	fixture_close(&f);
}

int main(void)
{
	hold_the_clock();
	damage_is_repaired();
	files_are_repaired();
	indexes_are_made_anew();
	a_repair_looks_again_when_its_turn_comes();
	return check_finish();
}
