#include "mailctl/mailctl_import_target.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/memory.h"
#include "imap/imap_flag.h"

#define LETTERS_MAX 64                  /* of a batch */
#define OCTETS_MAX ((size_t)512 * 1024)
#define UNDER_WAY_MAX 8
#define SAVE_MS 1000
#define LARGE ((size_t)1 << 20)         /* octets of a batch: a body of its may be written as a file first, and batches behind it be stored before it */

struct mailctl_import_batch {
	struct mailctl_import_target *target;
	struct arena arena;             /* keywords, folder, place */
	struct store_append_item items[LETTERS_MAX];
	struct summary summaries[LETTERS_MAX];
	size_t n, octets;
	const char *folder, *place;     /* of its last letter */
};

void mailctl_import_target_init(struct mailctl_import_target *target, struct store_client *client, int64_t user_id, const char *root,
                                struct mailctl_resume *resume)
{
	*target = (struct mailctl_import_target){ .client = client, .user_id = user_id, .root = root, .resume = resume };
	target->save_ms = clock_monotonic_ms() + SAVE_MS;
}

static void fail(struct mailctl_import_target *target, const struct error *err)
{
	if (err != NULL && target->err.kind == ERROR_NONE)
		target->err = *err;
}

/* ---- batches ---- */

static void destroy_batch(struct mailctl_import_batch *batch)
{
	if (batch == NULL)
		return;
	for (size_t i = 0; i < batch->n; i++) {
		store_body_destroy(batch->items[i].body);
		summary_release(&batch->summaries[i]);
	}
	arena_reset(&batch->arena);
	free(batch);
}

static void stored(void *owner, const struct error *err, uint32_t uidvalidity, const struct ranges *uids)
{
	struct mailctl_import_batch *batch = owner;
	struct mailctl_import_target *target = batch->target;

	(void)uidvalidity;
	target->n_under_way--;
	fail(target, err);
	/* a batch behind one that failed may be stored: the place stays before the gap, the next import finds its letters */
	if (target->err.kind == ERROR_NONE) {
		target->n_stored += batch->n;
		target->resume->n_letters += batch->n;
		mailctl_resume_at(target->resume, batch->folder, batch->place, ranges_last(uids) + 1);
	}
	destroy_batch(batch);
}

static void wait_below(struct mailctl_import_target *target, size_t limit)
{
	struct pollfd wake = { .fd = store_client_fd(target->client), .events = POLLIN };

	while (target->n_under_way >= limit && target->n_under_way > 0) {
		if (poll(&wake, 1, -1) < 0 && errno != EINTR)
			return;
		store_client_dispatch(target->client);
	}
}

static void note_place(struct mailctl_import_target *target)
{
	struct error err = { 0 };

	target->save_ms = clock_monotonic_ms() + SAVE_MS;
	if (target->resume->into != NULL && !mailctl_resume_save(target->resume, &err))
		fail(target, &err);
}

static bool send_batch(struct mailctl_import_target *target)
{
	struct mailctl_import_batch *batch = target->batch;

	target->batch = NULL;
	if (batch != NULL) {
		bool is_large = batch->octets >= LARGE;
		wait_below(target, UNDER_WAY_MAX);
		target->n_under_way++;
		store_append(target->client, target->user_id, bytes_text(target->mailbox), batch->items, batch->n, stored, batch);
		for (size_t i = 0; i < batch->n; i++)
			batch->items[i].body = NULL;
		/* the place that is noted, and what is looked for behind it, count on the order */
		if (is_large)
			wait_below(target, 1);
	}
	if (clock_monotonic_ms() >= target->save_ms)
		note_place(target);
	return target->err.kind == ERROR_NONE;
}

bool mailctl_import_target_finish(struct mailctl_import_target *target)
{
	send_batch(target);
	wait_below(target, 1);
	note_place(target);
	return target->err.kind == ERROR_NONE;
}

void mailctl_import_target_release(struct mailctl_import_target *target)
{
	wait_below(target, 1);
	note_place(target);
	destroy_batch(target->batch);
	free(target->mailbox);
	free(target->seen);
}

/* ---- what an import that was stopped may have stored behind the place it noted ---- */

static uint64_t fingerprint(uint64_t size, struct bytes envelope, struct bytes structure)
{
	struct buffer both = { 0 };

	buffer_add_bytes(&both, bytes_of((const char *)&size, sizeof size));
	buffer_add_bytes(&both, envelope);
	buffer_add_bytes(&both, structure);
	uint64_t hash = summary_id_hash(buffer_bytes(&both));
	buffer_release(&both);
	return hash;
}

static int compare(const void *a, const void *b)
{
	const struct mailctl_import_seen *left = a, *right = b;

	return left->fingerprint < right->fingerprint ? -1 : left->fingerprint > right->fingerprint;
}

/* Letters may be the same: as many are passed over as are there. */
static void count_seen(struct mailctl_import_target *target)
{
	size_t n = 0;

	if (target->n_seen > 0)
		qsort(target->seen, target->n_seen, sizeof *target->seen, compare);
	for (size_t i = 0; i < target->n_seen; i++) {
		if (n > 0 && compare(&target->seen[n - 1], &target->seen[i]) == 0)
			target->seen[n - 1].n++;
		else
			target->seen[n++] = target->seen[i];
	}
	target->n_seen = n;
}

static void got_messages(void *owner, const struct error *err, struct store_messages *messages)
{
	struct mailctl_import_target *target = owner;

	fail(target, err);
	target->next_uid = err == NULL ? messages->next_uid : 0;
	if (err == NULL && messages->n > 0) {
		target->seen = xreallocarray(target->seen, target->n_seen + messages->n, sizeof *target->seen);
		for (size_t i = 0; i < messages->n; i++)
			target->seen[target->n_seen++] = (struct mailctl_import_seen){
				fingerprint(messages->at[i].size, messages->at[i].envelope, messages->at[i].structure), 1,
			};
	}
	store_messages_destroy(messages);
}

static void look_behind(struct mailctl_import_target *target, uint32_t next_uid)
{
	struct ranges uids = { 0 };

	target->next_uid = next_uid;
	while (target->next_uid != 0 && target->err.kind == ERROR_NONE) {
		ranges_clear(&uids);
		ranges_add_range(&uids, target->next_uid, UINT32_MAX);
		store_message_scan(target->client, target->mailbox_id, &uids, STORE_FIELD_ENVELOPE | STORE_FIELD_STRUCTURE, false, got_messages, target);
		store_client_wait(target->client);
	}
	count_seen(target);
	ranges_release(&uids);
}

/* A letter that is not there does not end the search: one batch may have failed, by a quota say, and a smaller one behind it not. */
static bool is_there(struct mailctl_import_target *target, const struct summary *summary)
{
	if (target->n_seen == 0)
		return false;
	const struct mailctl_import_seen own = { .fingerprint = fingerprint(summary->size, buffer_bytes(&summary->envelope), buffer_bytes(&summary->structure)) };
	struct mailctl_import_seen *found = bsearch(&own, target->seen, target->n_seen, sizeof own, compare);
	if (found == NULL || found->n == 0)
		return false;
	found->n--;
	target->n_there++;
	return true;
}

/* ---- mailboxes ---- */

static void got_mailbox(void *owner, const struct error *err, const struct store_mailbox *mailboxes, size_t n)
{
	struct mailctl_import_target *target = owner;

	if (err != NULL && err->kind != ERROR_NOT_FOUND)
		fail(target, err);
	target->mailbox_id = err == NULL && n == 1 ? mailboxes[0].mailbox_id : 0;
	target->uidvalidity = err == NULL && n == 1 ? mailboxes[0].uidvalidity : 0;
	target->next_uid = err == NULL && n == 1 ? mailboxes[0].uidnext : 0;
}

static void subscribed(void *owner, const struct error *err)
{
	fail(owner, err);
}

static bool open_mailbox(struct mailctl_import_target *target)
{
	struct bytes name = bytes_text(target->mailbox);

	store_mailbox_get(target->client, target->user_id, name, got_mailbox, target);
	store_client_wait(target->client);
	if (target->mailbox_id == 0 && target->err.kind == ERROR_NONE) {
		store_mailbox_create(target->client, target->user_id, name, 0, got_mailbox, target);
		store_mailbox_subscribe(target->client, target->user_id, name, true, subscribed, target);
		store_client_wait(target->client);
	}
	if (target->mailbox_id == 0)
		error_prefix(&target->err, "%s", target->mailbox);
	return target->mailbox_id != 0 && target->err.kind == ERROR_NONE;
}

/* The mailbox for a folder of the source; the caller frees it. */
static char *mailbox_for(const struct mailctl_import_target *target, const char *folder)
{
	if (*folder == '\0')
		return xstrdup(target->root);
	if (bytes_equal_nocase(bytes_text(target->root), BYTES("INBOX")))
		return xstrdup(folder);
	return xprintf("%s/%s", target->root, folder);
}

bool mailctl_import_target_goes_on(struct mailctl_import_target *target)
{
	char *name = mailbox_for(target, target->resume->into);

	store_mailbox_get(target->client, target->user_id, bytes_text(name), got_mailbox, target);
	store_client_wait(target->client);
	const struct mailctl_resume_place *noted = mailctl_resume_find(target->resume, target->resume->into);
	bool is_same = target->err.kind == ERROR_NONE && target->mailbox_id != 0 && noted != NULL && target->uidvalidity == noted->uidvalidity;
	if (!is_same && target->err.kind == ERROR_NONE)
		error_set(&target->err, ERROR_NOT_FOUND, "the mailbox %s, where the import stopped, is there no more", name);
	free(name);
	return is_same;
}

bool mailctl_import_target_make(struct mailctl_import_target *target, const char *folder)
{
	if (!mailctl_import_target_finish(target))
		return false;
	free(target->mailbox);
	target->mailbox = mailbox_for(target, folder);
	return open_mailbox(target);
}

bool mailctl_import_target_enter(struct mailctl_import_target *target, const char *folder)
{
	if (!mailctl_import_target_finish(target))
		return false;
	free(target->mailbox);
	target->n_seen = 0;
	target->mailbox = mailbox_for(target, folder);
	target->n_mailboxes++;
	if (!open_mailbox(target))
		return false;
	/* an import that was stopped here did not note all its letters */
	const struct mailctl_resume_place *noted = mailctl_resume_find(target->resume, folder);
	if (noted != NULL && noted->uidvalidity == target->uidvalidity && noted->next_uid < target->next_uid)
		look_behind(target, noted->next_uid);
	mailctl_resume_into(target->resume, folder, target->uidvalidity, target->next_uid);
	note_place(target);
	return target->err.kind == ERROR_NONE;
}

/* ---- letters ---- */

/* Other programs' labels may be words that no IMAP client could name. */
static bool is_keyword(struct arena *arena, const char *word)
{
	struct bytes rest = bytes_text(word);
	struct imap_flags flags = { 0 };

	return imap_flags_parse(&rest, arena, &flags) && rest.len == 0 && flags.n_keywords == 1 && flags.bits == 0;
}

bool mailctl_import_target_add(struct mailctl_import_target *target, const struct mailctl_letter *letter, struct store_body *body, struct summary *summary)
{
	if (is_there(target, summary)) {
		store_body_destroy(body);
		summary_release(summary);
		return true;
	}
	struct mailctl_import_batch *batch = target->batch;
	if (batch == NULL) {
		batch = target->batch = xcalloc(1, sizeof *batch);
		batch->target = target;
	}
	const char **keywords = arena_alloc(&batch->arena, letter->n_keywords * sizeof *keywords + 1);
	size_t n_keywords = 0;
	for (size_t i = 0; i < letter->n_keywords; i++)
		if (is_keyword(&batch->arena, letter->keywords[i]))
			keywords[n_keywords++] = arena_text(&batch->arena, letter->keywords[i]);
	batch->summaries[batch->n] = *summary;
	batch->items[batch->n] = (struct store_append_item){
		.body = body, .summary = &batch->summaries[batch->n], .flags = letter->flags, .keywords = keywords, .n_keywords = n_keywords, .spares_keywords = true,
		.internal_date_s = letter->internal_date_s != 0 ? letter->internal_date_s : clock_now_s(),
	};
	*summary = (struct summary){ 0 };
	batch->octets += store_body_size(body);
	batch->n++;
	batch->folder = arena_text(&batch->arena, letter->folder);
	batch->place = arena_text(&batch->arena, letter->place);
	return (batch->n < LETTERS_MAX && batch->octets < OCTETS_MAX) || send_batch(target);
}
