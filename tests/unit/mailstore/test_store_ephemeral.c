#include "tests/unit/mailstore/fixture_requests.h"

static uint32_t count_in(struct fixture *f, int64_t user_id)
{
	return open_mailbox(f, user_id, "INBOX", false) == ERROR_NONE ? answer.snapshot->mailbox.n_messages : 99;
}

static int64_t fill(struct fixture *f)
{
	int64_t bob = add_user(f, "bob@a.test");

	CHECK(deliver_to(f, 100, &bob, 1) == ERROR_NONE);
	CHECK(deliver_to(f, 2000000, &bob, 1) == ERROR_NONE);
	CHECK(deliver_remote(f, "x@elsewhere.test", false, 0) == ERROR_NONE);
	return bob;
}

static void reopen(struct fixture *f, bool is_daemon)
{
	fixture_close(f);
	f->options.is_daemon = is_daemon;
	fixture_open(f);
}

static void emptying_is_an_expunge_of_everything(void)
{
	struct fixture f = { .options = { .ephemeral = true } };

	fixture_start(&f, "empty");
	int64_t bob = fill(&f), inbox = inbox_of(&f, bob);
	uint64_t before = answer.snapshot->mailbox.modseq;
	answer_clear();
	store_empty(f.client, on_done, &f);
	CHECK(wait_for(&f) == ERROR_NONE);
	CHECK(changes_since(&f, inbox, before) == ERROR_NONE && answer.changes->vanished.n == 1 && answer.changes->n == 0);
	CHECK(answer.changes->mailbox.n_messages == 0 && answer.changes->mailbox.uidnext == 3 && !answer.changes->vanished_is_incomplete);
	CHECK_ROW(reads_back(&f, 1, 100), "a session that was not told yet still reads");
	CHECK(claim(&f, 10, 60) == ERROR_NONE && answer.items->n == 0);
	CHECK(get_user(&f, "bob@a.test") == ERROR_NONE && answer.user.used == 0 && answer.user.n_messages == 0);
	CHECK(findings(&f) == 0);
	fixture_close(&f);
}

static void a_store_for_keeps_is_not_emptied(void)
{
	struct fixture f = { 0 };
	struct error err = { 0 };

	fixture_start(&f, "keeps");
	int64_t bob = fill(&f);
	answer_clear();
	store_empty(f.client, on_done, &f);
	CHECK(wait_for(&f) == ERROR_DENIED);
	CHECK(count_in(&f, bob) == 2);
	fixture_close(&f);
	f.options.ephemeral = f.options.is_daemon = true;
	CHECK_ROW(store_open(&f.options, &err) == NULL && err.kind == ERROR_DENIED, "nor by a wrong option");
	f.options.ephemeral = f.options.is_daemon = false;
	fixture_open(&f);
	CHECK(count_in(&f, bob) == 2);
	fixture_close(&f);
}

/* Nothing of a message is left, in tables or files; the user is. */
static void check_wiped(struct fixture *f, int64_t bob, const char *claim)
{
	CHECK_ROW(ask(f, "SELECT (SELECT count(*) FROM msg) + (SELECT count(*) FROM tomb) + (SELECT count(*) FROM message) + "
	                 "(SELECT count(*) FROM chunk) + (SELECT count(*) FROM qrcpt) + (SELECT count(*) FROM qmsg) + (SELECT count(*) FROM gc)") == 0, claim);
	CHECK_ROW(ask(f, "PRAGMA freelist_count") == 0, claim);
	char *command = xprintf("test -z \"$(find %s/bodies -type f)\"", f->data_dir);
	CHECK_ROW(system(command) == 0, claim);
	free(command);
	CHECK_ROW(count_in(f, bob) == 0, claim);
	CHECK_ROW(findings(f) == 0, claim);
}

static void the_last_daemon_wipes(void)
{
	struct fixture f = { .options = { .ephemeral = true, .is_daemon = true } }, other;

	fixture_start(&f, "last");
	other = f;
	fixture_open(&other);
	int64_t bob = fill(&f), inbox = inbox_of(&f, bob);
	uint64_t before = answer.snapshot->mailbox.modseq;
	fixture_close(&other);
	CHECK_ROW(count_in(&f, bob) == 2, "not while another daemon is there");
	reopen(&f, false);
	check_wiped(&f, bob, "the last daemon wipes");
	CHECK(changes_since(&f, inbox, before) == ERROR_NONE && answer.changes->vanished_is_incomplete);
	CHECK_ROW(answer.changes->mailbox.uidnext == 3, "no UID comes again");
	fixture_close(&f);
}

static void the_first_daemon_wipes(void)
{
	struct fixture f = { .options = { .ephemeral = true } };

	fixture_start(&f, "first");
	int64_t bob = fill(&f);
	reopen(&f, false);
	CHECK_ROW(count_in(&f, bob) == 2, "other processes do not count");
	reopen(&f, true);
	check_wiped(&f, bob, "the first daemon wipes what a crash left");
	fixture_close(&f);
}

int main(void)
{
	emptying_is_an_expunge_of_everything();
	a_store_for_keeps_is_not_emptied();
	the_last_daemon_wipes();
	the_first_daemon_wipes();
	return check_finish();
}
