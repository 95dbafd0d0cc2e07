/*
 * fixture: a fresh store in a folder of its own, and blocking forms of the requests.  All in the header, because each
 * test is one program of one object.  The last answer is kept in `answer`.
 */
#ifndef TESTS_UNIT_MAILSTORE_FIXTURE_H
#define TESTS_UNIT_MAILSTORE_FIXTURE_H

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/random.h"
#include "database/database.h"
#include "database/database_statement.h"
#include "mailstore/bodies.h"
#include "mailstore/care.h"
#include "mailstore/deliver.h"
#include "mailstore/mailboxes.h"
#include "mailstore/messages.h"
#include "mailstore/queue.h"
#include "mailstore/users.h"
#include "tests/support/check.h"

struct fixture {
	char data_dir[512];
	struct store_options options;
	struct store *store;
	struct store_client *client;
};

#define ANSWER_MAX 64

static struct {
	struct error error;             /* kind NONE = done */
	struct store_user user;         /* without its name */
	size_t n;                       /* users, results, targets or mailboxes */
	struct error results[ANSWER_MAX];
	struct store_queue_items *items;
	enum store_resolution resolution;
	struct store_target targets[ANSWER_MAX];
	struct store_mailbox mailboxes[ANSWER_MAX];
	char names[ANSWER_MAX][64];     /* of users, targets or mailboxes */
	struct store_snapshot *snapshot;
	struct store_messages *messages;
	struct store_changes *changes;
	uint64_t modseq;
	uint32_t uidvalidity;
	struct ranges uids;
	struct buffer octets;
	bool changed;
} answer;

/* Release the last answer. */
static inline void answer_clear(void)
{
	store_queue_items_destroy(answer.items);
	store_snapshot_destroy(answer.snapshot);
	store_messages_destroy(answer.messages);
	store_changes_destroy(answer.changes);
	ranges_release(&answer.uids);
	buffer_release(&answer.octets);
	memset(&answer, 0, sizeof answer);
}

static inline enum error_kind wait_for(struct fixture *f)
{
	store_client_wait(f->client);
	return answer.error.kind;
}

static inline void on_done(void *owner, const struct error *err)
{
	(void)owner;
	if (err != NULL)
		answer.error = *err;
}

static inline void give_up(const char *what, const struct error *err)
{
	fprintf(stderr, "%s: %s\n", what, err->text);
	exit(2);
}

/* Open the store that lies in f->data_dir, with f->options. */
static inline void fixture_open(struct fixture *f)
{
	struct error err = { 0 };

	f->options.data_dir = f->data_dir;
	f->store = store_open(&f->options, &err);
	if (f->store == NULL)
		give_up("store_open", &err);
	f->client = store_client_create(f->store, &err);
}

static inline void fixture_close(struct fixture *f)
{
	answer_clear();
	store_client_destroy(f->client);
	store_close(f->store);
}

/* A new store with the domain a.test; f->options may be set before. */
static inline void fixture_start(struct fixture *f, const char *name)
{
	struct error err = { 0 };

	log_set_fd(-1);
	snprintf(f->data_dir, sizeof f->data_dir, "%s/%s", check_folder(), name);
	f->options.data_dir = f->data_dir;
	if (f->options.reserve == 0)
		f->options.reserve = 1;
	if (!store_create(&f->options, &err))
		give_up("store_create", &err);
	fixture_open(f);
	store_domain_add(f->client, BYTES("a.test"), false, on_done, f);
	if (wait_for(f) != ERROR_NONE)
		give_up("store_domain_add", &answer.error);
}

/* ---- users and addresses ---- */

static inline void on_users(void *owner, const struct error *err, const struct store_user *users, size_t n)
{
	on_done(owner, err);
	answer.n = n;
	for (size_t i = 0; i < n && i < ANSWER_MAX; i++)
		snprintf(answer.names[i], sizeof answer.names[i], "%s", users[i].name);
	if (n > 0)
		answer.user = users[0];
	answer.user.name = NULL;
}

/* Returns the id. */
static inline int64_t add_user(struct fixture *f, const char *name)
{
	answer_clear();
	store_user_create(f->client, bytes_text(name), NULL, on_users, f);
	wait_for(f);
	return answer.user.user_id;
}

static inline enum error_kind get_user(struct fixture *f, const char *name)
{
	answer_clear();
	store_user_get(f->client, bytes_text(name), on_users, f);
	return wait_for(f);
}

static inline void on_resolved(void *owner, const struct error *err, enum store_resolution resolution, const struct store_target *targets, size_t n)
{
	on_done(owner, err);
	answer.resolution = resolution;
	answer.n = n;
	for (size_t i = 0; i < n && i < ANSWER_MAX; i++) {
		answer.targets[i] = targets[i];
		snprintf(answer.names[i], sizeof answer.names[i], "%s", targets[i].address);
	}
}

static inline enum error_kind resolve(struct fixture *f, const char *address)
{
	answer_clear();
	store_resolve(f->client, bytes_text(address), on_resolved, f);
	return wait_for(f);
}

/* ---- delivery ---- */

/* The octet at this place of every made-up message. */
static inline char made_octet(size_t at)
{
	return (char)('a' + (at * 7 + at / 251) % 26);
}

static inline void write_made(struct fixture *f, struct store_body *body, size_t len)
{
	char block[8192];
	struct error err = { 0 };
	bool wait;

	for (size_t at = 0; at < len;) {
		size_t n = len - at < sizeof block ? len - at : sizeof block;
		for (size_t i = 0; i < n; i++)
			block[i] = made_octet(at + i);
		if (!store_body_write(body, bytes_of(block, n), &wait, &err))
			return;
		if (wait)
			store_client_wait(f->client);
		at += n;
	}
}

static inline void on_ready(void *owner)
{
	(void)owner;
}

static inline struct store_body *make_body(struct fixture *f, size_t len)
{
	struct store_body *body = store_body_create(f->client, on_ready, f);

	write_made(f, body, len);
	return body;
}

static inline void on_delivered(void *owner, const struct error *err, const struct error *results, size_t n, struct store_queue_items *items)
{
	on_done(owner, err);
	answer.n = n;
	for (size_t i = 0; i < n && i < ANSWER_MAX; i++)
		answer.results[i] = results[i];
	answer.items = items;
}

static inline enum error_kind deliver(struct fixture *f, const struct store_delivery *delivery)
{
	answer_clear();
	store_deliver(f->client, delivery, on_delivered, f);
	return wait_for(f);
}

/* The fields every test delivery shares.  The summary lives as long as the program. */
static inline struct store_delivery a_delivery(struct fixture *f, size_t len, const struct store_recipient *recipients, size_t n)
{
	static struct summary summary;

	if (summary.envelope.len == 0) {
		buffer_add_text(&summary.envelope, "an envelope");
		buffer_add_text(&summary.structure, "a structure");
		buffer_add_text(&summary.sortkeys, "sort keys");
		summary.header_len = 40;
		summary.sent_s = 1700000000;
	}
	return (struct store_delivery){
		.queue_id = random_time_id(clock_now_ms()), .body = make_body(f, len), .summary = &summary, .sender = "sender@b.test",
		.arrived_s = clock_now_s(), .expires_s = clock_now_s() + 86400, .source = "test",
		.recipients = recipients, .n_recipients = n, .n_originals = n,
	};
}

static inline enum error_kind deliver_to(struct fixture *f, size_t len, const int64_t *user_ids, size_t n)
{
	struct store_recipient recipients[ANSWER_MAX];

	for (size_t i = 0; i < n; i++)
		recipients[i] = (struct store_recipient){ .original = i, .user_id = user_ids[i], .address = "someone@a.test" };
	struct store_delivery delivery = a_delivery(f, len, recipients, n);
	return deliver(f, &delivery);
}

static inline enum error_kind deliver_remote(struct fixture *f, const char *address, bool lease, int64_t lease_s)
{
	struct store_recipient recipient = { .address = address };
	struct store_delivery delivery = a_delivery(f, 100, &recipient, 1);

	delivery.lease = lease;
	delivery.lease_s = lease_s;
	return deliver(f, &delivery);
}

/* ---- the store as a whole ---- */

static inline void on_finding(void *owner, const char *text)
{
	(void)owner;
	fprintf(stderr, "  finding: %s\n", text);
}

/* store_check's answer; 0 = clean. */
static inline int findings(struct fixture *f)
{
	struct error err = { 0 };
	int n = store_check(f->data_dir, on_finding, f, &err);

	if (n < 0)
		fprintf(stderr, "  store_check: %s\n", err.text);
	return n;
}

/* One statement on a connection of its own; its first value, -1 when there is none. */
static inline int64_t ask(struct fixture *f, const char *sql)
{
	char *path = xprintf("%s/shard0.db", f->data_dir);
	struct database_options options = { .path = path, .mode = DATABASE_WRITE, .synchronous_off = true };
	struct error err = { 0 };
	struct database *db = database_open(&options, &err);

	if (db == NULL)
		give_up(path, &err);
	int64_t value = database_statement_one(database_statement_begin(db, sql), -1);
	if (database_failed(db))
		give_up(sql, database_error(db));
	database_close(db);
	free(path);
	return value;
}

static inline size_t n_body_files(const struct fixture *f)
{
	char path[600];
	size_t n = 0;

	for (unsigned i = 0; i < 256; i++) {
		snprintf(path, sizeof path, "%s/bodies/%02x", f->data_dir, i);
		DIR *folder = opendir(path);
		for (struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;)
			n += entry->d_name[0] != '.';
		if (folder != NULL)
			closedir(folder);
	}
	return n;
}

#endif
