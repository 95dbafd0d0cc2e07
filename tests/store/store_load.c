/*
 * store_load: uses a new store and says what it believes, for the tests that take its disk away.
 *
 *	store_load FOLDER SEED COUNT [packed]        COUNT random operations, several at once; bodies packed
 *
 * Prints `+ VERB NAME WHERE…` when it asks for something, `= VERB NAME` when the store said it is done, `- VERB NAME WHY` when
 * it said no.  Verbs: deliver append flag expunge queue relay.  Packed, a run of 2,000 or more has trained a dictionary at its middle: `trained`.
 */
#include <poll.h>
#include <string.h>

#include "base/log.h"
#include "base/random.h"
#include "base/ranges.h"
#include "mailstore/messages.h"
#include "mailstore/queue.h"
#include "mailstore/store_dictionary.h"
#include "mailstore/store_open.h"
#include "tests/store/letter.h"

#define N_AT_ONCE 8
#define WAIT_MS 10000
#define TRAINS_FROM 2000                /* operations */
#define DICTIONARY_WAIT_MS 120000
#define LETTERS_MAX 4096

static unsigned n_under_way;

static struct letter {
	char name[NAME_LEN + 1];
	unsigned user;
	uint32_t uid;                   /* appended ones */
	int64_t item_id;                /* queued ones */
	bool is_queued, is_busy, is_gone;
} letters[LETTERS_MAX];
static unsigned n_letters;

static uint32_t chance(uint32_t below)
{
	return (uint32_t)random() % below;
}

static size_t random_size(void)
{
	uint32_t kind = chance(100);

	return kind < 2 ? 1100000 + chance(300000) : kind < 12 ? 60000 + chance(100000) : 500 + chance(6000);
}

static void on_ready(void *owner)
{
	(void)owner;
}

static struct store_body *body_of(const char *name)
{
	struct store_body *body = store_body_create(client, on_ready, NULL);
	size_t size = random_size();
	char block[16384];
	bool wait;

	for (size_t at = 0; at < size; at += sizeof block) {
		size_t n = size - at < sizeof block ? size - at : sizeof block;
		fill(name, at, block, n);
		if (!store_body_write(body, bytes_of(block, n), &wait, NULL))
			break;
		if (wait)
			store_client_wait(client);
	}
	return body;
}

static const struct summary *a_summary(void)
{
	static struct summary summary;

	if (summary.envelope.len == 0) {
		struct summary_builder *builder = summary_builder_create();
		summary_builder_feed(builder, BYTES("Subject: a letter\r\n\r\n"));
		summary_builder_finish(builder, &summary);
		summary_builder_destroy(builder);
	}
	return &summary;
}

/* ---- operations: each ends in one of these two ---- */

static void over(const char *verb, struct letter *letter, const struct error *err)
{
	n_under_way--;
	letter->is_busy = false;
	if (err == NULL)
		say("= %s %s\n", verb, letter->name);
	else
		say("- %s %s %s: %s\n", verb, letter->name, error_kind_name(err->kind), err->text);
}

static struct letter *new_letter(void)
{
	struct letter *letter = &letters[n_letters];

	snprintf(letter->name, sizeof letter->name, "m%07u", n_letters++);
	letter->is_busy = true;
	letter->is_gone = true;         /* until it is known where it lies */
	n_under_way++;
	return letter;
}

static void on_delivered(void *owner, const struct error *err, const struct error *results, size_t n, struct store_queue_items *items)
{
	struct letter *letter = owner;

	(void)results, (void)n;
	over(letter->is_queued ? "queue" : "deliver", letter, err);
	if (err == NULL && items != NULL && items->n > 0) {
		letter->item_id = items->at[0].item_id;
		letter->is_gone = false;
	}
	store_queue_items_destroy(items);
}

static void deliver(bool is_remote)
{
	struct letter *letter = new_letter();
	unsigned first = chance(N_USERS), n = is_remote ? 1 : 1 + chance(2);
	struct store_recipient recipients[2];

	letter->is_queued = is_remote;
	for (unsigned i = 0; i < n; i++)
		recipients[i] = (struct store_recipient){ .original = i, .user_id = is_remote ? 0 : users[(first + i) % N_USERS].user_id,
		                                          .address = is_remote ? "bob@b.test" : "user@a.test" };
	struct store_delivery delivery = {
		.queue_id = random_time_id(clock_now_ms()), .body = body_of(letter->name), .summary = a_summary(), .sender = "load@a.test",
		.arrived_s = clock_now_s(), .expires_s = clock_now_s() + 86400, .source = "load", .lease = is_remote, .lease_s = 3600,
		.recipients = recipients, .n_recipients = n, .n_originals = n,
	};
	if (is_remote)
		say("+ queue %s\n", letter->name);
	else
		say(n == 2 ? "+ deliver %s user%u user%u\n" : "+ deliver %s user%u\n", letter->name, first, (first + 1) % N_USERS);
	store_deliver(client, &delivery, on_delivered, letter);
}

static void on_appended(void *owner, const struct error *err, uint32_t uidvalidity, const struct ranges *uids)
{
	struct letter *letter = owner;

	(void)uidvalidity;
	if (err == NULL) {
		letter->uid = uids->at[0].first;
		letter->is_gone = false;
	}
	over("append", letter, err);
}

static void append(void)
{
	struct letter *letter = new_letter();

	letter->user = chance(N_USERS);
	struct store_append_item item = { .body = body_of(letter->name), .summary = a_summary(), .internal_date_s = clock_now_s() };
	say("+ append %s user%u\n", letter->name, letter->user);
	store_append(client, users[letter->user].user_id, BYTES("INBOX"), &item, 1, on_appended, letter);
}

/* A letter nobody works on that was appended, or queued; NULL when chance finds none. */
static struct letter *some_letter(bool is_queued)
{
	for (int tries = 0; tries < 50 && n_letters > 0; tries++) {
		struct letter *letter = &letters[chance(n_letters)];
		if (!letter->is_busy && !letter->is_gone && (is_queued ? letter->item_id != 0 : letter->uid != 0)) {
			letter->is_busy = true;
			n_under_way++;
			return letter;
		}
	}
	return NULL;
}

static void change_flags(struct letter *letter, uint64_t bits, store_flags_fn *done)
{
	struct ranges uids = { 0 };
	struct store_flags_change change = { .mailbox_id = users[letter->user].mailbox_id, .uids = &uids, .op = STORE_FLAGS_ADD, .bits = bits,
	                                     .unchanged_since = UINT64_MAX };

	ranges_add(&uids, letter->uid);
	store_message_flags(client, &change, done, letter);
	ranges_release(&uids);
}

static void on_flagged(void *owner, const struct error *err, uint64_t modseq, const struct ranges *modified)
{
	(void)modseq, (void)modified;
	over("flag", owner, err);
}

static void on_expunged(void *owner, const struct error *err, uint64_t modseq, const struct ranges *uids)
{
	(void)modseq, (void)uids;
	over("expunge", owner, err);
}

static void on_deleted(void *owner, const struct error *err, uint64_t modseq, const struct ranges *modified)
{
	struct letter *letter = owner;
	struct ranges uids = { 0 };

	(void)modseq, (void)modified;
	if (err != NULL) {
		over("expunge", letter, err);
		return;
	}
	letter->is_gone = true;
	ranges_add(&uids, letter->uid);
	store_message_expunge(client, users[letter->user].mailbox_id, &uids, on_expunged, letter);
	ranges_release(&uids);
}

static void on_relayed(void *owner, const struct error *err)
{
	over("relay", owner, err);
}

static void relay(struct letter *letter)
{
	struct store_queue_result result = { .item_id = letter->item_id, .outcome = STORE_QUEUE_DELIVERED, .status = "250 ok", .remote = "b.test" };

	letter->is_gone = true;
	say("+ relay %s\n", letter->name);
	store_queue_done(client, &result, 1, NULL, on_relayed, letter);
}

static void start_one(void)
{
	uint32_t kind = chance(100);
	struct letter *letter = kind < 60 ? NULL : some_letter(kind >= 90);

	if (letter == NULL && kind % 4 == 0)
		deliver(true);
	else if (letter == NULL && kind % 4 < 3)
		deliver(false);
	else if (letter == NULL)
		append();
	else if (kind >= 90)
		relay(letter);
	else if (kind >= 75) {
		say("+ expunge %s\n", letter->name);
		change_flags(letter, STORE_DELETED, on_deleted);
	} else {
		say("+ flag %s\n", letter->name);
		change_flags(letter, STORE_FLAGGED, on_flagged);
	}
}

/* ---- a store and its users ---- */

static void make_store(const char *folder, bool packs)
{
	struct store_options options = { .data_dir = folder, .reserve = 1 };
	struct error err = { 0 };
	char name[32];

	if (!store_create(&options, &err))
		give_up("make a store", &err);
	open_store_to(folder, packs);
	store_domain_add(client, BYTES("a.test"), false, on_done, &err);
	for (unsigned i = 0; i < N_USERS; i++) {
		snprintf(name, sizeof name, "user%u@a.test", i);
		store_user_create(client, bytes_text(name), NULL, on_user, &err);
	}
	store_client_wait(client);
	for (unsigned i = 0; i < n_users; i++)
		store_mailbox_get(client, users[i].user_id, BYTES("INBOX"), on_mailbox, &users[i].mailbox_id);
	store_client_wait(client);
	if (n_users < N_USERS)
		give_up("make users", &err);
	say("ready\n");
}

/* The letters of the second half are packed with it. */
static void wait_for_dictionary(void)
{
	struct error none = { 0 };

	store_client_wait(client);
	for (int i = 0; i < DICTIONARY_WAIT_MS / 10 && store_dictionaries_newest(store->dictionaries) == NULL; i++)
		poll(NULL, 0, 10);
	if (store_dictionaries_newest(store->dictionaries) == NULL)
		give_up("train a dictionary", &none);
	say("trained\n");
}

static int load(const char *folder, unsigned long count, bool packs)
{
	struct pollfd wake = { .events = POLLIN };
	bool has_trained = false;

	make_store(folder, packs);
	wake.fd = store_client_fd(client);
	for (unsigned long i = 0; i < count && n_letters < LETTERS_MAX;) {
		for (; i < count && n_under_way < N_AT_ONCE && n_letters < LETTERS_MAX; i++)
			start_one();
		if (poll(&wake, 1, WAIT_MS) == 0) {
			say("nothing was answered for %d ms\n", WAIT_MS);
			return 1;
		}
		store_client_dispatch(client);
		if (packs && count >= TRAINS_FROM && i >= count / 2 && !has_trained) {
			wait_for_dictionary();
			has_trained = true;
		}
	}
	store_client_wait(client);
	store_client_destroy(client);
	store_close(store);
	return 0;
}

int main(int argc, char **argv)
{
	log_set_fd(-1);
	bool packs = argc == 5 && strcmp(argv[4], "packed") == 0;
	if (argc != 4 && !packs) {
		fprintf(stderr, "store_load FOLDER SEED COUNT [packed]\n");
		return 64;
	}
	srandom((unsigned)strtoul(argv[2], NULL, 10));
	return load(argv[1], strtoul(argv[3], NULL, 10), packs);
}
