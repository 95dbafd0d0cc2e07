#include "tests/unit/mailstore/fixture_requests.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static int64_t one_queued(struct fixture *f)
{
	deliver_remote(f, "x@elsewhere.test", false, 0);
	claim(f, 10, 600);
	return answer.items->n == 1 ? answer.items->at[0].item_id : 0;
}

static void empty_the_queue(struct fixture *f)
{
	ask(f, "DELETE FROM qrcpt");
	ask(f, "INSERT OR REPLACE INTO gc(message_id, at) SELECT message_id, 1 FROM qmsg");
	ask(f, "DELETE FROM qmsg");
}

static void a_remote_recipient_is_queued_and_claimed_once(struct fixture *f)
{
	struct store_recipient recipients[] = {
		{ .original = 0, .address = "X@elsewhere.test", .notify = 6, .original_recipient = "rfc822;x" },
		{ .original = 1, .address = "y@elsewhere.test" },
		{ .original = 1, .address = "X@elsewhere.test" },
	};
	struct store_delivery delivery = a_delivery(f, 500, recipients, 3);

	delivery.n_originals = 2;
	delivery.local_prefix = 20;
	delivery.envelope_id = "env";
	delivery.returns = 2;
	delivery.is_8bit = true;
	CHECK(deliver(f, &delivery) == ERROR_NONE && answer.items == NULL && answer.n == 2);
	CHECK(claim(f, 10, 600) == ERROR_NONE && answer.items->n == 2);
	const struct store_queue_item *item = &answer.items->at[0];
	CHECK(item->queue_id == delivery.queue_id && item->size == 500 && item->skip == 20 && item->notify == 6 && item->returns == 2 && item->is_8bit);
	CHECK_TEXT(item->recipient, "X@elsewhere.test", "the local part keeps its case");
	CHECK_TEXT(item->original_recipient, "rfc822;x", "ORCPT");
	CHECK_TEXT(item->envelope_id, "env", "ENVID");
	CHECK_TEXT(item->sender, "sender@b.test", "reverse-path");
	CHECK(item->lease_until_s >= clock_now_s() + 599 && item->expires_s == delivery.expires_s && item->tries == 0);
	CHECK(reads_back(f, ask(f, "SELECT max(message_id) FROM qmsg"), 500));
	CHECK_ROW(claim(f, 10, 600) == ERROR_NONE && answer.items->n == 0, "leased rows are nobody else's");
	empty_the_queue(f);
}

static void rows_can_be_born_leased(struct fixture *f)
{
	CHECK(deliver_remote(f, "x@elsewhere.test", true, 300) == ERROR_NONE && answer.items != NULL && answer.items->n == 1);
	int64_t item_id = answer.items->at[0].item_id;
	CHECK_TEXT(answer.items->at[0].recipient, "x@elsewhere.test", "complete items come back");
	CHECK(answer.items->at[0].size == 100 && answer.items->at[0].lease_until_s > clock_now_s());
	CHECK(claim(f, 10, 600) == ERROR_NONE && answer.items->n == 0);
	CHECK(finish(f, item_id, STORE_QUEUE_DELIVERED, 0) == ERROR_NONE);
	CHECK(ask(f, "SELECT count(*) FROM qmsg") == 0 && ask(f, "SELECT count(*) FROM qrcpt") == 0);
	CHECK(findings(f) == 0);
}

static void outcomes_do_what_they_say(struct fixture *f)
{
	int64_t item_id = one_queued(f), now = clock_now_s();

	CHECK(finish(f, item_id, STORE_QUEUE_RELEASE, 0) == ERROR_NONE);
	CHECK(claim(f, 10, 600) == ERROR_NONE && answer.items->n == 1 && answer.items->at[0].tries == 0);
	CHECK(finish(f, item_id, STORE_QUEUE_RETRY, now + 500) == ERROR_NONE);
	CHECK(claim(f, 10, 600) == ERROR_NONE && answer.items->n == 0 && answer.items->next_due_s == now + 500);
	CHECK(ask(f, "SELECT tries FROM qrcpt") == 1 && ask(f, "SELECT status = '451 later' FROM qrcpt") == 1);
	ask(f, "UPDATE qrcpt SET next_at = 1");
	CHECK(claim(f, 10, 600) == ERROR_NONE && answer.items->n == 1 && answer.items->at[0].tries == 1);
	CHECK(finish(f, item_id, STORE_QUEUE_FAILED, 0) == ERROR_NONE);
	CHECK(ask(f, "SELECT count(*) FROM qmsg") == 0);
	CHECK_ROW(finish(f, item_id, STORE_QUEUE_DELIVERED, 0) == ERROR_NONE, "a lost lease is passed over");
	CHECK(findings(f) == 0);
}

/* Another process has it: what we say of it is not so any more. */
static void the_result_of_a_lost_lease_changes_nothing(struct fixture *f)
{
	static const enum store_queue_outcome outcomes[] = { STORE_QUEUE_DELIVERED, STORE_QUEUE_FAILED, STORE_QUEUE_RETRY, STORE_QUEUE_RELEASE };
	int64_t item_id = one_queued(f), n = ask(f, "SELECT count(*) FROM journal");

	ask(f, "UPDATE qrcpt SET token = 5");
	for (size_t i = 0; i < sizeof outcomes / sizeof *outcomes; i++) {
		CHECK(finish(f, item_id, outcomes[i], 1) == ERROR_NONE);
		CHECK(ask(f, "SELECT count(*) FROM qrcpt WHERE token = 5 AND tries = 0 AND next_at > 1") == 1 && ask(f, "SELECT count(*) FROM qmsg") == 1);
		CHECK_ROW(ask(f, "SELECT count(*) FROM journal") == n, "nor is it told");
	}
	empty_the_queue(f);
}

static void a_held_row_is_left_alone(struct fixture *f)
{
	deliver_remote(f, "x@elsewhere.test", false, 0);
	ask(f, "UPDATE qrcpt SET hold = 1");
	CHECK(claim(f, 10, 600) == ERROR_NONE && answer.items->n == 0 && answer.items->next_due_s == 0);
	empty_the_queue(f);
}

static size_t n_woken;
static bool woke_all;

static void on_woken(void *owner, const struct error *err, size_t n, bool is_all)
{
	on_done(owner, err);
	n_woken = n;
	woke_all = is_all;
}

static bool wakes(struct fixture *f, const char *domain, size_t max, size_t n, bool is_all)
{
	answer_clear();
	store_queue_wake(f->client, domain, max, on_woken, f);
	return wait_for(f) == ERROR_NONE && n_woken == n && woke_all == is_all;
}

static void park(struct fixture *f, const char *address)
{
	struct store_queue_result result = { .outcome = STORE_QUEUE_RETRY, .parked = true, .next_at_s = clock_now_s() + 3600, .status = "away" };

	deliver_remote(f, address, false, 0);
	claim(f, 10, 600);
	result.item_id = answer.items->n == 1 ? answer.items->at[0].item_id : 0;
	answer_clear();
	store_queue_done(f->client, &result, 1, NULL, on_done, f);
	CHECK_ROW(wait_for(f) == ERROR_NONE, address);
}

static void parked_rows_wait_for_their_destination(struct fixture *f)
{
	park(f, "x@Away.test");
	park(f, "y@away.test");
	park(f, "z@faraway.test");
	CHECK_ROW(ask(f, "SELECT sum(tries) FROM qrcpt") == 0, "parking is no try");
	CHECK(claim(f, 10, 600) == ERROR_NONE && answer.items->n == 0);
	CHECK_ROW(wakes(f, "way.test", 10, 0, true), "a domain is compared as a whole");
	CHECK_ROW(wakes(f, "away.test", 1, 1, false), "only as many as asked for");
	CHECK_ROW(wakes(f, "away.test", 10, 1, true), "in any case of letters");
	CHECK(claim(f, 10, 600) == ERROR_NONE && answer.items->n == 2 && answer.items->at[0].refused == NULL);
	ask(f, "UPDATE qrcpt SET hold = 1 WHERE token = 0");
	CHECK_ROW(wakes(f, NULL, 10, 0, true), "neither held rows nor leased ones");
	CHECK_ROW(ask(f, "SELECT sum(ncell) FROM dbstat WHERE name = 'qrcpt_next'") == ask(f, "SELECT count(*) FROM qrcpt WHERE hold = 0"),
	          "a claim walks over none of those that are held");
	ask(f, "UPDATE qrcpt SET hold = 0");
	CHECK_ROW(wakes(f, NULL, 10, 1, true), "without a domain any");
	empty_the_queue(f);
	deliver_remote(f, "x@away.test", false, 0);
	claim(f, 10, 600);
	CHECK(finish(f, answer.items->at[0].item_id, STORE_QUEUE_RETRY, clock_now_s() + 600) == ERROR_NONE);
	CHECK_ROW(wakes(f, NULL, 10, 0, true), "what was refused for now keeps its time");
	empty_the_queue(f);
}

static void leases_are_renewed_and_run_out(struct fixture *f)
{
	int64_t ids[2] = { one_queued(f), 987654 };

	answer_clear();
	store_queue_renew(f->client, ids, 1, 900, on_done, f);
	CHECK(wait_for(f) == ERROR_NONE && ask(f, "SELECT next_at FROM qrcpt") >= clock_now_s() + 899);
	answer_clear();
	store_queue_renew(f->client, ids, 2, 1800, on_done, f);
	CHECK_ROW(wait_for(f) == ERROR_TRY_LATER, "one of them was lost");
	CHECK_ROW(ask(f, "SELECT next_at FROM qrcpt") >= clock_now_s() + 1799, "the other one is kept");
	ask(f, "UPDATE qrcpt SET next_at = 1");
	CHECK_ROW(claim(f, 10, 600) == ERROR_NONE && answer.items->n == 1, "past its end a lease is void");
	empty_the_queue(f);
}

static void a_report_is_delivered_with_the_result(struct fixture *f)
{
	int64_t bob = add_user(f, "bob@a.test"), item_id = one_queued(f);
	struct store_recipient recipient = { .user_id = bob, .address = "bob@a.test" };
	struct store_delivery report = a_delivery(f, 700, &recipient, 1);
	struct store_queue_result result = { .item_id = item_id, .outcome = STORE_QUEUE_FAILED, .status = "550 no", .remote = "mx.b.test" };

	ask(f, "UPDATE user SET quota_octets = 1");
	report.sender = "";
	answer_clear();
	store_queue_done(f->client, &result, 1, &report, on_done, f);
	CHECK(wait_for(f) == ERROR_NONE);
	open_mailbox(f, bob, "INBOX", false);
	CHECK_ROW(answer.snapshot->mailbox.n_messages == 1, "even past the quota");
	report = a_delivery(f, 700, &recipient, 1);
	answer_clear();
	store_queue_done(f->client, &result, 1, &report, on_done, f);
	CHECK(wait_for(f) == ERROR_NONE);
	open_mailbox(f, bob, "INBOX", false);
	CHECK_ROW(answer.snapshot->mailbox.n_messages == 1, "no second report for a row that is not ours any more");
	CHECK(findings(f) == 0);
}

/* Claims everything, says so, and waits to be killed. */
static void be_a_claimer(const struct fixture *parent, int say)
{
	struct fixture f = { .options = { .reserve = 1 } };

	memcpy(f.data_dir, parent->data_dir, sizeof f.data_dir);
	fixture_open(&f);
	claim(&f, 10, 3600);
	char n = (char)answer.items->n;
	if (write(say, &n, 1) == 1)
		pause();
	_exit(0);
}

/* Runs before this process has any handle: none may be carried over fork. */
static void a_killed_claimers_rows_are_due_at_once(void)
{
	struct fixture f = { 0 };
	int pipe_fds[2];
	char n = 0;

	fixture_start(&f, "killed");
	for (int i = 0; i < 3; i++)
		deliver_remote(&f, "x@elsewhere.test", false, 0);
	fixture_close(&f);
	CHECK(pipe(pipe_fds) == 0);
	pid_t child = fork();
	if (child == 0)
		be_a_claimer(&f, pipe_fds[1]);
	CHECK(read(pipe_fds[0], &n, 1) == 1 && n == 3);
	fixture_open(&f);
	CHECK_ROW(claim(&f, 10, 600) == ERROR_NONE && answer.items->n == 0, "while it lives they are its own");
	CHECK(answer.items->next_due_s > clock_now_s() + 3000);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	CHECK(claim(&f, 10, 600) == ERROR_NONE && answer.items->n == 3);
	CHECK(ask(&f, "SELECT count(*) FROM lease") == 1);
	CHECK(findings(&f) == 0);
	fixture_close(&f);
}

int main(void)
{
	struct fixture f = { 0 };

	a_killed_claimers_rows_are_due_at_once();
	fixture_start(&f, "queue");
	a_remote_recipient_is_queued_and_claimed_once(&f);
	rows_can_be_born_leased(&f);
	outcomes_do_what_they_say(&f);
	the_result_of_a_lost_lease_changes_nothing(&f);
	a_held_row_is_left_alone(&f);
	parked_rows_wait_for_their_destination(&f);
	leases_are_renewed_and_run_out(&f);
	a_report_is_delivered_with_the_result(&f);
	fixture_close(&f);
	return check_finish();
}
