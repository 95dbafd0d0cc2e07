#define _GNU_SOURCE                     /* F_OFD_SETLK */

#include "tests/unit/mailstore/fixture_turn.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <unistd.h>

struct counted {
	unsigned n_done, n_failed;
	enum error_kind kind;
};

static void on_counted(void *owner, const struct error *err, const struct error *results, size_t n, struct store_queue_items *items)
{
	struct counted *counted = owner;

	(void)results, (void)n;
	store_queue_items_destroy(items);
	counted->n_done++;
	counted->n_failed += err != NULL;
	if (err != NULL)
		counted->kind = err->kind;
}

static void send(struct fixture *f, int64_t user, size_t len, struct counted *counted)
{
	struct store_recipient recipient = { .user_id = user, .address = "bob@a.test" };
	struct store_delivery delivery = a_delivery(f, len, &recipient, 1);

	store_deliver(f->client, &delivery, on_counted, counted);
}

static uint32_t messages_of(struct fixture *f, int64_t user)
{
	open_mailbox(f, user, "INBOX", false);
	return answer.snapshot->mailbox.n_messages;
}

static void the_wait_for_the_turn_is_bounded(struct fixture *f, int64_t user)
{
	struct fixture impatient = *f;
	struct counted counted = { 0 };
	int fd = hold_turn(f);

	impatient.options.turn_wait_ms = 300;
	fixture_open(&impatient);
	int64_t start_ms = clock_monotonic_ms();
	send(&impatient, user, 100, &counted);
	store_client_wait(impatient.client);
	int64_t took_ms = clock_monotonic_ms() - start_ms;
	CHECK(counted.n_failed == 1 && counted.kind == ERROR_TRY_LATER);
	CHECK(took_ms >= 290 && took_ms < 30000);
	close(fd);
	send(&impatient, user, 100, &counted);
	store_client_wait(impatient.client);
	CHECK_ROW(counted.n_done == 2 && counted.n_failed == 1, "and the next one succeeds");
	fixture_close(&impatient);
}

static void a_batch_that_cannot_be_written_fails_whole_and_the_next_succeeds(struct fixture *f, int64_t user)
{
	struct counted counted = { 0 };
	struct rlimit before, small = { 0 };
	uint32_t n_before = messages_of(f, user);

	getrlimit(RLIMIT_FSIZE, &before);
	small = before;
	small.rlim_cur = 300000;
	signal(SIGXFSZ, SIG_IGN);
	/* the log grows past the limit */
	int fd = hold_turn(f);
	for (int i = 0; i < 20; i++)
		send(f, user, 500000, &counted);
	setrlimit(RLIMIT_FSIZE, &small);
	close(fd);
	store_client_wait(f->client);
	setrlimit(RLIMIT_FSIZE, &before);
	CHECK(counted.n_done == 20 && counted.n_failed == 20);
	CHECK(counted.kind == ERROR_SYSTEM || counted.kind == ERROR_FULL);
	CHECK_ROW(messages_of(f, user) == n_before, "nothing of it is there");
	counted = (struct counted){ 0 };
	for (int i = 0; i < 20; i++)
		send(f, user, 500000, &counted);
	store_client_wait(f->client);
	CHECK(counted.n_done == 20 && counted.n_failed == 0 && messages_of(f, user) == n_before + 20);
	CHECK(findings(f) == 0);
}

static void what_fits_of_a_failed_batch_is_written_alone(struct fixture *f, int64_t user)
{
	struct counted good = { 0 }, bad = { 0 };
	struct rlimit before, small;
	uint32_t n_before = messages_of(f, user);

	/* an empty log, and room in it for a little */
	ask(f, "PRAGMA wal_checkpoint(TRUNCATE)");
	getrlimit(RLIMIT_FSIZE, &before);
	small = before;
	small.rlim_cur = (rlim_t)ask(f, "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size");
	int fd = hold_turn(f);
	send(f, user, 100, &good);
	send(f, user, 1000000, &good);
	for (int i = 0; i < 15; i++)
		send(f, user, 1000000, &bad);
	small.rlim_cur = 5000000;
	setrlimit(RLIMIT_FSIZE, &small);
	close(fd);
	store_client_wait(f->client);
	setrlimit(RLIMIT_FSIZE, &before);
	CHECK(good.n_done == 2 && good.n_failed == 0);
	CHECK(bad.n_done == 15 && bad.n_failed > 0 && bad.n_failed < 15);
	CHECK(messages_of(f, user) == n_before + 17 - bad.n_failed);
	CHECK(findings(f) == 0);
}

static void on_maintained(void *owner, const struct error *err)
{
	struct counted *counted = owner;

	counted->n_done++;
	counted->n_failed += err != NULL;
}

static void what_is_done_in_parts_outlives_the_failed_batch_it_was_in(struct fixture *f, int64_t user)
{
	struct counted good = { 0 }, bad = { 0 }, care = { 0 };
	struct rlimit before, small;

	ask(f, "PRAGMA wal_checkpoint(TRUNCATE)");
	getrlimit(RLIMIT_FSIZE, &before);
	int fd = hold_turn(f);
	send(f, user, 100, &good);
	usleep(1000000);
	for (int i = 0; i < 12; i++)
		store_maintain(f->client, 1000, on_maintained, &care);
	for (int i = 0; i < 30; i++)
		send(f, user, 100, &good);
	for (int i = 0; i < 15; i++)
		send(f, user, 200000, &bad);
	small = before;
	small.rlim_cur = 3000000;
	setrlimit(RLIMIT_FSIZE, &small);
	close(fd);
	store_client_wait(f->client);
	setrlimit(RLIMIT_FSIZE, &before);
	CHECK(good.n_done == 31 && good.n_failed == 0);
	CHECK(bad.n_done == 15 && bad.n_failed > 0);
	CHECK_ROW(care.n_done == 12 && care.n_failed == 0, "the failure of others is not its own");
	CHECK(findings(f) == 0);
}

/* ---- hints ---- */

static struct {
	pthread_mutex_t mutex;
	size_t n_calls, n_hints;
	struct store_hint last[256];
} hinted = { .mutex = PTHREAD_MUTEX_INITIALIZER };

static void on_commit(void *owner, const struct store_hint *hints, size_t n)
{
	(void)owner;
	pthread_mutex_lock(&hinted.mutex);
	hinted.n_calls++;
	hinted.n_hints = n;
	memcpy(hinted.last, hints, n * sizeof *hints);
	pthread_mutex_unlock(&hinted.mutex);
}

static void forget_hints(void)
{
	pthread_mutex_lock(&hinted.mutex);
	hinted.n_calls = 0;
	pthread_mutex_unlock(&hinted.mutex);
}

/* The only hint of the n-th call. */
static struct store_hint wait_for_hints(size_t n)
{
	struct store_hint last = { 0 };
	bool is_there = false;

	for (int i = 0; i < 6000 && !is_there; i++) {
		pthread_mutex_lock(&hinted.mutex);
		is_there = hinted.n_calls == n && hinted.n_hints == 1;
		last = hinted.last[0];
		pthread_mutex_unlock(&hinted.mutex);
		usleep(10000);
	}
	CHECK(is_there);
	return last;
}

static void hints_come_once_a_mailbox_and_commit(struct fixture *f, int64_t user)
{
	struct counted counted = { 0 };
	int64_t inbox = inbox_of(f, user);
	int fd = hold_turn(f);

	send(f, user, 100, &counted);
	/* the writer took the first; the other fifty join it */
	usleep(1000000);
	for (int i = 0; i < 50; i++)
		send(f, user, 100, &counted);
	forget_hints();
	close(fd);
	store_client_wait(f->client);
	messages_of(f, user);
	uint64_t modseq = answer.snapshot->mailbox.modseq;
	struct store_hint last = wait_for_hints(1);
	CHECK(last.mailbox_id == inbox && last.modseq == modseq);
	forget_hints();
	deliver_remote(f, "x@elsewhere.test", false, 0);
	last = wait_for_hints(1);
	CHECK_ROW(last.mailbox_id == 0, "0 is the queue");
}

/* ---- clients ---- */

static void a_forgotten_request_still_happens(struct fixture *f, int64_t user)
{
	struct counted counted = { 0 };
	struct store_recipient recipient = { .user_id = user, .address = "bob@a.test" };
	struct store_delivery delivery = a_delivery(f, 100, &recipient, 1);
	uint32_t before = messages_of(f, user);

	store_request_forget(store_deliver(f->client, &delivery, on_counted, &counted));
	store_client_wait(f->client);
	CHECK(counted.n_done == 0 && messages_of(f, user) == before + 1);
}

static void a_client_may_go_while_its_requests_are_under_way(struct fixture *f, int64_t user)
{
	struct fixture other = *f;
	struct counted counted = { 0 };
	struct error err = { 0 };
	uint32_t before = messages_of(f, user);

	other.client = store_client_create(f->store, &err);
	send(&other, user, 2000000, &counted);
	store_client_wait(other.client);
	int fd = hold_turn(f);
	for (int i = 0; i < 9; i++)
		send(&other, user, 250000 * (size_t)(i % 2) + 100, &counted);
	store_mailbox_open(other.client, user, BYTES("INBOX"), false, on_snapshot, NULL);
	store_client_destroy(other.client);
	close(fd);
	for (int i = 0; i < 6000 && messages_of(f, user) < before + 10; i++)
		usleep(10000);
	CHECK(messages_of(f, user) == before + 10 && counted.n_done == 1);
}

static void the_descriptor_says_when_completions_wait(struct fixture *f, int64_t user)
{
	struct counted counted = { 0 };
	struct pollfd fd = { .fd = store_client_fd(f->client), .events = POLLIN };

	store_client_dispatch(f->client);
	CHECK(poll(&fd, 1, 0) == 0);
	send(f, user, 100, &counted);
	CHECK_ROW(counted.n_done == 0, "never inside the call itself");
	CHECK(poll(&fd, 1, 60000) == 1 && counted.n_done == 0);
	store_client_dispatch(f->client);
	CHECK(counted.n_done == 1 && poll(&fd, 1, 0) == 0);
}

/* ---- order ---- */

struct watcher {
	struct fixture f;
	int64_t inbox;
	atomic_bool stop;
	unsigned n_gaps, n_looks;
};

static void on_watched(void *owner, const struct error *err, struct store_messages *messages)
{
	(void)err;
	*(struct store_messages **)owner = messages;
}

/* A UID that shows up below one that was seen before would be lost to every client. */
static void *watch(void *at)
{
	struct watcher *watcher = at;
	struct ranges seen = { 0 };

	while (!atomic_load(&watcher->stop)) {
		struct ranges all = { 0 };
		ranges_add_range(&all, 1, UINT32_MAX);
		struct store_messages *messages = NULL;
		store_message_scan(watcher->f.client, watcher->inbox, &all, 0, false, on_watched, &messages);
		store_client_wait(watcher->f.client);
		for (size_t i = 0; messages != NULL && i < messages->n; i++) {
			uint32_t uid = messages->at[i].uid;
			if (!ranges_contains(&seen, uid) && uid < ranges_last(&seen))
				watcher->n_gaps++;
			ranges_add(&seen, uid);
		}
		store_messages_destroy(messages);
		ranges_release(&all);
		watcher->n_looks++;
	}
	ranges_release(&seen);
	return NULL;
}

static void uids_become_visible_in_the_order_of_commits(struct fixture *f)
{
	int64_t user = add_user(f, "order@a.test");
	struct watcher watcher = { .f = *f, .inbox = inbox_of(f, user) };
	struct counted counted = { 0 };
	struct error err = { 0 };
	pthread_t thread;

	watcher.f.client = store_client_create(f->store, &err);
	pthread_create(&thread, NULL, watch, &watcher);
	for (int i = 0; i < 600; i++) {
		send(f, user, i % 100 == 7 ? 1100000 : 100, &counted);
		if (i % 20 == 0)
			store_client_wait(f->client);
	}
	store_client_wait(f->client);
	atomic_store(&watcher.stop, true);
	pthread_join(thread, NULL);
	store_client_destroy(watcher.f.client);
	CHECK(counted.n_failed == 0 && watcher.n_looks > 3 && watcher.n_gaps == 0);
	open_mailbox(f, user, "INBOX", false);
	CHECK(answer.snapshot->uids.n == 1 && ranges_count(&answer.snapshot->uids) == 600);
}

static void on_polled(void *owner, const struct error *err, bool changed)
{
	on_done(owner, err);
	answer.changed = changed;
}

static bool poll_says(struct fixture *f)
{
	answer_clear();
	store_poll(f->client, on_polled, f);
	wait_for(f);
	return answer.changed;
}

static void the_poll_sees_other_processes_and_not_this_one(struct fixture *f, int64_t user)
{
	poll_says(f);
	CHECK(!poll_says(f));
	deliver_to(f, 100, &user, 1);
	CHECK(!poll_says(f));
	ask(f, "UPDATE meta SET v = v + 1 WHERE k = 'created'");
	CHECK(poll_says(f));
	CHECK(!poll_says(f));
}

int main(void)
{
	struct fixture f = { .options = { .on_commit = on_commit } };

	fixture_start(&f, "writer");
	int64_t bob = add_user(&f, "bob@a.test");
	the_wait_for_the_turn_is_bounded(&f, bob);
	a_batch_that_cannot_be_written_fails_whole_and_the_next_succeeds(&f, bob);
	what_fits_of_a_failed_batch_is_written_alone(&f, bob);
	what_is_done_in_parts_outlives_the_failed_batch_it_was_in(&f, bob);
	hints_come_once_a_mailbox_and_commit(&f, bob);
	a_forgotten_request_still_happens(&f, bob);
	a_client_may_go_while_its_requests_are_under_way(&f, bob);
	the_descriptor_says_when_completions_wait(&f, bob);
	uids_become_visible_in_the_order_of_commits(&f);
	the_poll_sees_other_processes_and_not_this_one(&f, bob);
	CHECK(findings(&f) == 0);
	fixture_close(&f);
	return check_finish();
}
