/* fixture_mailboxes: blocking forms of the requests that make, change and fill mailboxes. */
#ifndef TESTS_UNIT_MAILSTORE_FIXTURE_MAILBOXES_H
#define TESTS_UNIT_MAILSTORE_FIXTURE_MAILBOXES_H

#include "tests/unit/mailstore/fixture_requests.h"

static inline enum error_kind create_mailbox(struct fixture *f, int64_t user_id, const char *name, unsigned special_use)
{
	answer_clear();
	store_mailbox_create(f->client, user_id, bytes_text(name), special_use, on_mailboxes, f);
	return wait_for(f);
}

static inline enum error_kind rename_mailbox(struct fixture *f, int64_t user_id, const char *from, const char *to)
{
	answer_clear();
	store_mailbox_rename(f->client, user_id, bytes_text(from), bytes_text(to), on_done, f);
	return wait_for(f);
}

static inline void on_deleted(void *owner, const struct error *err, int64_t mailbox_id)
{
	on_done(owner, err);
	answer.n = (size_t)mailbox_id;
}

static inline enum error_kind delete_mailbox(struct fixture *f, int64_t user_id, const char *name)
{
	answer_clear();
	store_mailbox_delete(f->client, user_id, bytes_text(name), on_deleted, f);
	return wait_for(f);
}

static inline enum error_kind subscribe(struct fixture *f, int64_t user_id, const char *name, bool subscribed)
{
	answer_clear();
	store_mailbox_subscribe(f->client, user_id, bytes_text(name), subscribed, on_done, f);
	return wait_for(f);
}

/* The mailbox as it is now; mailbox_id 0 when there is none. */
static inline struct store_mailbox get_mailbox(struct fixture *f, int64_t user_id, const char *name)
{
	answer_clear();
	store_mailbox_get(f->client, user_id, bytes_text(name), on_mailboxes, f);
	return wait_for(f) == ERROR_NONE ? answer.mailboxes[0] : (struct store_mailbox){ 0 };
}

/* "INBOX Drafts …" in the order of the list. */
static inline const char *list_mailboxes(struct fixture *f, int64_t user_id)
{
	static char text[4096];

	answer_clear();
	store_mailbox_list(f->client, user_id, on_mailboxes, f);
	wait_for(f);
	text[0] = '\0';
	for (size_t i = 0; i < answer.n && i < ANSWER_MAX; i++)
		snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", i > 0 ? " " : "", answer.names[i]);
	return text;
}

/* What the last copy or move answered. */
static struct {
	int64_t mailbox_id;
	uint32_t uidvalidity;
	uint64_t modseq, from_modseq;
	struct ranges from, to;
} copied;

static inline void on_copied(void *owner, const struct error *err, const struct store_copied *result)
{
	on_done(owner, err);
	ranges_clear(&copied.from);
	ranges_clear(&copied.to);
	if (result == NULL)
		return;
	copied.mailbox_id = result->mailbox_id;
	copied.uidvalidity = result->uidvalidity;
	copied.modseq = result->modseq;
	copied.from_modseq = result->from_modseq;
	ranges_copy(&copied.from, result->from);
	ranges_copy(&copied.to, result->to);
}

static inline void copied_release(void)
{
	ranges_release(&copied.from);
	ranges_release(&copied.to);
}

static inline enum error_kind transfer(struct fixture *f, int64_t user_id, int64_t mailbox_id, const struct ranges *uids, const char *to, bool is_move)
{
	answer_clear();
	if (is_move)
		store_message_move(f->client, user_id, mailbox_id, uids, bytes_text(to), on_copied, f);
	else
		store_message_copy(f->client, user_id, mailbox_id, uids, bytes_text(to), on_copied, f);
	return wait_for(f);
}

static inline enum error_kind transfer_range(struct fixture *f, int64_t user_id, int64_t mailbox_id, uint32_t first, uint32_t last, const char *to, bool is_move)
{
	struct ranges uids = { 0 };

	ranges_add_range(&uids, first, last);
	enum error_kind kind = transfer(f, user_id, mailbox_id, &uids, to, is_move);
	ranges_release(&uids);
	return kind;
}

/* "1:3,5" */
static inline const char *show(const struct ranges *set)
{
	static char texts[2][256];
	static unsigned which;
	char *text = texts[which++ % 2];

	text[0] = '\0';
	for (size_t i = 0; i < set->n; i++) {
		size_t at = strlen(text);
		if (set->at[i].first == set->at[i].last)
			snprintf(text + at, sizeof texts[0] - at, "%s%u", i > 0 ? "," : "", set->at[i].first);
		else
			snprintf(text + at, sizeof texts[0] - at, "%s%u:%u", i > 0 ? "," : "", set->at[i].first, set->at[i].last);
	}
	return text;
}

#endif
