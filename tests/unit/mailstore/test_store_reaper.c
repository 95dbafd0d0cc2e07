#include "tests/unit/mailstore/fixture_mailboxes.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/mailstore/fixture_clock.h"

#define LARGE 1200000

static void an_hour_later(struct fixture *f)
{
	*clock_offset_ms += HOUR_MS;
	/* a round in which nothing was old ends the reaper's part */
	CHECK(maintain(f) == ERROR_NONE && maintain(f) == ERROR_NONE);
}

static void remove_first(struct fixture *f, int64_t mailbox_id)
{
	CHECK(add_flags(f, mailbox_id, 1, 1, STORE_DELETED) == ERROR_NONE && expunge(f, mailbox_id) == ERROR_NONE);
}

static bool is_gone(struct fixture *f, int64_t message_id)
{
	return read_octets(f, message_id, 0, 10) == ERROR_NOT_FOUND && ask(f, "SELECT count(*) FROM chunk") == 0;
}

static void what_waits_in_the_queue_stays(struct fixture *f)
{
	int64_t bob = add_user(f, "queue@a.test"), inbox = inbox_of(f, bob);
	struct store_recipient recipients[] = {
		{ .original = 0, .user_id = bob, .address = "queue@a.test" }, { .original = 1, .address = "x@elsewhere.test" },
	};
	struct store_delivery delivery = a_delivery(f, 300, recipients, 2);

	CHECK(deliver(f, &delivery) == ERROR_NONE);
	int64_t message_id = ask(f, "SELECT message_id FROM qmsg");
	remove_first(f, inbox);
	an_hour_later(f);
	CHECK_ROW(reads_back(f, message_id, 300) && findings(f) == 0, "its recipient expunged it, the other one is still to get it");
	CHECK(claim(f, 10, 600) == ERROR_NONE && answer.items->n == 1 && answer.items->at[0].message_id == message_id);
	CHECK(finish(f, answer.items->at[0].item_id, STORE_QUEUE_DELIVERED, 0) == ERROR_NONE);
	CHECK_ROW(maintain(f) == ERROR_NONE && reads_back(f, message_id, 300), "relayed, it goes as what was expunged does: not at once");
	an_hour_later(f);
	CHECK_ROW(is_gone(f, message_id) && findings(f) == 0, "then it goes");
}

static void what_lies_in_another_mailbox_stays(struct fixture *f)
{
	int64_t users[] = { add_user(f, "one@a.test"), add_user(f, "two@a.test") };
	int64_t first = inbox_of(f, users[0]), second = inbox_of(f, users[1]);

	CHECK(deliver_to(f, 400, users, 2) == ERROR_NONE);
	int64_t message_id = ask(f, "SELECT message_id FROM msg");
	remove_first(f, first);
	an_hour_later(f);
	CHECK_ROW(reads_back(f, message_id, 400) && findings(f) == 0, "one of two removed it");
	remove_first(f, second);
	CHECK_ROW(maintain(f) == ERROR_NONE && reads_back(f, message_id, 400), "the second one's hour has begun");
	an_hour_later(f);
	CHECK_ROW(is_gone(f, message_id) && findings(f) == 0, "then it goes");
}

static void what_went_with_its_mailbox_or_user_goes(struct fixture *f)
{
	static const char *const names[] = { "box@a.test", "user@a.test" };

	for (int i = 0; i < 2; i++) {
		int64_t user = add_user(f, names[i]), inbox = inbox_of(f, user);
		deliver_to(f, 500, &user, 1);
		int64_t message_id = ask(f, "SELECT message_id FROM msg");
		answer_clear();
		if (i == 0)
			CHECK(rename_mailbox(f, user, "INBOX", "Old") == ERROR_NONE && delete_mailbox(f, user, "Old") == ERROR_NONE);
		else
			store_user_delete(f->client, bytes_text(names[i]), on_done, f);
		CHECK_ROW(wait_for(f) == ERROR_NONE && inbox != 0, names[i]);
		CHECK_ROW(maintain(f) == ERROR_NONE && reads_back(f, message_id, 500), names[i]);
		an_hour_later(f);
		CHECK_ROW(is_gone(f, message_id) && findings(f) == 0, names[i]);
	}
}

/* ---- files ---- */

static bool has_file(const struct fixture *f, const char *name)
{
	char path[700];
	struct stat st;

	snprintf(path, sizeof path, "%s/bodies/%.2s/%s", f->data_dir, name, name);
	return stat(path, &st) == 0;
}

static void make_file(const struct fixture *f, const char *name)
{
	char path[700];

	snprintf(path, sizeof path, "%s/bodies/%.2s", f->data_dir, name);
	mkdir(path, 0700);
	snprintf(path, sizeof path, "%s/bodies/%.2s/%s", f->data_dir, name, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	CHECK(fd >= 0 && close(fd) == 0);
}

/* The sweep looks into one of 256 folders a call. */
static void sweep(struct fixture *f)
{
	for (int i = 0; i < 256; i++)
		maintain(f);
}

/* Before the clock was moved: the age of files is the system's. */
static void a_file_of_nobody_goes_after_an_hour(void)
{
	static const char stray[] = "00112233445566778899aabbccddeeff", other[] = "00-not-ours";
	struct fixture started = { .options = { .ephemeral = true } }, *f = &started;

	fixture_start(f, "files");
	int64_t bob = add_user(f, "bob@a.test");
	CHECK(deliver_to(f, LARGE, &bob, 1) == ERROR_NONE);
	int64_t message_id = ask(f, "SELECT message_id FROM msg");
	make_file(f, stray);
	make_file(f, other);
	sweep(f);
	CHECK_ROW(has_file(f, stray) && findings(f) == 0, "it may be about to be referred to");
	*clock_offset_ms += HOUR_MS;
	CHECK_ROW(findings(f) == 2, "old ones are told");
	sweep(f);
	CHECK_ROW(!has_file(f, stray), "and ours goes");
	CHECK_ROW(has_file(f, other), "what is not named like ours does not");
	CHECK_ROW(reads_back(f, message_id, LARGE), "nor does what is referred to");
	fixture_close(f);
}

/* A process of which one commit fails: maintenance is several, and its own are the only ones. */
static int be_child(char **arguments)
{
	struct fixture f = { .options = { .reserve = 1 } };
	int64_t message_id = strtoll(arguments[2], NULL, 10);
	int tries = 0;

	log_set_fd(-1);
	clock_open_test();
	snprintf(f.data_dir, sizeof f.data_dir, "%s", arguments[1]);
	fixture_open(&f);
	while (maintain(&f) == ERROR_NONE && tries < 100)
		tries++;
	CHECK_ROW(answer.error.kind == ERROR_FULL, "a commit failed");
	CHECK_ROW(findings(&f) == 0, "the file is there if its row is");
	for (tries = 0; tries < 100 && read_octets(&f, message_id, 0, 10) == ERROR_NONE; tries++)
		maintain(&f);
	CHECK_ROW(answer.error.kind == ERROR_NOT_FOUND && findings(&f) == 0, "in the end it is gone");
	fixture_close(&f);
	return check_finish();
}

static void a_file_goes_when_the_commit_is_done(const char *program, int n)
{
	struct fixture f = { .options = { .reserve = 1 } };
	char fault[40], number[24], name[24];
	int status;

	snprintf(name, sizeof name, "commit%d", n);
	fixture_start(&f, name);
	int64_t bob = add_user(&f, "bob@a.test"), inbox = inbox_of(&f, bob);
	deliver_to(&f, LARGE, &bob, 1);
	snprintf(number, sizeof number, "%lld", (long long)ask(&f, "SELECT message_id FROM msg"));
	remove_first(&f, inbox);
	fixture_close(&f);
	*clock_offset_ms += HOUR_MS;
	snprintf(fault, sizeof fault, "fail:database.commit:%d", n);
	setenv("POSTA_TEST_FAULT", fault, 1);
	pid_t pid = fork();
	if (pid == 0) {
		execl("/proc/self/exe", program, f.data_dir, number, (char *)NULL);
		_exit(5);
	}
	CHECK_ROW(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0, fault);
}

int main(int argc, char **argv)
{
	struct fixture f = { .options = { .ephemeral = true } };

	if (argc == 3)
		return be_child(argv);
	hold_the_clock();
	a_file_of_nobody_goes_after_an_hour();
	fixture_start(&f, "reaper");
	what_waits_in_the_queue_stays(&f);
	what_lies_in_another_mailbox_stays(&f);
	what_went_with_its_mailbox_or_user_goes(&f);
	fixture_close(&f);
	for (int n = 1; n <= 9; n++)
		a_file_goes_when_the_commit_is_done(argv[0], n);
	return check_finish();
}
