/* fixture_requests: blocking forms of the requests on mailboxes, messages and the queue. */
#ifndef TESTS_UNIT_MAILSTORE_FIXTURE_REQUESTS_H
#define TESTS_UNIT_MAILSTORE_FIXTURE_REQUESTS_H

#include "mailstore/bodies.h"
#include "mailstore/care.h"
#include "mailstore/mailboxes.h"
#include "mailstore/messages.h"
#include "mailstore/queue.h"
#include "tests/unit/mailstore/fixture.h"

/* ---- mailboxes and messages ---- */

static inline void on_mailboxes(void *owner, const struct error *err, const struct store_mailbox *mailboxes, size_t n)
{
	on_done(owner, err);
	answer.n = n;
	for (size_t i = 0; i < n && i < ANSWER_MAX; i++) {
		answer.mailboxes[i] = mailboxes[i];
		snprintf(answer.names[i], sizeof answer.names[i], "%s", mailboxes[i].name);
	}
}

static inline void on_snapshot(void *owner, const struct error *err, struct store_snapshot *snapshot)
{
	on_done(owner, err);
	answer.snapshot = snapshot;
}

static inline enum error_kind open_mailbox(struct fixture *f, int64_t user_id, const char *name, bool take_recent)
{
	answer_clear();
	store_mailbox_open(f->client, user_id, bytes_text(name), take_recent, on_snapshot, f);
	return wait_for(f);
}

static inline int64_t inbox_of(struct fixture *f, int64_t user_id)
{
	return open_mailbox(f, user_id, "INBOX", false) == ERROR_NONE ? answer.snapshot->mailbox.mailbox_id : 0;
}

static inline void on_messages(void *owner, const struct error *err, struct store_messages *messages)
{
	on_done(owner, err);
	answer.messages = messages;
}

static inline enum error_kind scan(struct fixture *f, int64_t mailbox_id, uint32_t first, uint32_t last, unsigned fields, bool with_expunged)
{
	struct ranges uids = { 0 };

	answer_clear();
	ranges_add_range(&uids, first, last);
	store_message_scan(f->client, mailbox_id, &uids, fields, with_expunged, on_messages, f);
	ranges_release(&uids);
	return wait_for(f);
}

static inline void on_octets(void *owner, const struct error *err, struct bytes octets)
{
	on_done(owner, err);
	buffer_add_bytes(&answer.octets, octets);
}

static inline enum error_kind read_octets(struct fixture *f, int64_t message_id, uint64_t offset, size_t len)
{
	answer_clear();
	store_read(f->client, message_id, offset, len, on_octets, f);
	return wait_for(f);
}

/* Does the message hold exactly the made-up octets? */
static inline bool reads_back(struct fixture *f, int64_t message_id, size_t len)
{
	for (size_t at = 0; at <= len; at += answer.octets.len) {
		if (read_octets(f, message_id, at, STORE_READ_MAX) != ERROR_NONE)
			return false;
		if (answer.octets.len == 0)
			return at == len;
		for (size_t i = 0; i < answer.octets.len; i++)
			if (answer.octets.at[i] != made_octet(at + i))
				return false;
	}
	return false;
}

static inline void on_flags(void *owner, const struct error *err, uint64_t modseq, const struct ranges *uids)
{
	on_done(owner, err);
	answer.modseq = modseq;
	ranges_copy(&answer.uids, uids);
}

static inline enum error_kind set_flags(struct fixture *f, int64_t mailbox_id, uint32_t first, uint32_t last, enum store_flags_op op,
                                        uint64_t bits, const char *keyword, uint64_t unchanged_since)
{
	struct ranges uids = { 0 };
	struct store_flags_change change = {
		.mailbox_id = mailbox_id, .uids = &uids, .op = op, .bits = bits, .keywords = &keyword, .n_keywords = keyword != NULL,
		.unchanged_since = unchanged_since,
	};

	answer_clear();
	ranges_add_range(&uids, first, last);
	store_message_flags(f->client, &change, on_flags, f);
	ranges_release(&uids);
	return wait_for(f);
}

static inline enum error_kind add_flags(struct fixture *f, int64_t mailbox_id, uint32_t first, uint32_t last, uint64_t bits)
{
	return set_flags(f, mailbox_id, first, last, STORE_FLAGS_ADD, bits, NULL, UINT64_MAX);
}

static inline enum error_kind expunge(struct fixture *f, int64_t mailbox_id)
{
	answer_clear();
	store_message_expunge(f->client, mailbox_id, NULL, on_flags, f);
	return wait_for(f);
}

static inline void on_changes(void *owner, const struct error *err, struct store_changes *changes)
{
	on_done(owner, err);
	answer.changes = changes;
}

static inline enum error_kind changes_since(struct fixture *f, int64_t mailbox_id, uint64_t since)
{
	answer_clear();
	store_mailbox_changes(f->client, mailbox_id, since, on_changes, f);
	return wait_for(f);
}

static inline void on_appended(void *owner, const struct error *err, uint32_t uidvalidity, const struct ranges *uids)
{
	on_done(owner, err);
	answer.uidvalidity = uidvalidity;
	if (uids != NULL)
		ranges_copy(&answer.uids, uids);
}

/* ---- queue and care ---- */

static inline void on_items(void *owner, const struct error *err, struct store_queue_items *items)
{
	on_done(owner, err);
	answer.items = items;
}

static inline enum error_kind claim(struct fixture *f, size_t max, int64_t lease_s)
{
	answer_clear();
	store_queue_claim(f->client, max, lease_s, on_items, f);
	return wait_for(f);
}

static inline enum error_kind finish(struct fixture *f, int64_t item_id, enum store_queue_outcome outcome, int64_t next_at_s)
{
	struct store_queue_result result = { .item_id = item_id, .outcome = outcome, .next_at_s = next_at_s, .status = "451 later" };

	answer_clear();
	store_queue_done(f->client, &result, 1, NULL, on_done, f);
	return wait_for(f);
}

static inline enum error_kind maintain(struct fixture *f)
{
	answer_clear();
	store_maintain(f->client, 1000, on_done, f);
	return wait_for(f);
}

#endif
