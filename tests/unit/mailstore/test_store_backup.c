#include "tests/unit/mailstore/fixture_requests.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "mailstore/backup.h"

static struct store_backup_result result;
static struct error err;

static bool backup(struct fixture *f, const char *name, bool is_folder)
{
	char path[600];
	struct store_backup_options options = { .data_dir = f->data_dir, .path = path, .is_folder = is_folder };

	snprintf(path, sizeof path, "%s/%s", check_folder(), name);
	error_clear(&err);
	return store_backup(&options, &result, &err);
}

/* Into a new store, which is opened when all is well. */
static bool restore(struct fixture *to, const char *data, const char *name, bool is_folder, bool unchanged)
{
	char path[600];
	struct store_backup_options options = { .data_dir = to->data_dir, .path = path, .is_folder = is_folder, .unchanged = unchanged };

	*to = (struct fixture){ .options = { .reserve = 1 } };
	snprintf(to->data_dir, sizeof to->data_dir, "%s/%s", check_folder(), data);
	snprintf(path, sizeof path, "%s/%s", check_folder(), name);
	error_clear(&err);
	if (!store_restore(&options, &result, &err))
		return false;
	fixture_open(to);
	return true;
}

static int64_t first_message_of(struct fixture *f, int64_t mailbox_id, uint32_t uid)
{
	return scan(f, mailbox_id, uid, uid, 0, false) == ERROR_NONE && answer.messages->n == 1 ? answer.messages->at[0].message_id : 0;
}

static void what_is_saved_is_restored(bool is_folder)
{
	struct fixture f = { .options = { .ephemeral = true } }, copy, again;
	const char *name = is_folder ? "whole.folder" : "whole.file", *data = is_folder ? "from.folder" : "from.file";

	fixture_start(&f, is_folder ? "folder" : "file");
	int64_t bob = add_user(&f, "bob@a.test"), inbox = inbox_of(&f, bob);
	deliver_to(&f, 300, &bob, 1);
	deliver_to(&f, 200000, &bob, 1);
	deliver_to(&f, 3000000, &bob, 1);
	deliver_remote(&f, "x@elsewhere.test", true, 3600);
	add_flags(&f, inbox, 1, 1, STORE_SEEN);
	CHECK_ROW(backup(&f, name, is_folder), err.text);
	CHECK(result.n_messages == 3 && result.n_bodies == 4 && result.n_octets == 300 + 200000 + 3000000 + 100 && result.n_missing == 0);
	CHECK_ROW(restore(&copy, data, name, is_folder, false), err.text);
	CHECK(result.n_messages == 3 && result.n_held == 1 && result.n_missing == 0);
	CHECK_ROW(findings(&copy) == 0, "the copy is sound");
	CHECK(open_mailbox(&copy, bob, "INBOX", false) == ERROR_NONE && answer.snapshot->mailbox.n_messages == 3 && answer.snapshot->mailbox.n_unseen == 2);
	uint32_t uidvalidity = answer.snapshot->mailbox.uidvalidity;
	CHECK(open_mailbox(&f, bob, "INBOX", false) == ERROR_NONE && answer.snapshot->mailbox.uidvalidity < uidvalidity);
	CHECK_ROW(reads_back(&copy, first_message_of(&copy, inbox, 2), 200000), "rows");
	CHECK_ROW(reads_back(&copy, first_message_of(&copy, inbox, 3), 3000000), "a file");
	CHECK_ROW(claim(&copy, 10, 60) == ERROR_NONE && answer.items->n == 0, "what waited is held");
	CHECK(strcmp(store_uuid(f.store), store_uuid(copy.store)) != 0);
	int64_t before = ask(&f, "SELECT max(message_id) FROM message");
	deliver_to(&copy, 100, &bob, 1);
	CHECK_ROW(ask(&copy, "SELECT max(message_id) FROM message") > before + 1000, "ids that were given after the backup are not given again");
	CHECK_ROW(!restore(&again, data, name, is_folder, false) && err.kind == ERROR_EXISTS, "a store is never overwritten");
	CHECK_ROW(ask(&copy, "SELECT count(*) FROM sqlite_schema WHERE name LIKE 'backup%'") == 0, "nothing of the backup's own is in it");
	CHECK(ask(&copy, "SELECT count(*) FROM sqlite_schema WHERE type = 'index'") == ask(&f, "SELECT count(*) FROM sqlite_schema WHERE type = 'index'"));
	CHECK(ask(&copy, "PRAGMA auto_vacuum") == 2);
	CHECK_ROW(ask(&copy, "PRAGMA user_version") == ask(&f, "PRAGMA user_version"), "a later version knows which steps it had");
	fixture_close(&f);
	fixture_close(&copy);
}

static void a_store_restored_empty_gives_no_id_of_the_old_one_again(void)
{
	struct fixture f = { .options = { .ephemeral = true } }, copy;

	fixture_start(&f, "empty");
	int64_t bob = add_user(&f, "bob@a.test");
	CHECK_ROW(backup(&f, "empty.file", false), err.text);
	deliver_to(&f, 100, &bob, 1);
	deliver_remote(&f, "x@elsewhere.test", true, 3600);
	CHECK_ROW(restore(&copy, "emptied", "empty.file", false, false), err.text);
	deliver_to(&copy, 100, &bob, 1);
	deliver_remote(&copy, "x@elsewhere.test", true, 3600);
	CHECK(ask(&copy, "SELECT min(message_id) FROM message") > 1000000 && ask(&copy, "SELECT min(item_id) FROM qrcpt") > 1000000);
	fixture_close(&f);
	fixture_close(&copy);
}

static void an_unchanged_store_keeps_its_uids(void)
{
	struct fixture f = { .options = { .ephemeral = true } }, copy;

	fixture_start(&f, "moves");
	int64_t bob = add_user(&f, "bob@a.test");
	deliver_remote(&f, "x@elsewhere.test", true, 3600);
	CHECK(backup(&f, "moves.file", false));
	CHECK(restore(&copy, "moved", "moves.file", false, true) && result.n_held == 0);
	open_mailbox(&copy, bob, "INBOX", false);
	uint32_t uidvalidity = answer.snapshot->mailbox.uidvalidity;
	open_mailbox(&f, bob, "INBOX", false);
	CHECK(answer.snapshot->mailbox.uidvalidity == uidvalidity);
	CHECK_ROW(claim(&copy, 10, 60) == ERROR_NONE && answer.items->n == 1, "what waited goes on");
	fixture_close(&f);
	fixture_close(&copy);
}

static void the_second_run_copies_what_is_new(void)
{
	struct fixture f = { .options = { .ephemeral = true } }, copy;
	char command[900];

	fixture_start(&f, "grows");
	int64_t bob = add_user(&f, "bob@a.test"), inbox = inbox_of(&f, bob);
	for (int i = 0; i < 5; i++)
		deliver_to(&f, 1500000, &bob, 1);
	CHECK(backup(&f, "grows.folder", true) && result.n_bodies == 5);
	deliver_to(&f, 700, &bob, 1);
	add_flags(&f, inbox, 1, 2, STORE_DELETED);
	expunge(&f, inbox);
	ask(&f, "UPDATE gc SET at = 1");
	ask(&f, "UPDATE tomb SET at = at - 3601");
	CHECK(maintain(&f) == ERROR_NONE);
	CHECK_ROW(backup(&f, "grows.folder", true), err.text);
	CHECK_ROW(result.n_bodies == 1 && result.n_octets == 700 && result.n_messages == 4, "one body is new");
	snprintf(command, sizeof command, "test $(ls %s/grows.folder/bodies/*/* | wc -l) = 3", check_folder());
	CHECK_ROW(system(command) == 0, "what is gone from the store leaves the backup");
	CHECK(backup(&f, "grows.folder", true) && result.n_bodies == 0 && result.n_octets == 0);
	CHECK(restore(&copy, "grown", "grows.folder", true, false) && result.n_messages == 4);
	CHECK(findings(&copy) == 0 && reads_back(&copy, first_message_of(&copy, inbox, 5), 1500000));
	fixture_close(&f);
	fixture_close(&copy);
}

static void not_told(void *owner, const char *finding, const char *done)
{
	(void)owner, (void)finding, (void)done;
}

static void what_the_backup_has_whole_it_keeps(void)
{
	struct fixture f = { .options = { .ephemeral = true } }, copy;

	fixture_start(&f, "mended");
	int64_t bob = add_user(&f, "bob@a.test"), inbox = inbox_of(&f, bob);
	deliver_to(&f, 70000, &bob, 1);
	deliver_to(&f, 60000, &bob, 1);
	ask(&f, "UPDATE chunk SET data = substr(data, 1, 1000) WHERE id >> 12 = 2");
	CHECK(backup(&f, "mended.folder", true));
	ask(&f, "UPDATE chunk SET data = substr(data, 1, 1000) WHERE id >> 12 = 1");
	CHECK(store_repair(f.data_dir, not_told, NULL, &err));
	CHECK(backup(&f, "mended.folder", true));
	CHECK_ROW(result.n_bodies == 1 && result.n_octets == 60000, "that which it had damaged is copied again");
	CHECK(backup(&f, "mended.folder", true) && result.n_bodies == 0);
	CHECK(restore(&copy, "healed", "mended.folder", true, false) && findings(&copy) == 0);
	CHECK_ROW(reads_back(&copy, first_message_of(&copy, inbox, 1), 70000), "what was lost in the store is not lost");
	CHECK(ask(&copy, "SELECT instr(data, 'was lost') > 0 FROM chunk WHERE id >> 12 = 2") == 1);
	fixture_close(&f);
	fixture_close(&copy);
}

static void two_never_write_one_file(struct fixture *f)
{
	char path[600];

	snprintf(path, sizeof path, "%s/shared.file.partial", check_folder());
	int other = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	CHECK(flock(other, LOCK_EX) == 0 && file_write(other, BYTES("under way")));
	CHECK_ROW(!backup(f, "shared.file", false) && err.kind == ERROR_TRY_LATER, err.text);
	CHECK_ROW(lseek(other, 0, SEEK_END) == 9 && access(path, F_OK) == 0, "the other one goes on");
	close(other);
	CHECK_ROW(backup(f, "shared.file", false) && access(path, F_OK) != 0, "what a killed one left is in nobody's way");
}

static void nothing_else_is_overwritten(void)
{
	struct fixture f = { .options = { .ephemeral = true } }, other = { .options = { .ephemeral = true } };
	char path[600];

	fixture_start(&f, "mine");
	fixture_start(&other, "other");
	CHECK(backup(&f, "mine.file", false) && !backup(&f, "mine.file", false) && err.kind == ERROR_EXISTS);
	CHECK(backup(&f, "mine.folder", true) && !backup(&other, "mine.folder", true) && err.kind == ERROR_EXISTS);
	snprintf(path, sizeof path, "%s/things", check_folder());
	mkdir(path, 0700);
	snprintf(path, sizeof path, "%s/things/photo", check_folder());
	fclose(fopen(path, "w"));
	CHECK(!backup(&f, "things", true) && err.kind == ERROR_EXISTS);
	CHECK(!backup(&f, "nowhere/file", false) && err.kind == ERROR_NOT_FOUND);
	two_never_write_one_file(&f);
	fixture_close(&f);
	fixture_close(&other);
	CHECK(!restore(&other, "fresh", "nothing.file", false, false) && err.sys_errno == ENOENT);
	CHECK(!restore(&other, "fresh", "things", true, false));
	CHECK(!restore(&other, "fresh", "mine/shard0.db", false, false) && err.kind == ERROR_CORRUPT);
	snprintf(path, sizeof path, "%s/fresh/shard0.db", check_folder());
	CHECK_ROW(access(path, F_OK) != 0, "what failed leaves no store");
}

/* ---- under load ---- */

struct load {
	struct fixture *f;
	int64_t user_id;
	atomic_uint n_acknowledged;
	atomic_bool stop;
	pthread_t thread;
};

static void *load(void *owner)
{
	struct load *l = owner;

	for (unsigned i = 0; !l->stop; i++) {
		if (deliver_to(l->f, i % 50 == 7 ? 1200000 : 2000, &l->user_id, 1) == ERROR_NONE)
			l->n_acknowledged++;
		if (i % 20 == 11) {
			add_flags(l->f, 1, i / 2, i / 2 + 3, STORE_DELETED | STORE_SEEN);
			expunge(l->f, 1);
		}
	}
	return NULL;
}

static void under_load_it_is_one_state(void)
{
	struct fixture f = { 0 }, copy;
	struct load l = { .f = &f };
	char name[40], data[40];

	f.options.reserve = 1;
	fixture_start(&f, "busy");
	l.user_id = add_user(&f, "bob@a.test");
	pthread_create(&l.thread, NULL, load, &l);
	for (int i = 0; i < 6; i++) {
		for (unsigned until = l.n_acknowledged + 20; l.n_acknowledged < until;)
			usleep(1000);
		unsigned before = l.n_acknowledged;
		snprintf(name, sizeof name, i % 2 ? "busy.folder" : "busy%d.file", i);
		bool ok = backup(&f, name, i % 2);
		unsigned after = l.n_acknowledged;
		CHECK_ROW(ok, err.text);
		CHECK_ROW(result.n_missing == 0, "no body is missing");
		snprintf(data, sizeof data, "quiet%d", i);
		struct fixture *to = &copy;
		static char question[200];
		*to = (struct fixture){ .options = { .reserve = 1 } };
		snprintf(to->data_dir, sizeof to->data_dir, "%s/%s", check_folder(), data);
		char path[600];
		snprintf(path, sizeof path, "%s/%s", check_folder(), name);
		struct store_backup_options options = { .data_dir = to->data_dir, .path = path, .is_folder = i % 2 };
		CHECK_ROW(store_restore(&options, &result, &err), err.text);
		CHECK_ROW(findings(to) == 0, "it is sound");
		snprintf(question, sizeof question, "SELECT uidnext - 1 BETWEEN %u AND %u FROM mailbox WHERE mailbox_id = 1", before, after + 1);
		CHECK_ROW(ask(to, question) == 1, "and has what was acknowledged before it began");
	}
	CHECK_ROW(l.n_acknowledged > 100, "all the while mail came in");
	l.stop = true;
	pthread_join(l.thread, NULL);
	fixture_close(&f);
}

static void an_interrupted_run_leaves_the_one_before(const char *program)
{
	struct fixture f = { .options = { .ephemeral = true } }, copy;
	char path[600];
	int status;

	fixture_start(&f, "torn");
	int64_t bob = add_user(&f, "bob@a.test");
	deliver_to(&f, 5000, &bob, 1);
	CHECK(backup(&f, "torn.folder", true));
	deliver_to(&f, 6000, &bob, 1);
	deliver_to(&f, 2000000, &bob, 1);
	snprintf(path, sizeof path, "%s/torn.folder", check_folder());
	setenv("POSTA_TEST_FAULT", "die:store.backup.commit:1", 1);
	pid_t pid = fork();
	if (pid == 0) {
		execl("/proc/self/exe", program, f.data_dir, path, (char *)NULL);
		_exit(5);
	}
	CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status));
	CHECK(restore(&copy, "torn1", "torn.folder", true, false) && result.n_messages == 1);
	fixture_close(&copy);
	CHECK_ROW(backup(&f, "torn.folder", true) && result.n_messages == 3, "and the next one goes on");
	CHECK(restore(&copy, "torn2", "torn.folder", true, false) && result.n_messages == 3 && findings(&copy) == 0);
	fixture_close(&copy);
	fixture_close(&f);
}

/* Whether the folder holds an entry whose name begins so. */
static bool holds(const char *folder, const char *begin)
{
	DIR *entries = opendir(folder);
	struct dirent *entry;
	bool found = false;

	while (entries != NULL && (entry = readdir(entries)) != NULL)
		found = found || strncmp(entry->d_name, begin, strlen(begin)) == 0;
	if (entries != NULL)
		closedir(entries);
	return found;
}

static void a_full_disk_is_left_as_it_was(void)
{
	struct fixture f = { .options = { .ephemeral = true } }, copy;
	struct rlimit was, small;

	fixture_start(&f, "limited");
	int64_t bob = add_user(&f, "bob@a.test");
	deliver_to(&f, 900000, &bob, 1);
	CHECK(backup(&f, "roomy.file", false));
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &was);
	small = was;
	small.rlim_cur = 300000;
	setrlimit(RLIMIT_FSIZE, &small);
	CHECK_ROW(!backup(&f, "limited.file", false) && !holds(check_folder(), "limited.file"), "a backup");
	CHECK_ROW(!restore(&copy, "limited.data", "roomy.file", false, false) && !holds(copy.data_dir, "restoring"), "a restore");
	setrlimit(RLIMIT_FSIZE, &was);
	CHECK(restore(&copy, "limited.data", "roomy.file", false, false) && result.n_messages == 1);
	fixture_close(&copy);
	fixture_close(&f);
}

/* The second one would empty the file that the first one writes, or name it before it is whole. */
static void one_restore_at_a_time(void)
{
	struct fixture f = { .options = { .ephemeral = true } }, copy;
	char path[600];

	fixture_start(&f, "once");
	CHECK(backup(&f, "once.file", false));
	snprintf(path, sizeof path, "%s/once.data", check_folder());
	CHECK(mkdir(path, 0700) == 0);
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(flock(fd, LOCK_EX) == 0);
	CHECK(!restore(&copy, "once.data", "once.file", false, false) && err.kind == ERROR_TRY_LATER);
	close(fd);
	CHECK(restore(&copy, "once.data", "once.file", false, false));
	fixture_close(&copy);
	fixture_close(&f);
}

int main(int argc, char **argv)
{
	if (argc == 3)
		return store_backup(&(struct store_backup_options){ .data_dir = argv[1], .path = argv[2], .is_folder = true }, &result, &err) ? 3 : 4;
	what_is_saved_is_restored(false);
	what_is_saved_is_restored(true);
	a_store_restored_empty_gives_no_id_of_the_old_one_again();
	an_unchanged_store_keeps_its_uids();
	the_second_run_copies_what_is_new();
	what_the_backup_has_whole_it_keeps();
	nothing_else_is_overwritten();
	under_load_it_is_one_state();
	an_interrupted_run_leaves_the_one_before(argv[0]);
	a_full_disk_is_left_as_it_was();
	one_restore_at_a_time();
	return check_finish();
}
