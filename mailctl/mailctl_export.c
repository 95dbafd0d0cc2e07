/* export: a user's mail out of the store. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/memory.h"
#include "mailctl/mailctl_progress.h"
#include "mailctl/mailctl_show.h"
#include "mailctl/mailctl_sink.h"
#include "mailctl/mailctl_store.h"
#include "mailctl/mailctl_verbs.h"
#include "mailstore/bodies.h"
#include "mailstore/users.h"

#define SYNTAX "export ADDRESS FOLDER mbox:FILE|mbox:DIR/|maildir:DIR [--dry-run]"

struct export {
	struct mailctl_store m;
	const struct mailctl *ctl;
	struct mailctl_outside outside;
	int64_t user_id;
	struct mailctl_sink *sink;
	struct mailctl_progress progress;
	struct arena arena;             /* names */
	const char **mailboxes;         /* to write */
	size_t n_mailboxes;
	uint64_t n_total, n_passed;     /* messages in them; seen so far */
	uint64_t n_messages, n_octets, n_there;         /* written; there before */
	struct store_snapshot *snapshot;
	struct store_messages *messages;
	struct error *err;              /* of the write that goes on in a completion */
};

static void got_user(void *owner, const struct error *err, const struct store_user *users, size_t n)
{
	struct export *self = owner;

	mailctl_store_done(&self->m, err);
	if (err == NULL && n == 1)
		self->user_id = users[0].user_id;
}

/* ---- which mailboxes ---- */

/* What is behind the named folder: "" for itself, NULL when it lies elsewhere.  Everything of a user lies below INBOX here, as in a Maildir++. */
static const char *below(const struct export *self, const char *mailbox)
{
	size_t len = strlen(self->outside.folder);

	if (bytes_equal_nocase(bytes_text(self->outside.folder), BYTES("INBOX")))
		return strcmp(mailbox, "INBOX") == 0 ? "" : mailbox;
	if (strcmp(mailbox, self->outside.folder) == 0)
		return "";
	return strncmp(mailbox, self->outside.folder, len) == 0 && mailbox[len] == '/' ? mailbox + len + 1 : NULL;
}

static void got_mailboxes(void *owner, const struct error *err, const struct store_mailbox *mailboxes, size_t n)
{
	struct export *self = owner;

	mailctl_store_done(&self->m, err);
	self->mailboxes = arena_alloc(&self->arena, (n + 1) * sizeof *self->mailboxes);
	for (size_t i = 0; i < n; i++) {
		const char *rest = below(self, mailboxes[i].name);
		if (rest == NULL || (*rest != '\0' && !self->sink->takes_folders))
			continue;
		self->mailboxes[self->n_mailboxes++] = arena_text(&self->arena, mailboxes[i].name);
		self->n_total += mailboxes[i].n_messages;
	}
}

/* ---- one message ---- */

static void got_octets(void *owner, const struct error *err, struct bytes octets)
{
	struct export *self = owner;

	mailctl_store_done(&self->m, err);
	if (err == NULL)
		mailctl_sink_write(self->sink, octets, self->err);
}

static bool write_message(struct export *self, const struct store_message *message, struct error *err)
{
	bool ok = mailctl_sink_begin(self->sink, message, err);

	self->err = err;
	for (uint64_t at = 0; ok && at < message->size; at += STORE_READ_MAX) {
		store_read(self->m.client, message->message_id, at, STORE_READ_MAX, got_octets, self);
		store_client_wait(self->m.client);
		if (self->m.err.kind != ERROR_NONE)
			*err = self->m.err;
		ok = err->kind == ERROR_NONE;
	}
	self->n_messages += ok;
	self->n_octets += ok ? message->size : 0;
	return ok && mailctl_sink_end(self->sink, err);
}

/* ---- one mailbox ---- */

static void got_snapshot(void *owner, const struct error *err, struct store_snapshot *snapshot)
{
	struct export *self = owner;

	mailctl_store_done(&self->m, err);
	self->snapshot = snapshot;
}

static void got_messages(void *owner, const struct error *err, struct store_messages *messages)
{
	struct export *self = owner;

	mailctl_store_done(&self->m, err);
	self->messages = messages;
}

static bool write_batch(struct export *self, struct error *err)
{
	bool ok = true;

	for (size_t i = 0; ok && i < self->messages->n; i++) {
		const struct store_message *message = &self->messages->at[i];
		if (self->outside.is_dry)
			self->n_messages++, self->n_octets += message->size;
		else if (mailctl_sink_has(self->sink, message))
			self->n_there++;
		else
			ok = write_message(self, message, err);
		mailctl_progress_show(&self->progress, self->n_messages, ++self->n_passed, self->n_total);
	}
	return ok;
}

static bool write_mailbox(struct export *self, const char *name, struct error *err)
{
	struct ranges uids = { 0 };
	uint32_t next_uid = 1;

	store_mailbox_open(self->m.client, self->user_id, bytes_text(name), false, got_snapshot, self);
	store_client_wait(self->m.client);
	bool ok = self->m.err.kind == ERROR_NONE && (self->outside.is_dry || mailctl_sink_enter(self->sink, below(self, name), self->snapshot, err));
	while (ok && next_uid != 0) {
		ranges_clear(&uids);
		ranges_add_range(&uids, next_uid, UINT32_MAX);
		store_message_scan(self->m.client, self->snapshot->mailbox.mailbox_id, &uids, 0, false, got_messages, self);
		store_client_wait(self->m.client);
		ok = self->m.err.kind == ERROR_NONE && write_batch(self, err);
		next_uid = ok ? self->messages->next_uid : 0;
		store_messages_destroy(self->messages);
		self->messages = NULL;
	}
	if (self->m.err.kind != ERROR_NONE)
		*err = self->m.err;
	store_snapshot_destroy(self->snapshot);
	self->snapshot = NULL;
	ranges_release(&uids);
	return ok;
}

static void tell(const struct export *self, int64_t took_ms)
{
	char octets[MAILCTL_SHOW_SIZE];

	if (self->ctl->json) {
		mailctl_print_json(json_pack("{s:s, s:s, s:o, s:b, s:I, s:I, s:I, s:I, s:I}", "user", self->outside.address, "folder", self->outside.folder, "target",
		                             mailctl_show_json(self->outside.name), "dry_run", self->outside.is_dry, "messages", (json_int_t)self->n_messages, "already_there",
		                             (json_int_t)self->n_there, "octets", (json_int_t)self->n_octets, "mailboxes", (json_int_t)self->n_mailboxes,
		                             "ms", (json_int_t)took_ms));
		return;
	}
	printf("%s%" PRIu64 " message%s, %s, of %zu mailbox%s: %.1f s, %.0f/s\n", self->outside.is_dry ? "would export " : "", self->n_messages,
	       self->n_messages == 1 ? "" : "s", mailctl_show_octets(self->n_octets, octets), self->n_mailboxes, self->n_mailboxes == 1 ? "" : "es",
	       (double)took_ms / 1000, (double)self->n_messages * 1000 / (double)took_ms);
	if (self->n_there > 0)
		printf("%" PRIu64 " more were there already\n", self->n_there);
}

static int run(struct export *self)
{
	struct error err = { 0 };
	bool ok = true;

	store_mailbox_list(self->m.client, self->user_id, got_mailboxes, self);
	int code = mailctl_store_wait(&self->m);
	if (code != EX_OK)
		return code;
	if (self->n_mailboxes == 0) {
		error_set(&err, ERROR_NOT_FOUND, "%s has no mailbox %s", self->outside.address, self->outside.folder);
		return mailctl_fail(&err);
	}
	mailctl_progress_start(&self->progress);
	for (size_t i = 0; ok && i < self->n_mailboxes; i++)
		ok = write_mailbox(self, self->mailboxes[i], &err);
	struct error closing = { 0 };
	ok = mailctl_sink_close(self->sink, ok, ok ? &err : &closing) && ok;
	self->sink = NULL;
	int64_t took_ms = mailctl_progress_end_ms(&self->progress);
	if (ok)
		tell(self, took_ms);
	return ok ? EX_OK : mailctl_outside_fail(&err);
}

int mailctl_export(struct mailctl *ctl, int argc, char **argv)
{
	struct export self = { .ctl = ctl };
	struct error err = { 0 };
	int code;

	if (!mailctl_outside_parse(argc, argv, SYNTAX, false, &self.outside, &code))
		return code;
	if (mailctl_store_open(&self.m, ctl, &code)) {
		store_user_get(self.m.client, bytes_text(self.outside.address), got_user, &self);
		code = mailctl_store_wait(&self.m);
		if (code == EX_OK) {
			self.sink = mailctl_sink_open(&self.outside, &err);
			code = self.sink == NULL ? mailctl_outside_fail(&err) : run(&self);
		}
	}
	mailctl_sink_close(self.sink, false, &err);
	arena_reset(&self.arena);
	mailctl_store_close(&self.m);
	return code;
}
