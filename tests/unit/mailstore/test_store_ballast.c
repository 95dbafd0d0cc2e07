#include "tests/unit/mailstore/fixture_requests.h"

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
	a_test_bench_has_none();
	return check_finish();
}
