/*
 * store_list: what a store holds after its disk was taken away.
 *
 *	store_list FOLDER
 *
 * Prints `finding TEXT` (of store_check), `box USER NAME FLAGS`, `queue NAME`, `bad NAME` for octets that are not the message's own; at last delivers
 * one message more, `= deliver after`, and `end`.
 */
#include <string.h>

#include "base/log.h"
#include "base/random.h"
#include "base/ranges.h"
#include "mailstore/care.h"
#include "mailstore/messages.h"
#include "mailstore/queue.h"
#include "mailstore/queue_admin.h"
#include "tests/store/letter.h"

struct reading {
	char name[NAME_LEN + 1];
	uint64_t at;
	bool is_bad;
	size_t n;
};

static void on_octets(void *owner, const struct error *err, struct bytes octets)
{
	struct reading *reading = owner;
	static char expected[STORE_READ_MAX];

	reading->n = octets.len;
	reading->is_bad |= err != NULL || (reading->at == 0 && octets.len < NAME_LEN);
	if (reading->is_bad || octets.len == 0)
		return;
	if (reading->at == 0)
		memcpy(reading->name, octets.at, NAME_LEN);
	fill(reading->name, reading->at, expected, octets.len);
	reading->is_bad |= memcmp(expected, octets.at, octets.len) != 0;
}

/* Reads a message whole; its name, or the reason to print instead. */
static const char *judged(int64_t message_id, uint64_t size, struct reading *reading)
{
	*reading = (struct reading){ .name = "unnamed" };
	while (!reading->is_bad && reading->at < size) {
		store_read(client, message_id, reading->at, STORE_READ_MAX, on_octets, reading);
		store_client_wait(client);
		if (reading->n == 0)
			reading->is_bad = true;
		reading->at += reading->n;
	}
	return reading->is_bad || reading->at != size ? "bad" : NULL;
}

static void on_messages(void *owner, const struct error *err, struct store_messages *messages)
{
	if (err == NULL)
		*(struct store_messages **)owner = messages;
}

static void list_mailbox(unsigned user)
{
	struct store_messages *messages;
	struct ranges uids = { 0 };
	struct reading reading;
	uint32_t next = 1;

	while (next != 0) {
		messages = NULL;
		ranges_clear(&uids);
		ranges_add_range(&uids, next, UINT32_MAX);
		store_message_scan(client, users[user].mailbox_id, &uids, STORE_FIELD_BODY_INFO, false, on_messages, &messages);
		store_client_wait(client);
		for (size_t i = 0; messages != NULL && i < messages->n; i++) {
			struct store_message *m = &messages->at[i];
			if (judged(m->message_id, m->size, &reading) != NULL)
				say("bad %s\n", reading.name);
			say("box user%u %s %llu\n", user, reading.name, (unsigned long long)m->flags);
		}
		next = messages == NULL ? 0 : messages->next_uid;
		store_messages_destroy(messages);
	}
	ranges_release(&uids);
}

static void on_queue(void *owner, const struct error *err, struct store_queue_listing *listing)
{
	if (err == NULL)
		*(struct store_queue_listing **)owner = listing;
}

static void list_queue(void)
{
	struct store_queue_filter all = { 0 };
	struct store_queue_listing *listing;
	struct reading reading;
	int64_t next = 0;

	do {
		listing = NULL;
		store_queue_list(client, &all, next, on_queue, &listing);
		store_client_wait(client);
		for (size_t i = 0; listing != NULL && i < listing->n; i++) {
			if (judged(listing->at[i].message_id, listing->at[i].size, &reading) != NULL)
				say("bad %s\n", reading.name);
			say("queue %s\n", reading.name);
		}
		next = listing == NULL ? 0 : listing->next_item_id;
		store_queue_listing_destroy(listing);
	} while (next != 0);
}

static void on_finding(void *owner, const char *text)
{
	(void)owner;
	say("finding %s\n", text);
}

static void on_delivered(void *owner, const struct error *err, const struct error *results, size_t n, struct store_queue_items *items)
{
	(void)owner, (void)results, (void)n;
	if (err != NULL)
		say("- deliver after %s\n", err->text);
	else
		say("= deliver after\n");
	store_queue_items_destroy(items);
}

static void deliver_one_more(void)
{
	struct store_recipient recipient = { .user_id = users[0].user_id, .address = "user0@a.test" };
	struct summary summary = { 0 };
	struct store_delivery delivery = {
		.queue_id = random_time_id(clock_now_ms()), .body = store_body_create(client, NULL, NULL), .summary = &summary, .sender = "",
		.arrived_s = clock_now_s(), .expires_s = clock_now_s() + 86400, .source = "list",
		.recipients = &recipient, .n_recipients = 1, .n_originals = 1,
	};
	bool wait;

	store_body_write(delivery.body, BYTES("one more\n"), &wait, NULL);
	store_deliver(client, &delivery, on_delivered, NULL);
	store_client_wait(client);
}

static int list(const char *folder)
{
	struct error err = { 0 };
	char name[32];

	if (store_check(folder, on_finding, NULL, &err) < 0)
		give_up("check", &err);
	open_store(folder);
	for (unsigned i = 0; i < N_USERS; i++) {
		snprintf(name, sizeof name, "user%u@a.test", i);
		store_user_get(client, bytes_text(name), on_user, &err);
		store_client_wait(client);
	}
	for (unsigned i = 0; i < n_users; i++) {
		store_mailbox_get(client, users[i].user_id, BYTES("INBOX"), on_mailbox, &users[i].mailbox_id);
		store_client_wait(client);
		list_mailbox(i);
	}
	list_queue();
	if (n_users == N_USERS)
		deliver_one_more();
	store_client_destroy(client);
	store_close(store);
	say("end\n");
	return 0;
}

int main(int argc, char **argv)
{
	log_set_fd(-1);
	if (argc != 2) {
		fprintf(stderr, "store_list FOLDER\n");
		return 64;
	}
	return list(argv[1]);
}
