#define _GNU_SOURCE                     /* readlink */

#include "tests/unit/mailstore/fixture_requests.h"

#include <errno.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mailstore/store_open.h"
#include "mailstore/store_stager.h"

/*
 * What this program asks of the disk, an octet each, in order: b the folder of all bodies is synced, f a body file, n it gets its name,
 * x its folder is synced, l the log.  One of them can be made to fail once.
 */
#define LARGE 1200000

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static char asked[64], failing;

static void forget_asked(char to_fail)
{
	pthread_mutex_lock(&mutex);
	asked[0] = '\0';
	failing = to_fail;
	pthread_mutex_unlock(&mutex);
}

/* 0, or -1 and EIO. */
static int note(char what)
{
	pthread_mutex_lock(&mutex);
	size_t len = strlen(asked);
	bool fails = failing == what;
	if (len + 1 < sizeof asked)
		memcpy(asked + len, (char[]){ what, '\0' }, 2);
	failing = fails ? '\0' : failing;
	pthread_mutex_unlock(&mutex);
	errno = EIO;
	return fails ? -1 : 0;
}

static int note_sync(int fd)
{
	char link[64], path[600];

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	ssize_t n = readlink(link, path, sizeof path - 1);
	path[n > 0 ? n : 0] = '\0';
	const char *name = strstr(path, "/bodies");
	if (name == NULL)
		return n > 4 && strcmp(path + n - 4, "-wal") == 0 ? note('l') : 0;
	return note(strcmp(name, "/bodies") == 0 ? 'b' : strlen(name) == sizeof "/bodies/00" - 1 ? 'x' : 'f');
}

/* In the place of libc's, for SQLite too. */
int fdatasync(int fd)
{
	return note_sync(fd) != 0 ? -1 : (int)syscall(SYS_fdatasync, fd);
}

int fsync(int fd)
{
	return note_sync(fd) != 0 ? -1 : (int)syscall(SYS_fsync, fd);
}

int linkat(int from_fd, const char *from, int to_fd, const char *to, int flags)
{
	return note('n') != 0 ? -1 : (int)syscall(SYS_linkat, from_fd, from, to_fd, to, flags);
}

static void a_large_body_is_durable_before_the_commit_that_names_it(void)
{
	struct fixture f = { 0 };

	fixture_start(&f, "order");
	int64_t bob = add_user(&f, "bob@a.test");
	forget_asked('\0');
	CHECK(deliver_to(&f, LARGE, &bob, 1) == ERROR_NONE);
	CHECK_TEXT(asked, "bfnxl", "synced, named, its folder synced; then the commit; then the answer");
	forget_asked('\0');
	CHECK(deliver_to(&f, 1000, &bob, 1) == ERROR_NONE);
	CHECK_TEXT(asked, "l", "a small one lies in the log");
	fixture_close(&f);
}

static void what_is_not_surely_on_the_disk_is_refused(void)
{
	static const struct { char fails; const char *claim; } rows[] = {
		{ 'b', "the folder's name" }, { 'f', "the octets" }, { 'n', "the file's name" }, { 'x', "the sync of its name" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct fixture f = { 0 };
		char name[16];
		snprintf(name, sizeof name, "fails-%c", rows[i].fails);
		fixture_start(&f, name);
		int64_t bob = add_user(&f, "bob@a.test");
		forget_asked(rows[i].fails);
		CHECK_ROW(deliver_to(&f, LARGE, &bob, 1) == ERROR_SYSTEM, rows[i].claim);
		CHECK_ROW(strchr(asked, rows[i].fails) != NULL && strchr(asked, 'l') == NULL, rows[i].claim);
		CHECK_ROW(deliver_to(&f, LARGE, &bob, 1) == ERROR_NONE && findings(&f) == 0, "the next one passes");
		CHECK_ROW(ask(&f, "SELECT count(*) FROM message") == 1, rows[i].claim);
		fixture_close(&f);
		CHECK_ROW(n_body_files(&f) == 1, rows[i].claim);
	}
}

/* The last sync of its last delivery fails, and then it is gone. */
static int be_child(char **arguments)
{
	struct fixture f = { .options = { .reserve = 1 } };
	int64_t user = strtoll(arguments[2], NULL, 10);

	log_set_fd(-1);
	snprintf(f.data_dir, sizeof f.data_dir, "%s", arguments[1]);
	fixture_open(&f);
	/* a new log's head is synced alone */
	deliver_to(&f, 1000, &user, 1);
	forget_asked('l');
	bool is_refused = deliver_to(&f, LARGE, &user, 1) == ERROR_SYSTEM && failing == '\0';
	/* which closes its file, or takes it away */
	store_stager_destroy(f.store->stager);
	_exit(is_refused ? 0 : 4);
}

/* SQLite may find that commit in the log when it opens it again. */
static void a_commit_in_doubt_keeps_its_file(void)
{
	struct fixture f = { .options = { .reserve = 1 } };
	char number[24];
	int status;

	fixture_start(&f, "doubt");
	snprintf(number, sizeof number, "%lld", (long long)add_user(&f, "bob@a.test"));
	fixture_close(&f);
	pid_t pid = fork();
	if (pid == 0) {
		execl("/proc/self/exe", "child", f.data_dir, number, (char *)NULL);
		_exit(5);
	}
	CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0);
	CHECK(n_body_files(&f) == 1);
	fixture_open(&f);
	CHECK_ROW(ask(&f, "SELECT count(*) FROM message") == 2, "it is found: a sync that failed may have done its work");
	CHECK(findings(&f) == 0 && reads_back(&f, ask(&f, "SELECT max(message_id) FROM message"), LARGE));
	fixture_close(&f);
}

#define ACCEPTED 10

/* A process of which one write of a body fails.  Whatever the answer is, it is true. */
static int be_failing(char **arguments)
{
	struct fixture f = { .options = { .reserve = 1 } };
	int64_t user = strtoll(arguments[2], NULL, 10);

	log_set_fd(-1);
	snprintf(f.data_dir, sizeof f.data_dir, "%s", arguments[1]);
	fixture_open(&f);
	bool is_accepted = deliver_to(&f, LARGE, &user, 1) == ERROR_NONE;
	CHECK(ask(&f, "SELECT count(*) FROM message") == is_accepted && findings(&f) == 0);
	CHECK(!is_accepted || reads_back(&f, ask(&f, "SELECT message_id FROM message"), LARGE));
	fixture_close(&f);
	CHECK(n_body_files(&f) == is_accepted);
	return check_finish() != 0 ? 1 : is_accepted ? ACCEPTED : 0;
}

/* The n-th one fails, for each n: the last one when all octets were handed over already. */
static void a_body_not_written_whole_is_refused(void)
{
	int n = 0, status = 0;

	while (WEXITSTATUS(status) == 0 && n < 100) {
		struct fixture f = { .options = { .reserve = 1 } };
		char name[24], fault[40], number[24];
		snprintf(name, sizeof name, "write%d", ++n);
		fixture_start(&f, name);
		snprintf(number, sizeof number, "%lld", (long long)add_user(&f, "bob@a.test"));
		fixture_close(&f);
		snprintf(fault, sizeof fault, "fail:store.write:%d", n);
		setenv("POSTA_TEST_FAULT", fault, 1);
		pid_t pid = fork();
		if (pid == 0) {
			execl("/proc/self/exe", "child", f.data_dir, number, "write", (char *)NULL);
			_exit(5);
		}
		unsetenv("POSTA_TEST_FAULT");
		CHECK_ROW(waitpid(pid, &status, 0) == pid && WIFEXITED(status), fault);
	}
	CHECK_ROW(WEXITSTATUS(status) == ACCEPTED && n > 10, "until there were fewer");
}

int main(int argc, char **argv)
{
	if (argc == 3)
		return be_child(argv);
	if (argc == 4)
		return be_failing(argv);
	a_large_body_is_durable_before_the_commit_that_names_it();
	what_is_not_surely_on_the_disk_is_refused();
	a_commit_in_doubt_keeps_its_file();
	a_body_not_written_whole_is_refused();
	return check_finish();
}
