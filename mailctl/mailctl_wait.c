/* wait: until a message is there.  A hint wakes at once where multicast works; a look at SQLite's change counter stands behind it. */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/text.h"
#include "mailctl/mailctl_store.h"
#include "mailctl/mailctl_time.h"
#include "mailctl/mailctl_verbs.h"
#include "mailstore/mailboxes.h"
#include "mailstore/messages.h"
#include "mailstore/users.h"
#include "message/date.h"
#include "message/encoded_word.h"
#include "message/summary_match.h"
#include "netcore/net_loop.h"
#include "netcore/net_timer.h"
#include "service/service_hint.h"

#define SYNTAX "wait ADDRESS [--match QUERY] [--after UID] [--timeout 5s]"
#define TIMEOUT_MS 5000
#define POLL_MS 50
#define POLL_BEHIND_HINTS_MS 250        /* a hint may be lost */

struct waiting {
	struct mailctl_store m;
	const struct mailctl *ctl;
	const char *address;
	struct summary_match match;
	int64_t timeout_ms;
	struct net_loop *loop;
	struct net_watch completions;
	struct net_timer poll, deadline;
	struct service_hint *hint;      /* NULL: no multicast */
	int64_t mailbox_id;             /* 0: not made yet */
	uint32_t next_uid;
	bool has_looked;                /* at least once */
	bool is_looking, look_again, is_late;
	bool is_over;
	int code;
};

static void end(struct waiting *w, int code)
{
	w->is_over = true;
	w->code = code;
}

static void fail(struct waiting *w, const struct error *err)
{
	end(w, mailctl_fail(err));
}

/* ---- what is told ---- */

static struct bytes decoded(struct bytes raw, struct buffer *out)
{
	buffer_clear(out);
	encoded_word_decode(raw, out);
	return buffer_bytes(out);
}

static void sender_of(const struct summary_envelope *e, struct buffer *out)
{
	if (e->from.n > 0)
		buffer_printf(out, "%.*s@%.*s", BYTES_PRINT(e->from.at[0].mailbox), BYTES_PRINT(e->from.at[0].host));
}

static json_t *text_json(struct bytes text)
{
	json_t *string = json_stringn(text.len > 0 ? text.at : "", text.len);
	struct buffer escaped = { 0 };

	if (string != NULL)
		return string;
	text_escape(&escaped, text);    /* an address in octets that are no UTF-8 */
	string = json_stringn(escaped.at, escaped.len);
	buffer_release(&escaped);
	return string;
}

static void print_json(const struct store_message *message, const struct summary_envelope *e, struct bytes from)
{
	struct buffer text = { 0 };
	json_t *object = json_object();

	json_object_set_new(object, "uid", json_integer(message->uid));
	json_object_set_new(object, "mailbox", json_string("INBOX"));
	json_object_set_new(object, "from", text_json(from));
	json_object_set_new(object, "subject", text_json(decoded(e->subject, &text)));
	json_object_set_new(object, "message_id", text_json(e->message_id));
	json_object_set_new(object, "size", json_integer((json_int_t)message->size));
	json_object_set_new(object, "received", json_integer(message->internal_date_s));
	mailctl_print_json(object);
	buffer_release(&text);
}

static void print_line(const struct store_message *message, const struct summary_envelope *e, struct bytes from)
{
	struct buffer text = { 0 }, line = { 0 };
	struct date_civil at;

	date_to_civil(message->internal_date_s, &at);
	buffer_printf(&line, "%" PRIu32 "\t%04lld-%02d-%02dT%02d:%02d:%02dZ\t%" PRIu64 "\t", message->uid, (long long)at.year, at.month,
	              at.day, at.hour, at.minute, at.second, message->size);
	text_escape(&line, from);
	buffer_add_octet(&line, '\t');
	text_escape(&line, decoded(e->subject, &text));
	puts(line.at);
	buffer_release(&text);
	buffer_release(&line);
}

static bool tell_if_it_fits(struct waiting *w, const struct store_message *message)
{
	struct arena arena = { 0 };
	struct buffer from = { 0 };
	struct summary_envelope e;
	bool fits = summary_envelope_unpack(message->envelope, &arena, &e) && summary_match_fits(&w->match, &e);

	if (fits) {
		sender_of(&e, &from);
		(w->ctl->json ? print_json : print_line)(message, &e, buffer_bytes(&from));
	}
	buffer_release(&from);
	arena_reset(&arena);
	return fits;
}

/* ---- a look: the address, its INBOX, the messages that are new there ---- */

static void look(struct waiting *);

static void looked(struct waiting *w)
{
	w->is_looking = false;
	w->has_looked = true;
	if (w->is_late)
		end(w, EX_TEMPFAIL);
	else if (w->look_again)
		look(w);
}

static void scan(struct waiting *);

static void scanned(void *owner, const struct error *err, struct store_messages *messages)
{
	struct waiting *w = owner;
	bool more = false;

	if (err != NULL && err->kind == ERROR_NOT_FOUND) {
		w->mailbox_id = 0;
		looked(w);
		return;
	}
	if (err != NULL) {
		fail(w, err);
		return;
	}
	for (size_t i = 0; i < messages->n && !w->is_over; i++) {
		w->next_uid = messages->at[i].uid + 1;
		if (tell_if_it_fits(w, &messages->at[i]))
			end(w, EX_OK);
	}
	more = messages->next_uid != 0;
	if (more)
		w->next_uid = messages->next_uid;
	store_messages_destroy(messages);
	if (!w->is_over)
		(more ? scan : looked)(w);
}

static void scan(struct waiting *w)
{
	struct ranges uids = { 0 };

	ranges_add_range(&uids, w->next_uid, UINT32_MAX);
	store_message_scan(w->m.client, w->mailbox_id, &uids, STORE_FIELD_ENVELOPE, false, scanned, w);
	ranges_release(&uids);
}

static void got_mailbox(void *owner, const struct error *err, const struct store_mailbox *mailboxes, size_t n)
{
	struct waiting *w = owner;

	if (err != NULL) {
		fail(w, err);
		return;
	}
	w->mailbox_id = n > 0 ? mailboxes[0].mailbox_id : 0;
	(n > 0 ? scan : looked)(w);
}

/* The first one at home; NULL when there is none. */
static const struct store_target *find_mailbox(const struct store_target *targets, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (targets[i].user_id > 0 || targets[i].user_id == STORE_USER_NEW)
			return &targets[i];
	return NULL;
}

static void resolved(void *owner, const struct error *err, enum store_resolution resolution, const struct store_target *targets, size_t n)
{
	struct waiting *w = owner;
	const struct store_target *target = resolution == STORE_LOCAL ? find_mailbox(targets, n) : NULL;
	struct error none = { 0 };

	if (err != NULL) {
		fail(w, err);
	} else if (target == NULL) {
		error_set(&none, ERROR_NOT_FOUND, "%s has no mailbox here", w->address);
		fail(w, &none);
	} else if (target->user_id == STORE_USER_NEW) {
		looked(w);
	} else {
		store_mailbox_get(w->m.client, target->user_id, BYTES("INBOX"), got_mailbox, w);
	}
}

static void look(struct waiting *w)
{
	w->look_again = w->is_looking;
	if (w->is_looking)
		return;
	w->is_looking = true;
	if (w->mailbox_id != 0)
		scan(w);
	else
		store_resolve(w->m.client, bytes_text(w->address), resolved, w);
}

/* ---- when to look ---- */

static void hinted(void *owner, const struct store_hint *hints, size_t n)
{
	struct waiting *w = owner;
	bool is_ours = w->mailbox_id == 0;

	for (size_t i = 0; i < n && !is_ours; i++)
		is_ours = hints[i].mailbox_id == w->mailbox_id;
	if (is_ours)
		look(w);
}

static void poll_again(void *owner);

static void polled(void *owner, const struct error *err, bool changed)
{
	struct waiting *w = owner;

	if (err != NULL) {
		fail(w, err);
		return;
	}
	if (changed)
		look(w);
	net_timer_start(&w->poll, w->loop, w->hint != NULL ? POLL_BEHIND_HINTS_MS : POLL_MS, poll_again, w);
}

static void poll_again(void *owner)
{
	store_poll(((struct waiting *)owner)->m.client, polled, owner);
}

/* The first poll only says where the counter stands: every commit behind this look shows in a later one. */
static void polled_first(void *owner, const struct error *err, bool changed)
{
	(void)changed;
	polled(owner, err, err == NULL);
}

static void time_is_up(void *owner)
{
	struct waiting *w = owner;

	/* whatever the time-out, what is there already counts */
	w->is_late = true;
	if (w->has_looked && !w->is_looking)
		end(w, EX_TEMPFAIL);
}

static void dispatch(void *owner, unsigned events)
{
	(void)events;
	store_client_dispatch(((struct waiting *)owner)->m.client);
}

static int wait_for_it(struct waiting *w)
{
	struct error err = { 0 };

	w->loop = net_loop_create(net_poll_kind_default(), &err);
	if (w->loop == NULL || !net_watch_start(&w->completions, w->loop, store_client_fd(w->m.client), NET_READABLE, dispatch, w, &err))
		return mailctl_fail(&err);
	w->hint = service_hint_open(w->m.settings.data_dir, NULL);
	if (w->hint != NULL &&
	    !service_hint_start(w->hint, w->loop, store_uuid(w->m.store), store_secret(w->m.store), hinted, w, &err))
		return mailctl_fail(&err);
	store_poll(w->m.client, polled_first, w);
	net_timer_start(&w->deadline, w->loop, w->timeout_ms, time_is_up, w);
	while (!w->is_over)
		net_loop_run_once(w->loop, -1);
	if (w->code == EX_TEMPFAIL)
		fprintf(stderr, "mailctl: no such message for %s within %g s\n", w->address, (double)w->timeout_ms / 1000);
	return w->code;
}

static void release(struct waiting *w)
{
	net_timer_stop(&w->poll);
	net_timer_stop(&w->deadline);
	net_watch_stop(&w->completions);
	service_hint_close(w->hint);
	mailctl_store_close(&w->m);
	if (w->loop != NULL)
		net_loop_destroy(w->loop);
	summary_match_release(&w->match);
}

/* ---- the command line ---- */

static int take_options(struct waiting *w, int argc, char **argv)
{
	static const struct option options[] = {
		{ "match", required_argument, NULL, 'm' }, { "after", required_argument, NULL, 'a' },
		{ "timeout", required_argument, NULL, 't' }, { 0 },
	};
	struct error err = { 0 };
	uint64_t uid;
	int option;

	while ((option = mailctl_option(argc, argv, options)) != -1) {
		if (option == 'm') {
			if (!summary_match_parse(&w->match, bytes_text(optarg), &err))
				return mailctl_usage("--match: %s", err.text);
		} else if (option == 'a') {
			if (!bytes_to_u64(bytes_text(optarg), UINT32_MAX - 1, &uid))
				return mailctl_usage("--after wants a UID, not \"%s\"", optarg);
			w->next_uid = (uint32_t)uid + 1;
		} else if (option == 't') {
			if (!mailctl_time_parse(optarg, &w->timeout_ms))
				return mailctl_usage("--timeout wants a time such as 5s or 500ms, not \"%s\"", optarg);
		} else {
			return EX_USAGE;
		}
	}
	if (argc - optind != 1)
		return mailctl_usage("usage: mailctl " SYNTAX);
	w->address = argv[optind];
	return EX_OK;
}

int mailctl_wait(struct mailctl *ctl, int argc, char **argv)
{
	struct waiting w = { .ctl = ctl, .timeout_ms = TIMEOUT_MS, .next_uid = 1 };
	int code = take_options(&w, argc, argv);

	if (code == EX_OK && mailctl_store_open(&w.m, ctl, &code))
		code = wait_for_it(&w);
	release(&w);
	return code;
}
