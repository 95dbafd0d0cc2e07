#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "base/buffer.h"
#include "base/text.h"
#include "mailctl/mailctl_show.h"
#include "mailctl/mailctl_store.h"
#include "mailctl/mailctl_verbs.h"
#include "mailstore/mailboxes.h"
#include "mailstore/users.h"

#define AGE_MAX_S (INT64_C(36500) * 86400)

struct asking {
	struct mailctl_store m;
	const struct mailctl *ctl;
	int64_t user_id;
	const char *name;               /* of the mailbox that is renamed */
	struct buffer ends;             /* see ends_found; each with its NUL */
};

static const char *use_name(unsigned special_use)
{
	static const struct { unsigned use; const char *name; } uses[] = {
		{ STORE_USE_DRAFTS, "drafts" }, { STORE_USE_SENT, "sent" }, { STORE_USE_ARCHIVE, "archive" },
		{ STORE_USE_JUNK, "junk" }, { STORE_USE_TRASH, "trash" },
	};

	for (size_t i = 0; i < sizeof uses / sizeof *uses; i++)
		if (special_use & uses[i].use)
			return uses[i].name;
	return NULL;
}

static void found(void *owner, const struct error *err, const struct store_user *users, size_t n)
{
	struct asking *a = owner;

	mailctl_store_done(&a->m, err);
	a->user_id = err == NULL && n > 0 ? users[0].user_id : 0;
}

/* Open the store and find whose mailboxes it is about; prints why not. */
static bool begin(struct asking *a, struct mailctl *ctl, char *address, int *code)
{
	a->ctl = ctl;
	a->m.tells_daemons = true;
	if (!mailctl_store_open(&a->m, ctl, code))
		return false;
	store_user_get(a->m.client, bytes_text(mailctl_lower(address)), found, a);
	*code = mailctl_store_wait(&a->m);
	return *code == EX_OK;
}

/* As mailctl_store_wait; an error says whose mailbox it is about. */
static int wait_for(struct asking *a, const char *address, const char *name)
{
	store_client_wait(a->m.client);
	if (a->m.err.kind == ERROR_NONE)
		return EX_OK;
	error_prefix(&a->m.err, "%s %s", address, name);
	if (a->m.err.kind == ERROR_NOT_FOUND)
		error_set(&a->m.err, ERROR_NOT_FOUND, "%s (mailctl mailbox list %s)", a->m.err.text, address);
	return mailctl_store_wait(&a->m);
}

/* more: what there is to say besides, for JSON, or NULL; taken. */
static int finish(struct asking *a, int code, const char *address, const char *name, const char *done, json_t *more)
{
	if (code == EX_OK)
		code = wait_for(a, address, name);
	if (code == EX_OK && a->ctl->json) {
		json_t *object = json_pack("{s:o, s:o, s:s}", "user", mailctl_show_json(address), "mailbox", mailctl_show_json(name), "done", done);
		json_object_update(object, more);
		mailctl_print_json(object);
	} else if (code == EX_OK) {
		printf("%s %s: %s\n", address, name, done);
	}
	json_decref(more);
	mailctl_store_close(&a->m);
	return code;
}

/* ---- list ---- */

static void print(struct asking *a, const struct store_mailbox *m)
{
	const char *use = use_name(m->special_use);
	char octets[MAILCTL_SHOW_SIZE];

	if (a->ctl->json) {
		mailctl_print_json(json_pack("{s:o, s:o, s:b, s:I, s:I, s:I, s:I, s:I, s:o}", "mailbox", mailctl_show_json(m->name),
			"special_use", mailctl_show_json(use), "subscribed", m->subscribed, "messages", (json_int_t)m->n_messages,
			"unseen", (json_int_t)m->n_unseen, "octets", (json_int_t)m->n_octets, "uidvalidity", (json_int_t)m->uidvalidity,
			"uidnext", (json_int_t)m->uidnext, "expire_after", mailctl_show_json_time(m->expire_after_s)));
		return;
	}
	printf("%8" PRIu32 " %8" PRIu32 " unseen %8s  %s", m->n_messages, m->n_unseen, mailctl_show_octets(m->n_octets, octets),
	       mailctl_show_text(&a->m.arena, m->name));
	if (use != NULL)
		printf(" (%s)", use);
	if (m->expire_after_s > 0)
		printf(", kept %.4g days", (double)m->expire_after_s / 86400);
	putchar('\n');
}

static void listed(void *owner, const struct error *err, const struct store_mailbox *mailboxes, size_t n)
{
	struct asking *a = owner;

	mailctl_store_done(&a->m, err);
	for (size_t i = 0; err == NULL && i < n; i++)
		print(a, &mailboxes[i]);
}

int mailctl_mailbox_list(struct mailctl *ctl, int argc, char **argv)
{
	struct asking a = { 0 };
	int code;

	if (!mailctl_wants(argc, 1, "mailbox list ADDRESS", &code))
		return code;
	if (begin(&a, ctl, argv[1], &code)) {
		store_mailbox_list(a.m.client, a.user_id, listed, &a);
		code = mailctl_store_wait(&a.m);
	}
	mailctl_store_close(&a.m);
	return code;
}

/* ---- change ---- */

static void made(void *owner, const struct error *err, const struct store_mailbox *mailboxes, size_t n)
{
	(void)mailboxes, (void)n;
	mailctl_store_done(&((struct asking *)owner)->m, err);
}

int mailctl_mailbox_create(struct mailctl *ctl, int argc, char **argv)
{
	struct asking a = { 0 };
	int code;

	if (!mailctl_wants(argc, 2, "mailbox create ADDRESS NAME", &code))
		return code;
	if (begin(&a, ctl, argv[1], &code)) {
		store_mailbox_create(a.m.client, a.user_id, bytes_text(argv[2]), 0, made, &a);
		code = wait_for(&a, argv[1], argv[2]);
	}
	if (code == EX_OK)
		store_mailbox_subscribe(a.m.client, a.user_id, bytes_text(argv[2]), true, mailctl_store_done, &a.m);
	return finish(&a, code, argv[1], argv[2], "created", NULL);
}

static void deleted(void *owner, const struct error *err, int64_t mailbox_id)
{
	(void)mailbox_id;
	mailctl_store_done(&((struct asking *)owner)->m, err);
}

int mailctl_mailbox_delete(struct mailctl *ctl, int argc, char **argv)
{
	static const struct option longs[] = { { "yes", no_argument, NULL, 'y' }, { 0 } };
	struct asking a = { .m = { .is_patient = true } };
	bool sure = false;
	int option, code;

	while ((option = mailctl_option(argc, argv, longs)) != -1) {
		if (option != 'y')
			return EX_USAGE;
		sure = true;
	}
	if (!mailctl_wants(argc - optind, 1, "mailbox delete ADDRESS NAME --yes", &code))
		return code;
	char *address = argv[optind], *name = argv[optind + 1];
	if (!sure)
		return mailctl_usage("this deletes %s of %s with all mail in it; say --yes if that is meant", name, address);
	if (begin(&a, ctl, address, &code)) {
		store_mailbox_delete(a.m.client, a.user_id, bytes_text(name), deleted, &a);
		code = wait_for(&a, address, name);
	}
	if (code == EX_OK)
		store_mailbox_subscribe(a.m.client, a.user_id, bytes_text(name), false, mailctl_store_done, &a.m);
	return finish(&a, code, address, name, "deleted", NULL);
}

/* The ends of the subscribed names that a renaming changes: "" for the mailbox itself, "/June" for one below it. */
static void ends_found(void *owner, const struct error *err, const struct store_mailbox *mailboxes, size_t n)
{
	struct asking *a = owner;

	mailctl_store_done(&a->m, err);
	for (size_t i = 0; err == NULL && i < n; i++) {
		struct bytes name = bytes_text(mailboxes[i].name);
		struct bytes end = bytes_skip(name, strlen(a->name));
		if (mailboxes[i].subscribed && bytes_starts(name, bytes_text(a->name)) && (end.len == 0 || end.at[0] == '/')) {
			buffer_add_bytes(&a->ends, end);
			buffer_add_octet(&a->ends, '\0');
		}
	}
}

/* IMAP lets a subscription stay with the name; who renames for a user wants him to see the mailbox as before. */
static void move_subscriptions(struct asking *a, const char *new_name)
{
	struct buffer was = { 0 }, is = { 0 };

	for (size_t at = 0; at < a->ends.len; at += strlen(a->ends.at + at) + 1) {
		buffer_clear(&was);
		buffer_clear(&is);
		buffer_printf(&was, "%s%s", a->name, a->ends.at + at);
		buffer_printf(&is, "%s%s", new_name, a->ends.at + at);
		store_mailbox_subscribe(a->m.client, a->user_id, buffer_bytes(&is), true, mailctl_store_done, &a->m);
		store_mailbox_subscribe(a->m.client, a->user_id, buffer_bytes(&was), false, mailctl_store_done, &a->m);
	}
	buffer_release(&was);
	buffer_release(&is);
}

int mailctl_mailbox_rename(struct mailctl *ctl, int argc, char **argv)
{
	struct asking a = { .m = { .is_patient = true } };
	int code;

	if (!mailctl_wants(argc, 3, "mailbox rename ADDRESS NAME NEW-NAME", &code))
		return code;
	a.name = argv[2];
	if (begin(&a, ctl, argv[1], &code)) {
		if (strcasecmp(a.name, "INBOX") != 0)
			store_mailbox_list(a.m.client, a.user_id, ends_found, &a);
		/* a reader may be slower than the writer, and would find the new names */
		code = mailctl_store_wait(&a.m);
	}
	if (code == EX_OK) {
		store_mailbox_rename(a.m.client, a.user_id, bytes_text(a.name), bytes_text(argv[3]), mailctl_store_done, &a.m);
		store_client_wait(a.m.client);
		/* the old name is the one that is missing, the new one the one in the way */
		code = wait_for(&a, argv[1], a.m.err.kind == ERROR_NOT_FOUND ? a.name : argv[3]);
	}
	if (code == EX_OK)
		move_subscriptions(&a, argv[3]);
	code = finish(&a, code, argv[1], argv[3], "renamed", json_pack("{s:o}", "was", mailctl_show_json(argv[2])));
	buffer_release(&a.ends);
	return code;
}

int mailctl_mailbox_expire(struct mailctl *ctl, int argc, char **argv)
{
	struct asking a = { 0 };
	char done[64] = "messages stay";
	int64_t age_s = 0;
	int code;

	if (!mailctl_wants(argc, 3, "mailbox expire ADDRESS NAME AGE|never", &code))
		return code;
	if (strcmp(argv[3], "never") != 0 && (!text_parse_duration_s(argv[3], &age_s) || age_s == 0 || age_s > AGE_MAX_S))
		return mailctl_usage("AGE is a time such as 30d or 12h, or never; not \"%s\"", argv[3]);
	if (age_s > 0)
		snprintf(done, sizeof done, "messages go after %.4g days", (double)age_s / 86400);
	if (begin(&a, ctl, argv[1], &code))
		store_mailbox_set_expire(a.m.client, a.user_id, bytes_text(argv[2]), age_s, mailctl_store_done, &a.m);
	return finish(&a, code, argv[1], argv[2], done, json_pack("{s:o}", "expire_after", mailctl_show_json_time(age_s)));
}
