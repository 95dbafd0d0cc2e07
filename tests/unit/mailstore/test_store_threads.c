#include "tests/unit/mailstore/fixture_requests.h"

#include <pthread.h>

#define N_THREADS 8
#define N_USERS 4

static int64_t users[N_USERS], inboxes[N_USERS];

struct worker {
	struct fixture f;
	pthread_t thread;
	unsigned seed, n_stored, n_failed;
};

static unsigned roll(struct worker *worker, unsigned below)
{
	worker->seed = worker->seed * 1103515245 + 12345;
	return (worker->seed >> 16) % below;
}

static void on_worker_delivered(void *owner, const struct error *err, const struct error *results, size_t n, struct store_queue_items *items)
{
	struct worker *worker = owner;
	struct store_queue_result done[4];

	(void)results, (void)n;
	worker->n_failed += err != NULL;
	worker->n_stored += err == NULL;
	for (size_t i = 0; items != NULL && i < items->n; i++)
		done[i] = (struct store_queue_result){ .item_id = items->at[i].item_id, .outcome = (enum store_queue_outcome)(roll(worker, 4)), .next_at_s = 1 };
	if (items != NULL)
		store_queue_done(worker->f.client, done, items->n, NULL, on_done, worker);
	store_queue_items_destroy(items);
}

static void on_worker_done(void *owner, const struct error *err)
{
	((struct worker *)owner)->n_failed += err != NULL;
}

static void on_worker_range(void *owner, const struct error *err, uint64_t modseq, const struct ranges *uids)
{
	(void)modseq, (void)uids;
	((struct worker *)owner)->n_failed += err != NULL;
}

static void on_worker_messages(void *owner, const struct error *err, struct store_messages *messages)
{
	((struct worker *)owner)->n_failed += err != NULL;
	store_messages_destroy(messages);
}

static void on_worker_snapshot(void *owner, const struct error *err, struct store_snapshot *snapshot)
{
	struct worker *worker = owner;

	worker->n_failed += err != NULL || ranges_count(&snapshot->uids) != snapshot->mailbox.n_messages;
	store_snapshot_destroy(snapshot);
}

static void on_worker_changes(void *owner, const struct error *err, struct store_changes *changes)
{
	((struct worker *)owner)->n_failed += err != NULL;
	store_changes_destroy(changes);
}

static void on_worker_items(void *owner, const struct error *err, struct store_queue_items *items)
{
	on_worker_delivered(owner, err, NULL, 0, items);
}

static void deliver_something(struct worker *worker)
{
	static struct summary summary;
	struct store_recipient recipients[3] = {
		{ .original = 0, .user_id = users[roll(worker, N_USERS)], .address = "a@a.test" },
		{ .original = 1, .user_id = users[roll(worker, N_USERS)], .address = "b@a.test" },
		{ .original = 2, .address = "c@elsewhere.test" },
	};
	struct store_delivery delivery = {
		.queue_id = random_time_id(clock_now_ms()), .summary = &summary, .sender = "", .arrived_s = 1, .expires_s = 2, .source = "t",
		.recipients = recipients, .n_recipients = 1 + roll(worker, 3), .n_originals = 3, .lease = roll(worker, 2), .lease_s = 5,
	};

	delivery.body = make_body(&worker->f, roll(worker, 20) == 0 ? 1500000 : roll(worker, 10000));
	store_deliver(worker->f.client, &delivery, on_worker_delivered, worker);
}

static void do_something(struct worker *worker)
{
	struct store_client *client = worker->f.client;
	size_t user = roll(worker, N_USERS);
	uint32_t uid = 1 + roll(worker, 200);
	struct ranges uids = { 0 };
	struct store_flags_change change = {
		.mailbox_id = inboxes[user], .uids = &uids, .op = (enum store_flags_op)roll(worker, 3), .bits = roll(worker, 32), .unchanged_since = UINT64_MAX,
	};

	ranges_add_range(&uids, uid, uid + roll(worker, 20));
	switch (roll(worker, 9)) {
	case 0: store_message_flags(client, &change, on_worker_range, worker); break;
	case 1: store_message_expunge(client, inboxes[user], &uids, on_worker_range, worker); break;
	case 2: store_message_scan(client, inboxes[user], &uids, ~0u, roll(worker, 2), on_worker_messages, worker); break;
	case 3: store_mailbox_open(client, users[user], BYTES("INBOX"), roll(worker, 2), on_worker_snapshot, worker); break;
	case 4: store_mailbox_changes(client, inboxes[user], roll(worker, 500), on_worker_changes, worker); break;
	case 5: store_queue_claim(client, 4, 5, on_worker_items, worker); break;
	case 6: store_maintain(client, 5, on_worker_done, worker); break;
	default: deliver_something(worker); break;
	}
	ranges_release(&uids);
}

static void *work(void *at)
{
	struct worker *worker = at;

	for (int i = 0; i < 250; i++) {
		do_something(worker);
		if (roll(worker, 8) == 0)
			store_client_wait(worker->f.client);
		else
			store_client_dispatch(worker->f.client);
	}
	store_client_wait(worker->f.client);
	return NULL;
}

int main(void)
{
	static struct worker workers[N_THREADS];
	struct fixture f = { .options = { .ephemeral = true } };
	unsigned n_stored = 0;
	char name[32];

	fixture_start(&f, "threads");
	for (int i = 0; i < N_USERS; i++) {
		snprintf(name, sizeof name, "user%d@a.test", i);
		users[i] = add_user(&f, name);
		inboxes[i] = inbox_of(&f, users[i]);
	}
	answer_clear();
	for (unsigned i = 0; i < N_THREADS; i++) {
		struct error err = { 0 };
		workers[i].f = f;
		workers[i].seed = i;
		workers[i].f.client = store_client_create(f.store, &err);
		pthread_create(&workers[i].thread, NULL, work, &workers[i]);
	}
	for (unsigned i = 0; i < N_THREADS; i++) {
		pthread_join(workers[i].thread, NULL);
		store_client_destroy(workers[i].f.client);
		CHECK(workers[i].n_failed == 0);
		n_stored += workers[i].n_stored;
	}
	CHECK(n_stored > 100);
	CHECK_ROW(findings(&f) == 0, "eight threads leave a clean store");
	fixture_close(&f);
	CHECK(findings(&f) == 0);
	return check_finish();
}
