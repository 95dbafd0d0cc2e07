#define _GNU_SOURCE                     /* pwrite64 */

#include "tests/unit/mailstore/fixture_requests.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mailstore/store_ballast.h"

#define FULL_SIZE ((uint64_t)64 << 20)

/* A process whose first commit finds the disk full. */
static int be_child(const char *data_dir)
{
	struct fixture f = { .options = { .reserve = 1 } };

	log_set_fd(-1);
	snprintf(f.data_dir, sizeof f.data_dir, "%s", data_dir);
	fixture_open(&f);
	CHECK(store_ballast_octets(f.store) == FULL_SIZE);
	CHECK_ROW(add_flags(&f, 1, 1, 1, STORE_DELETED) == ERROR_NONE, "a change on a full disk is made after all");
	CHECK_ROW(store_ballast_octets(f.store) == 0, "in the ballast's room");
	CHECK_ROW(store_ballast_reserve(f.store) == 1 + FULL_SIZE, "which is not for new mail");
	CHECK_ROW(expunge(&f, 1) == ERROR_NONE, "and so is the next one");
	CHECK(maintain(&f) == ERROR_NONE);
	CHECK_ROW(store_ballast_octets(f.store) == FULL_SIZE && store_ballast_reserve(f.store) == 1, "it is made again when there is room");
	fixture_close(&f);
	return check_finish();
}

static void a_full_disk_costs_the_ballast(const char *program)
{
	struct fixture f = { .options = { .reserve = 1 } };
	int status;

	fixture_start(&f, "ballast");
	int64_t bob = add_user(&f, "bob@a.test");
	deliver_to(&f, 100, &bob, 1);
	CHECK(store_ballast_octets(f.store) == 0 && store_ballast_reserve(f.store) == 1);
	CHECK(maintain(&f) == ERROR_NONE);
	CHECK_ROW(store_ballast_octets(f.store) == FULL_SIZE, "maintenance makes it");
	fixture_close(&f);
	setenv("POSTA_TEST_FAULT", "fail:database.commit:1", 1);
	pid_t pid = fork();
	if (pid == 0) {
		execl("/proc/self/exe", program, f.data_dir, (char *)NULL);
		_exit(5);
	}
	CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0);
	CHECK(findings(&f) == 0);
}

/* ---- a disk on which only the ballast's room is left for the database; the log has its own already ---- */

static const struct fixture *full;
static atomic_bool is_full;

static bool is_refused(int fd)
{
	char link[64], path[600];

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	ssize_t n = is_full ? readlink(link, path, sizeof path - 1) : -1;
	if (n < 0)
		return false;
	path[n] = '\0';
	const char *name = strrchr(path, '/');
	errno = ENOSPC;
	return name != NULL && strcmp(name, "/shard0.db") == 0 && store_ballast_octets(full->store) > 0;
}

/* In the place of libc's, for SQLite. */
ssize_t pwrite64(int fd, const void *octets, size_t len, off64_t offset)
{
	return is_refused(fd) ? -1 : (ssize_t)syscall(SYS_pwrite64, fd, octets, len, offset);
}

static void the_log_is_emptied_in_the_ballasts_room(void)
{
	struct fixture f = { .options = { .reserve = 1 } };
	char path[600];
	struct stat before, after;

	fixture_start(&f, "log");
	int64_t bob = add_user(&f, "bob@a.test");
	deliver_to(&f, 500000, &bob, 1);
	snprintf(path, sizeof path, "%s/shard0.db", f.data_dir);
	CHECK(maintain(&f) == ERROR_NONE && store_ballast_octets(f.store) == FULL_SIZE && stat(path, &before) == 0);
	full = &f;
	is_full = true;
	/* it rests once nothing was written since the time before */
	for (int i = 0; i < 3 && store_ballast_octets(f.store) > 0; i++)
		CHECK(maintain(&f) == ERROR_NONE);
	CHECK_ROW(store_ballast_octets(f.store) == 0, "the database had no room to grow");
	is_full = false;
	CHECK_ROW(stat(path, &after) == 0 && after.st_size >= before.st_size + 400000, "and grew all the same");
	CHECK(findings(&f) == 0);
	fixture_close(&f);
}

static void a_test_bench_has_none(void)
{
	struct fixture f = { .options = { .ephemeral = true } };

	fixture_start(&f, "bench");
	CHECK(maintain(&f) == ERROR_NONE && store_ballast_octets(f.store) == 0);
	fixture_close(&f);
}

int main(int argc, char **argv)
{
	if (argc == 2)
		return be_child(argv[1]);
	a_full_disk_costs_the_ballast(argv[0]);
	the_log_is_emptied_in_the_ballasts_room();
	a_test_bench_has_none();
	return check_finish();
}
