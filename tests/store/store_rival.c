/*
 * store_rival: one of several processes at the INBOX of user0 in a store that store_load made.
 *
 *	store_rival FOLDER hammer BIT SECONDS    sets and clears one flag bit, appends now and then; `modseq N` for each change, `ops N` at last
 *	store_rival FOLDER watch SECONDS         follows the changes as a session does
 *	store_rival FOLDER once                  one change: `done MS` or `refused MS KIND: TEXT`
 *	store_rival FOLDER slowread              reads the largest message piece by piece, two seconds long: `reading`, then `read`
 *	store_rival FOLDER expunge               removes the largest message and lets the reaper look: `expunged`
 *
 * `problem TEXT` for whatever must not be.
 */
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/ranges.h"
#include "mailstore/care.h"
#include "mailstore/messages.h"
#include "tests/store/letter.h"

#define N_SHARED 8                      /* messages whose flags both change */
#define WATCH_MS 5
#define PIECES 20

static struct error failure;
static uint64_t modseq;
static struct store_messages *messages;
static struct store_changes *changes;

static void on_flags(void *owner, const struct error *err, uint64_t at, const struct ranges *uids)
{
	(void)owner, (void)uids;
	failure = err != NULL ? *err : (struct error){ 0 };
	modseq = at;
}

static void on_appended(void *owner, const struct error *err, uint32_t uidvalidity, const struct ranges *uids)
{
	(void)owner, (void)uidvalidity, (void)uids;
	failure = err != NULL ? *err : (struct error){ 0 };
}

static void on_messages(void *owner, const struct error *err, struct store_messages *found)
{
	(void)owner;
	failure = err != NULL ? *err : (struct error){ 0 };
	messages = found;
}

static void on_changes(void *owner, const struct error *err, struct store_changes *found)
{
	(void)owner;
	failure = err != NULL ? *err : (struct error){ 0 };
	changes = found;
}

static void scan(uint32_t first, uint32_t last)
{
	struct ranges uids = { 0 };

	store_messages_destroy(messages);
	messages = NULL;
	ranges_add_range(&uids, first, last);
	store_message_scan(client, users[0].mailbox_id, &uids, 0, false, on_messages, NULL);
	store_client_wait(client);
	ranges_release(&uids);
}

static void change_flags(uint32_t uid, enum store_flags_op op, uint64_t bits)
{
	struct ranges uids = { 0 };
	struct store_flags_change change = { .mailbox_id = users[0].mailbox_id, .uids = &uids, .op = op, .bits = bits, .unchanged_since = UINT64_MAX };

	ranges_add(&uids, uid);
	store_message_flags(client, &change, on_flags, NULL);
	store_client_wait(client);
	ranges_release(&uids);
}

/* Nobody else touches this bit: it must be as we left it, whatever the rival did to the others. */
static void expect_flag(uint32_t uid, uint64_t bit, bool is_set)
{
	scan(uid, uid);
	if (messages == NULL || messages->n != 1)
		say("problem message %u is gone\n", uid);
	else if (((messages->at[0].flags & bit) != 0) != is_set)
		say("problem an update of message %u was lost\n", uid);
}

static void append_one(void)
{
	struct store_body *body = store_body_create(client, NULL, NULL);
	struct summary summary = { 0 };
	struct store_append_item item = { .body = body, .summary = &summary, .internal_date_s = clock_now_s() };
	bool wait;

	store_body_write(body, BYTES("a message\n"), &wait, NULL);
	store_append(client, users[0].user_id, BYTES("INBOX"), &item, 1, on_appended, NULL);
	store_client_wait(client);
}

static void hammer(uint64_t bit, int64_t for_ms)
{
	int64_t end_ms = clock_monotonic_ms() + for_ms;
	unsigned long n = 0;

	scan(1, UINT32_MAX);
	uint32_t shared[N_SHARED], n_shared = 0;
	for (size_t i = 0; messages != NULL && i < messages->n && n_shared < N_SHARED; i++)
		shared[n_shared++] = messages->at[i].uid;
	/* who was here before may have left the bit: setting it again would be no change */
	for (size_t i = 0; i < n_shared; i++)
		change_flags(shared[i], STORE_FLAGS_REMOVE, bit);
	for (; clock_monotonic_ms() < end_ms && n_shared > 0; n++) {
		uint32_t uid = shared[n / 2 % n_shared];
		change_flags(uid, n % 2 == 0 ? STORE_FLAGS_ADD : STORE_FLAGS_REMOVE, bit);
		if (failure.kind != ERROR_NONE) {
			say("refused %s: %s\n", error_kind_name(failure.kind), failure.text);
			continue;
		}
		say("modseq %llu\n", (unsigned long long)modseq);
		expect_flag(uid, bit, n % 2 == 0);
		if (n % 16 == 0)
			append_one();
	}
	say("ops %lu\n", n);
}

static void watch(int64_t for_ms)
{
	const struct timespec pause = { .tv_nsec = WATCH_MS * 1000000 };
	int64_t end_ms = clock_monotonic_ms() + for_ms;
	uint64_t since = 1;
	uint32_t highest = 0;

	while (clock_monotonic_ms() < end_ms) {
		changes = NULL;
		store_mailbox_changes(client, users[0].mailbox_id, since, on_changes, NULL);
		store_client_wait(client);
		if (changes == NULL) {
			say("problem no changes: %s\n", failure.text);
			return;
		}
		/* the last of those that were there may be expunged already */
		if (since == 1)
			highest = changes->mailbox.uidnext - 1;
		uint32_t before = highest;
		if (changes->mailbox.modseq < since)
			say("problem the modseq fell\n");
		for (size_t i = 0; i < changes->n; i++) {
			const struct store_message *m = &changes->at[i];
			if (m->modseq <= since && since > 1)
				say("problem message %u has modseq %llu after %llu was told\n", m->uid, (unsigned long long)m->modseq, (unsigned long long)since);
			if (m->uid > highest)
				highest = m->uid;
		}
		/* without gaps: a UID that came later than a higher one would have been passed over */
		if (highest > before)
			scan(before + 1, highest);
		if (before > 0 && highest > before && messages != NULL && messages->n != highest - before)
			say("problem between %u and %u only %zu messages are there\n", before, highest, messages->n);
		since = changes->mailbox.modseq;
		store_changes_destroy(changes);
		nanosleep(&pause, NULL);
	}
}

static void once(void)
{
	int64_t start_ms = clock_monotonic_ms();

	scan(1, UINT32_MAX);
	if (messages == NULL || messages->n == 0)
		return;
	change_flags(messages->at[0].uid, STORE_FLAGS_ADD, STORE_ANSWERED);
	long long ms = clock_monotonic_ms() - start_ms;
	if (failure.kind == ERROR_NONE)
		say("done %lld\n", ms);
	else
		say("refused %lld %s: %s\n", ms, error_kind_name(failure.kind), failure.text);
}

static const struct store_message *largest(void)
{
	const struct store_message *best = NULL;

	scan(1, UINT32_MAX);
	for (size_t i = 0; messages != NULL && i < messages->n; i++)
		if (best == NULL || messages->at[i].size > best->size)
			best = &messages->at[i];
	return best;
}

static void on_octets(void *owner, const struct error *err, struct bytes octets)
{
	failure = err != NULL ? *err : (struct error){ 0 };
	buffer_add_bytes(owner, octets);
}

static void slow_read(void)
{
	const struct timespec pause = { .tv_nsec = 100000000 };
	const struct store_message *message = largest();
	struct buffer whole = { 0 };

	if (message == NULL)
		return;
	size_t piece = message->size / PIECES + 1;
	say("reading\n");
	for (uint64_t at = 0; at < message->size; at += piece) {
		store_read(client, message->message_id, at, piece, on_octets, &whole);
		store_client_wait(client);
		if (failure.kind != ERROR_NONE) {
			say("problem after %llu octets: %s\n", (unsigned long long)at, failure.text);
			return;
		}
		nanosleep(&pause, NULL);
	}
	char name[NAME_LEN + 1] = "";
	char *expected = xmalloc(whole.len + 1);
	memcpy(name, whole.at, NAME_LEN);
	fill(name, 0, expected, whole.len);
	say(whole.len == message->size && memcmp(expected, whole.at, whole.len) == 0 ? "read\n" : "problem other octets\n");
	free(expected);
	buffer_release(&whole);
}

static void on_maintained(void *owner, const struct error *err)
{
	(void)owner;
	if (err != NULL)
		say("problem maintenance: %s\n", err->text);
}

static void expunge_largest(void)
{
	const struct store_message *message = largest();
	struct ranges uids = { 0 };

	if (message == NULL)
		return;
	ranges_add(&uids, message->uid);
	change_flags(message->uid, STORE_FLAGS_ADD, STORE_DELETED);
	store_message_expunge(client, users[0].mailbox_id, &uids, on_flags, NULL);
	store_client_wait(client);
	for (int i = 0; i < 20; i++) {
		store_maintain(client, 50, on_maintained, NULL);
		store_client_wait(client);
	}
	say(failure.kind == ERROR_NONE ? "expunged\n" : "problem expunge: %s\n", failure.text);
	ranges_release(&uids);
}

int main(int argc, char **argv)
{
	struct error err = { 0 };

	log_set_fd(-1);
	if (argc < 3) {
		fprintf(stderr, "store_rival FOLDER hammer BIT SECONDS | watch SECONDS | once | slowread | expunge\n");
		return 64;
	}
	open_store(argv[1]);
	store_user_get(client, BYTES("user0@a.test"), on_user, &err);
	store_client_wait(client);
	store_mailbox_get(client, users[0].user_id, BYTES("INBOX"), on_mailbox, &users[0].mailbox_id);
	store_client_wait(client);
	if (strcmp(argv[2], "hammer") == 0 && argc == 5)
		hammer(strtoul(argv[3], NULL, 10), strtol(argv[4], NULL, 10) * 1000);
	else if (strcmp(argv[2], "watch") == 0 && argc == 4)
		watch(strtol(argv[3], NULL, 10) * 1000);
	else if (strcmp(argv[2], "once") == 0)
		once();
	else if (strcmp(argv[2], "slowread") == 0)
		slow_read();
	else if (strcmp(argv[2], "expunge") == 0)
		expunge_largest();
	store_messages_destroy(messages);
	store_client_destroy(client);
	store_close(store);
	return 0;
}
