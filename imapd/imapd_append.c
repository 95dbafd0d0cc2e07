/*
 * A message's octets go from the stream to the store's body and to the summary as they arrive; the command line between
 * literals says flags and date of the next message.  What must be refused once a literal is on its way is read to its end
 * first: `refusal` holds the reply.
 */
#include "imapd/imapd_append.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "imap/imap_argument.h"
#include "imap/imap_date.h"
#include "imap/imap_flag.h"
#include "imap/imap_set.h"
#include "imapd/imapd_mailbox.h"
#include "imapd/imapd_reply.h"
#include "imapd/imapd_view.h"
#include "mailstore/bodies.h"
#include "mailstore/messages.h"
#include "message/summary.h"

#define APPEND_MAX 1000                 /* messages of one command */
#define APPEND_MS (30 * 60 * 1000)      /* for one message to arrive */

struct item {
	struct store_body *body;
	struct summary summary;
	struct imap_flags flags;
	int64_t internal_date_s;
};

struct append {
	struct bytes mailbox;
	struct item *items;             /* the last one is being read */
	size_t n, capacity;
	struct summary_builder *builder;
	uint64_t size;                  /* octets taken or announced, all messages */
	const char *refusal;            /* the tagged reply there will be, or NULL */
	bool is_waiting;                /* for the store to take more */
};

static void release_append(struct imapd_session *s)
{
	struct append *a = s->work;

	for (size_t i = 0; i < a->n; i++) {
		store_body_destroy(a->items[i].body);
		summary_release(&a->items[i].summary);
	}
	free(a->items);
	summary_builder_destroy(a->builder);
}

enum imapd_after imapd_append(struct imapd_session *s, struct bytes arguments)
{
	(void)arguments;
	return imapd_bad_syntax(s);
}

/* ---- a message arrives ---- */

static void body_ready(void *owner)
{
	struct imapd_session *s = owner;
	struct append *a = s->work;

	if (!a->is_waiting)
		return;
	a->is_waiting = false;
	imapd_session_resume(s, IMAPD_READ);
}

static void note_failure(struct append *a, const struct error *err)
{
	if (err->kind == ERROR_FULL)
		a->refusal = "NO [OVERQUOTA] No room: disk or quota is full";
	else if (err->kind == ERROR_LIMIT)
		a->refusal = "NO [LIMIT] The server is short of memory; try again later";
	else
		a->refusal = "NO [UNAVAILABLE] The store cannot take the message now; try again later";
}

static void end_message(struct append *a)
{
	if (!a->builder)
		return;
	summary_builder_finish(a->builder, &a->items[a->n - 1].summary);
	summary_builder_destroy(a->builder);
	a->builder = NULL;
}

static enum imapd_after octets_came(struct imapd_session *s, struct bytes octets)
{
	struct append *a = s->work;
	struct item *item = &a->items[a->n - 1];
	struct error err = { 0 };

	if (!a->refusal && memchr(octets.at, '\0', octets.len))
		a->refusal = "NO [CANNOT] The message holds a NUL octet, which no message may";
	if (!a->refusal && !store_body_write(item->body, octets, &a->is_waiting, &err))
		note_failure(a, &err);
	if (!a->refusal)
		summary_builder_feed(a->builder, octets);
	if (s->reader.left == 0)
		end_message(a);
	return a->is_waiting && !a->refusal ? IMAPD_WAIT : IMAPD_READ;
}

/* ---- the end of the command ---- */

static void appended(void *owner, const struct error *err, uint32_t uidvalidity, const struct ranges *uids)
{
	struct imapd_session *s = owner;
	struct append *a = s->work;
	struct buffer set = { 0 };

	s->request = NULL;
	if (err && err->kind == ERROR_NOT_FOUND) {
		imapd_session_resume(s, imapd_finish(s, "NO [TRYCREATE] The mailbox does not exist"));
		return;
	}
	if (err) {
		imapd_session_resume(s, imapd_finish_error(s, err, "The mailbox"));
		return;
	}
	imap_set_format(uids, &set);
	log_info("imapd", "append", "user=%s session=%s mailbox=%.*s uids=%s size=%llu", s->user, s->id, BYTES_PRINT(a->mailbox),
	         set.at, (unsigned long long)a->size);
	s->counts.appended += a->n;
	if (s->view)
		s->view->is_dirty = true;
	enum imapd_after after = imapd_finish(s, "OK [APPENDUID %u %s] Appended", uidvalidity, set.at);
	buffer_release(&set);
	imapd_session_resume(s, after);
}

static enum imapd_after append_all(struct imapd_session *s)
{
	struct append *a = s->work;
	struct store_append_item *items = arena_alloc(&s->arena, a->n * sizeof *items);

	for (size_t i = 0; i < a->n; i++) {
		struct item *item = &a->items[i];
		items[i] = (struct store_append_item){
			.body = item->body, .summary = &item->summary, .flags = item->flags.bits,
			.keywords = item->flags.keywords, .n_keywords = item->flags.n_keywords, .internal_date_s = item->internal_date_s,
		};
		item->body = NULL;
	}
	s->request = store_append(s->loop->store, s->user_id, a->mailbox, items, a->n, appended, s);
	return IMAPD_WAIT;
}

/* The line behind a message's literal: nothing, or the next message, which comes to imapd_append_literal. */
static enum imapd_after line_came(struct imapd_session *s, struct bytes line)
{
	struct append *a = s->work;

	if (a->refusal)
		return imapd_finish(s, "%s", a->refusal);
	if (line.len > 0)
		return imapd_bad_syntax(s);
	return append_all(s);
}

/* ---- a literal is announced ---- */

/* [flags SP] [date-time SP], up to the literal. */
static bool take_options(struct imapd_session *s, struct bytes *rest, struct item *item)
{
	item->internal_date_s = clock_now_s();
	if (rest->len > 0 && rest->at[0] == '(' && (!imap_flags_parse(rest, &s->arena, &item->flags) || !imap_argument_space(rest)))
		return false;
	if (rest->len > 0 && rest->at[0] == '"' && (!imap_date_time_parse(rest, &item->internal_date_s) || !imap_argument_space(rest)))
		return false;
	return rest->len > 0 && rest->at[0] == '{';
}

static enum imapd_after refuse(struct imapd_session *s, const char *text)
{
	if (s->reader.literal.waits) {
		imap_token_clear(&s->reader);
		return imapd_finish(s, "%s", text);
	}
	s->refusal = text;
	imap_token_drop(&s->reader);
	return IMAPD_READ;
}

static enum imapd_after take_literal(struct imapd_session *s, struct item item)
{
	struct append *a = s->work;
	uint64_t size = s->reader.literal.size, max = s->generation->settings.limits.message_size;

	if (a->refusal)
		return refuse(s, a->refusal);
	if (max != 0 && size > max)
		return refuse(s, "NO [TOOBIG] The message is larger than this server takes");
	if (size == 0)
		return refuse(s, "NO [CANNOT] An empty message cannot be appended");
	if (a->n == APPEND_MAX)
		return refuse(s, "NO [LIMIT] Too many messages in one command");
	struct budget *budget = service_budget(s->loop->service);
	if (budget_used(budget) > budget_limit(budget))
		return refuse(s, "NO [LIMIT] The server is short of memory; try again later");
	if (a->n == a->capacity)
		a->items = xreallocarray(a->items, a->capacity = a->capacity ? 2 * a->capacity : 1, sizeof *a->items);
	item.body = store_body_create(s->loop->store, body_ready, s);
	a->items[a->n++] = item;
	a->builder = summary_builder_create();
	a->size += size;
	bool waits = s->reader.literal.waits;
	imap_token_pass(&s->reader);
	imapd_session_arm_for(s, APPEND_MS);
	if (waits)
		imapd_continue(s, "Go on");
	return IMAPD_READ;
}

/* Of the first message: the mailbox too.  A mailbox that is itself the literal is not for us yet. */
static enum imapd_after begin(struct imapd_session *s, struct bytes arguments, bool *is_taken)
{
	struct bytes name, rest = arguments;
	struct item item = { 0 };

	if (!imap_argument_astring(&rest, &s->arena, &name))
		return IMAPD_READ;
	*is_taken = true;
	enum imapd_mailbox_status found = imapd_mailbox_take(s, &arguments, &name);
	if (!imap_argument_space(&arguments) || !take_options(s, &arguments, &item))
		return refuse(s, "BAD Syntax: APPEND mailbox [(flag ...)] [\"date-time\"] literal ...");
	if (found != IMAPD_MAILBOX_OK)
		return refuse(s, "NO [CANNOT] A mailbox name is printable ASCII or modified UTF-7");
	struct append *a = arena_alloc(&s->arena, sizeof *a);
	a->mailbox = name;
	s->work = a;
	s->release_work = release_append;
	s->on_line = line_came;
	s->on_octets = octets_came;
	return take_literal(s, item);
}

enum imapd_after imapd_append_literal(struct imapd_session *s, struct bytes arguments, bool *is_taken)
{
	struct item item = { 0 };

	if (!s->work)
		return begin(s, arguments, is_taken);
	*is_taken = true;
	if (!imap_argument_space(&arguments) || !take_options(s, &arguments, &item))
		return refuse(s, "BAD Syntax: APPEND mailbox [(flag ...)] [\"date-time\"] literal ...");
	return take_literal(s, item);
}
