#include "mailstore/store_delivery.h"

#include <assert.h>
#include <stdlib.h>

#include "base/map.h"
#include "base/memory.h"
#include "mailstore/store_account.h"
#include "mailstore/store_address.h"
#include "mailstore/store_body.h"
#include "mailstore/store_journal_row.h"
#include "mailstore/store_open.h"
#include "mailstore/store_queue_local.h"
#include "mailstore/store_queue_row.h"
#include "mailstore/store_received.h"
#include "mailstore/store_send_count.h"
#include "mailstore/users.h"

static const char *keep_text(struct arena *arena, const char *text)
{
	return text != NULL ? arena_text(arena, text) : NULL;
}

void store_delivery_keep(struct store_delivery_copy *copy, const struct store_delivery *given, struct arena *arena)
{
	struct store_recipient *recipients = arena_alloc(arena, given->n_recipients * sizeof *recipients);

	assert(given->n_recipients > 0);
	for (size_t i = 0; i < given->n_recipients; i++) {
		recipients[i] = given->recipients[i];
		assert(recipients[i].original < given->n_originals);
		recipients[i].address = keep_text(arena, recipients[i].address);
		recipients[i].original_recipient = keep_text(arena, recipients[i].original_recipient);
	}
	copy->given = *given;
	copy->given.recipients = recipients;
	copy->given.sender = keep_text(arena, given->sender != NULL ? given->sender : "");
	copy->given.envelope_id = keep_text(arena, given->envelope_id);
	copy->given.source = keep_text(arena, given->source);
	copy->given.peer = keep_text(arena, given->peer);
	copy->given.peer_transaction = keep_text(arena, given->peer_transaction);
	if (given->digests != NULL)
		copy->given.digests = (const unsigned char *)arena_bytes(arena, bytes_of(given->digests, given->n_originals * STORE_DIGEST_SIZE)).at;
	store_insert_keep(&copy->kept, given->summary, arena);
	copy->id_hash = copy->kept.names.own;
	copy->given.summary = NULL;
	copy->results = arena_alloc(arena, given->n_originals * sizeof *copy->results);
	memset(copy->results, 0, given->n_originals * sizeof *copy->results);
}

/* What one recipient comes to. */
struct part {
	enum { LOCAL, REMOTE, REPEATED, REFUSED, REPORTED, KNOWN } kind;        /* KNOWN: the peer sends it again */
	int64_t user_id;
	struct store_inbox inbox;       /* LOCAL: nothing is written there before the copy */
	struct part *first;             /* REPEATED: the one with the same target */
	bool is_held;                   /* REMOTE: all mail for its domain is */
	struct error error;             /* REFUSED, REPORTED */
};

static void refuse(struct part *part, enum error_kind kind, const char *address, const char *why)
{
	part->kind = REFUSED;
	error_set(&part->error, kind, "%s: %s", address != NULL ? address : "recipient", why);
}

/* A mailbox of ours that nobody made yet, or meanwhile somebody did. */
static int64_t make_user(struct store_context *context, const char *text)
{
	struct arena arena = { 0 };
	struct store_address address, plain;
	int64_t user_id = 0;

	if (text != NULL && store_address_parse(bytes_text(text), &arena, &address)) {
		user_id = store_account_find(context, address.all, NULL);
		if (user_id == 0 && store_address_without_tag(&address, &arena, &plain)) {
			address = plain;
			user_id = store_account_find(context, address.all, NULL);
		}
		if (user_id == 0 && store_account_domain(context, address.domain, NULL))
			user_id = store_account_make(context, address.all, STORE_USER_MADE_BY_MAIL);
	}
	arena_reset(&arena);
	return user_id;
}

static const char *reason_of(enum error_kind kind)
{
	return kind == ERROR_DENIED ? "the account is disabled" : kind == ERROR_NOT_FOUND ? "no such user any more" : "over quota";
}

static void plan_local(const struct store_delivery_copy *copy, struct store_context *context, const struct store_recipient *recipient, struct part *part)
{
	struct store_target target = { .user_id = recipient->user_id };
	enum error_kind kind = ERROR_NONE;

	part->kind = LOCAL;
	if (recipient->user_id == STORE_USER_NEW)
		target.user_id = make_user(context, recipient->address);
	part->user_id = target.user_id;
	if (!store_account_read_inbox(context, part->user_id, &part->inbox, &target))
		kind = ERROR_NOT_FOUND;
	else if (!copy->is_report)
		kind = store_target_judge(&target, store_body_size(copy->given.body), context->now_s);
	if (kind == ERROR_FULL)
		store_account_start_grace(context, part->user_id);
	if (kind != ERROR_NONE)
		refuse(part, kind, recipient->address, reason_of(kind));
	else if (!store_insert_has_uids(part->inbox.uidnext, 1))
		refuse(part, ERROR_LIMIT, recipient->address, STORE_INSERT_NO_UIDS);
}

/* One copy a target, however many recipients lead to it. */
static void find_repeated(struct map *targets, const struct store_recipient *recipient, struct part *part)
{
	bool is_user = part->kind != REMOTE && part->user_id > 0;
	/* an id has octets of 0, an address has none: keys of both kinds never meet */
	struct bytes key = is_user ? bytes_of(&part->user_id, sizeof part->user_id) : bytes_text(recipient->address != NULL ? recipient->address : "");
	struct part *first = map_get(targets, key);

	if (first != NULL) {
		part->kind = REPEATED;
		part->first = first;
	} else {
		map_put(targets, key, part);
	}
}

/* Decide everything before anything is written.  Returns the number of copies to make. */
static size_t plan(struct store_delivery_copy *copy, struct store_context *context, struct part *parts)
{
	const struct store_delivery *given = &copy->given;
	struct map *targets = given->n_recipients > 1 ? map_create() : NULL;
	size_t n = 0;

	for (size_t i = 0; i < given->n_recipients; i++) {
		const struct store_recipient *recipient = &given->recipients[i];
		struct part *part = &parts[i];
		part->kind = store_received_is_known(context, given, recipient->original) ? KNOWN : REMOTE;
		if (recipient->user_id != 0 && part->kind != KNOWN)
			plan_local(copy, context, recipient, part);
		if (targets != NULL && part->kind != KNOWN)
			find_repeated(targets, recipient, part);
		const struct part *real = part->kind == REPEATED ? part->first : part;
		struct error *result = &copy->results[recipient->original];
		if (real->kind == REFUSED && result->kind == ERROR_NONE)
			*result = real->error;
		n += part->kind == LOCAL || part->kind == REMOTE;
	}
	map_destroy(targets);
	return n;
}

/* Which originals count as accepted: those of a delivery that reports, else those of which some copy is stored. */
static void find_accepted(const struct store_delivery_copy *copy, const struct part *parts, bool *accepted)
{
	const struct store_delivery *given = &copy->given;

	for (size_t i = 0; i < given->n_recipients; i++) {
		const struct part *real = parts[i].kind == REPEATED ? parts[i].first : &parts[i];
		accepted[given->recipients[i].original] |= given->report_refused || real->kind == LOCAL || real->kind == REMOTE || real->kind == KNOWN;
	}
}

/* One that was refused for an accepted original becomes a queue row; whoever is another original's target too is then cared for. */
static bool queue_refused(const struct store_delivery *given, struct part *parts, bool *accepted)
{
	bool has_changed = false;

	for (size_t i = 0; i < given->n_recipients; i++)
		if (parts[i].kind == REFUSED && accepted[given->recipients[i].original])
			parts[i].kind = REPORTED;
	for (size_t i = 0; i < given->n_recipients; i++)
		if (parts[i].kind == REPEATED && parts[i].first->kind == REPORTED && !accepted[given->recipients[i].original])
			has_changed = accepted[given->recipients[i].original] = true;
	return has_changed;
}

/* What could not be stored of them becomes a queue row: to be tried again when it may pass, else to be reported. */
static void report_refused(struct store_delivery_copy *copy, struct part *parts)
{
	const struct store_delivery *given = &copy->given;
	bool *accepted = xcalloc(given->n_originals, sizeof *accepted);

	find_accepted(copy, parts, accepted);
	while (queue_refused(given, parts, accepted))
		;
	for (size_t i = 0; i < given->n_originals; i++)
		if (accepted[i])
			error_clear(&copy->results[i]);
	free(accepted);
}

static bool needs_queue_row(const struct part *part)
{
	return part->kind == REMOTE || part->kind == REPORTED;
}

/* Only these entries carry the hash: they lead from a Message-ID to the queue ids.  copies: what was made of it, or NULL. */
static void note_arrival(const struct store_delivery_copy *copy, struct store_context *context, enum store_journal_stage stage, const char *copies)
{
	store_journal_row_add(context, &(struct store_journal_entry){
		.queue_id = copy->given.queue_id, .id_hash = copy->id_hash, .stage = stage, .recipient = copies,
		.remote = copy->given.source, .detail = copy->given.sender,
	});
}

/* What is special about a queue row, for the journal; NULL = nothing, or no queue row. */
static const char *remark(const struct part *part)
{
	if (part->kind == REPORTED)
		return part->error.text;
	return part->kind == REMOTE && part->is_held ? "held, like all mail for its domain" : NULL;
}

/* The acceptance with its usual copies, and the others behind it. */
static void note_copies(const struct store_delivery_copy *copy, struct store_context *context, const struct part *parts)
{
	const struct store_recipient *recipients = copy->given.recipients;
	struct buffer list = { 0 };

	for (size_t i = 0; i < copy->given.n_recipients; i++)
		if (parts[i].kind == LOCAL || (parts[i].kind == REMOTE && remark(&parts[i]) == NULL))
			store_journal_row_list(&list, parts[i].kind == LOCAL ? STORE_JOURNAL_STORED : STORE_JOURNAL_QUEUED, recipients[i].address);
	note_arrival(copy, context, STORE_JOURNAL_ACCEPTED, list.at);
	buffer_release(&list);
	for (size_t i = 0; i < copy->given.n_recipients; i++)
		if (remark(&parts[i]) != NULL)
			store_journal_row_add(context, &(struct store_journal_entry){
				.queue_id = copy->given.queue_id, .stage = STORE_JOURNAL_QUEUED,
				.recipient = recipients[i].address, .detail = remark(&parts[i]),
			});
}

static void write_queue_rows(struct store_delivery_copy *copy, struct store_context *context, struct part *parts, int64_t message_id, size_t n)
{
	const struct store_delivery *given = &copy->given;

	copy->items = store_queue_row_insert(context, given, message_id, n);
	for (size_t i = 0; i < given->n_recipients; i++) {
		const char *why = parts[i].kind == REPORTED ? parts[i].error.text : NULL;
		if (why != NULL && parts[i].error.kind == ERROR_FULL)
			store_queue_local_add(context, given, &given->recipients[i], why);
		else if (needs_queue_row(&parts[i]))
			parts[i].is_held = store_queue_row_add(context, given, &given->recipients[i], why, message_id, copy->items);
	}
	if (!given->lease)
		store_context_touch(context, 0, 0);
}

static void write_copies(struct store_delivery_copy *copy, struct store_context *context, struct part *parts, int64_t message_id)
{
	const struct store_delivery *given = &copy->given;
	size_t n_remote = 0;

	for (size_t i = 0; i < given->n_recipients; i++) {
		n_remote += needs_queue_row(&parts[i]);
		if (parts[i].kind != LOCAL)
			continue;
		struct store_copy row = {
			.mailbox_id = parts[i].inbox.mailbox_id, .user_id = parts[i].user_id, .message_id = message_id,
			.uid = parts[i].inbox.uidnext, .modseq = parts[i].inbox.modseq + 1,
			.size = store_body_size(given->body), .internal_date_s = given->arrived_s, .sent_s = copy->kept.sent_s,
			.names = &copy->kept.names,
		};
		store_insert_copy(context, &row);
	}
	if (n_remote > 0)
		write_queue_rows(copy, context, parts, message_id, n_remote);
	note_copies(copy, context, parts);
}

static size_t count(const struct store_delivery *given, const struct part *parts, int kind)
{
	size_t n = 0;

	for (size_t i = 0; i < given->n_recipients; i++)
		n += (int)parts[i].kind == kind;
	return n;
}

/* Nothing was stored for anybody: the first reason stands for all. */
static bool fail(const struct store_delivery_copy *copy, struct error *err)
{
	for (size_t i = 0; i < copy->given.n_originals; i++)
		if (copy->results[i].kind != ERROR_NONE) {
			*err = copy->results[i];
			break;
		}
	return false;
}

static void write_all(struct store_delivery_copy *copy, struct store_context *context, struct part *parts)
{
	const struct store_delivery *given = &copy->given;

	write_copies(copy, context, parts, store_insert_message(context, given->body, &copy->kept));
	for (size_t i = 0; i < given->n_originals; i++)
		if (copy->results[i].kind == ERROR_NONE)
			store_received_add(context, given, i);
	if (given->sender_user_id != 0)
		store_send_count_add(context, given->sender_user_id, given->n_originals);
}

bool store_delivery_run(struct store_delivery_copy *copy, struct store_context *context, struct error *err)
{
	const struct store_delivery *given = &copy->given;

	store_queue_items_destroy(copy->items);
	copy->items = NULL;
	for (size_t i = 0; i < given->n_originals; i++)
		error_clear(&copy->results[i]);
	if (given->sender_user_id != 0 && !store_send_count_allows(context, given->sender_user_id, given->messages_per_day, err))
		return false;
	struct part *parts = xcalloc(given->n_recipients, sizeof *parts);
	size_t n = plan(copy, context, parts), n_known = count(given, parts, KNOWN);
	if (n + n_known > 0)
		report_refused(copy, parts);
	if (n_known > 0)
		note_arrival(copy, context, STORE_JOURNAL_REPEATED, NULL);
	if (n + count(given, parts, REPORTED) > 0)
		write_all(copy, context, parts);
	free(parts);
	return n + n_known > 0 || fail(copy, err);
}
