/* import: mail from outside into a user's mailboxes. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "mailctl/mailctl_import_target.h"
#include "mailctl/mailctl_progress.h"
#include "mailctl/mailctl_show.h"
#include "mailctl/mailctl_store.h"
#include "mailctl/mailctl_verbs.h"
#include "mailstore/users.h"

#define SYNTAX "import ADDRESS FOLDER mbox:FILE|maildir:DIR [--dry-run] [--again]"

struct import {
	struct mailctl_store m;
	const struct mailctl *ctl;
	struct mailctl_outside outside;
	int64_t user_id;
	struct mailctl_source *source;
	struct mailctl_resume resume;
	struct mailctl_import_target target;
	struct mailctl_progress progress;
	uint64_t n_before;              /* letters of it that an earlier import stored */
	uint64_t n_letters, n_octets;   /* read */
	char in_folder[1024];           /* of the source, that of the last letter */
};

static void got_user(void *owner, const struct error *err, const struct store_user *users, size_t n)
{
	struct import *self = owner;

	mailctl_store_done(&self->m, err);
	if (err == NULL && n == 1)
		self->user_id = users[0].user_id;
}

static void can_go_on(void *owner)
{
	(void)owner;
}

/* ---- one letter ---- */

/* The octets go to the body, if there is one, and to the summary. */
static bool read_letter(struct import *self, struct store_body *body, struct summary *summary, struct error *err)
{
	struct summary_builder *builder = summary_builder_create();
	struct buffer octets = { 0 };
	bool ok = true, wait = false;

	while (ok && mailctl_source_read(self->source, &octets, err)) {
		summary_builder_feed(builder, buffer_bytes(&octets));
		self->n_octets += octets.len;
		ok = body == NULL || store_body_write(body, buffer_bytes(&octets), &wait, err);
		if (wait)
			store_client_wait(self->m.client);
		buffer_clear(&octets);
	}
	summary_builder_finish(builder, summary);
	summary_builder_destroy(builder);
	buffer_release(&octets);
	return ok && err->kind == ERROR_NONE;
}

static bool take_letter(struct import *self, struct error *err)
{
	const struct mailctl_letter *letter = &self->source->letter;
	struct summary summary = { 0 };

	if (self->n_letters == 0 || strcmp(self->in_folder, letter->folder) != 0) {
		snprintf(self->in_folder, sizeof self->in_folder, "%s", letter->folder);
		if (!self->outside.is_dry && !mailctl_import_target_enter(&self->target, letter->folder)) {
			*err = self->target.err;
			return false;
		}
		self->target.n_mailboxes += self->outside.is_dry;
	}
	self->n_letters++;
	struct store_body *body = self->outside.is_dry ? NULL : store_body_create(self->m.client, can_go_on, NULL);
	if (!read_letter(self, body, &summary, err)) {
		store_body_destroy(body);
		summary_release(&summary);
		return error_prefix(err, "%s, %s", *letter->folder == '\0' ? self->outside.name : letter->folder, letter->place);
	}
	mailctl_progress_show(&self->progress, self->n_letters, self->source->done, self->source->total);
	if (self->outside.is_dry) {
		summary_release(&summary);
	} else if (!mailctl_import_target_add(&self->target, letter, body, &summary)) {
		*err = self->target.err;
		return false;
	}
	return true;
}

/* Also one without letters is kept. */
static bool take_folder(struct import *self, struct error *err)
{
	if (self->outside.is_dry || mailctl_import_target_make(&self->target, self->source->letter.folder))
		return true;
	*err = self->target.err;
	return false;
}

/* ---- all of them ---- */

static void tell(struct import *self, int64_t took_ms)
{
	char octets[MAILCTL_SHOW_SIZE];
	uint64_t n = self->outside.is_dry ? self->n_letters : self->target.n_stored;

	if (self->ctl->json) {
		mailctl_print_json(json_pack("{s:s, s:s, s:o, s:b, s:I, s:I, s:I, s:I, s:I, s:I}", "user", self->outside.address, "folder", self->outside.folder, "source",
		                             mailctl_show_json(self->outside.name), "dry_run", self->outside.is_dry, "messages", (json_int_t)n, "already_there",
		                             (json_int_t)self->target.n_there, "imported_before", (json_int_t)self->n_before, "octets", (json_int_t)self->n_octets, "mailboxes",
		                             (json_int_t)self->target.n_mailboxes, "ms", (json_int_t)took_ms));
		return;
	}
	if (n == 0 && self->n_before > 0 && !self->outside.is_dry)
		puts("already imported: nothing in it is new");
	else
		printf("%s%" PRIu64 " message%s, %s, in %" PRIu64 " mailbox%s: %.1f s, %.0f/s\n", self->outside.is_dry ? "would import " : "", n, n == 1 ? "" : "s",
	       mailctl_show_octets(self->n_octets, octets), self->target.n_mailboxes, self->target.n_mailboxes == 1 ? "" : "es",
	       (double)took_ms / 1000, (double)n * 1000 / (double)took_ms);
	if (self->target.n_there > 0)
		printf("%" PRIu64 " more were there already\n", self->target.n_there);
}

static bool go_on_behind(struct import *self, struct error *err)
{
	if (self->outside.again)
		mailctl_resume_forget(&self->resume, !self->outside.is_dry);
	if (self->resume.n_letters == 0)
		return true;
	if (!mailctl_import_target_goes_on(&self->target)) {
		*err = self->target.err;
		return error_prefix(err, "say --again to import all of it anew");
	}
	if (!self->ctl->json)
		printf("going on behind %" PRIu64 " message%s stored before\n", self->resume.n_letters, self->resume.n_letters == 1 ? "" : "s");
	self->n_before = self->resume.n_letters;
	mailctl_source_resume(self->source, &self->resume);
	return true;
}

static int run(struct import *self)
{
	struct error err = { 0 };

	mailctl_import_target_init(&self->target, self->m.client, self->user_id, self->outside.folder, &self->resume);
	mailctl_resume_init(&self->resume, self->m.settings.data_dir, self->outside.address, self->outside.folder, self->outside.name);
	bool ok = go_on_behind(self, &err), began = ok;
	mailctl_progress_start(&self->progress);
	while (ok && mailctl_source_next(self->source, &err))
		ok = self->source->letter.place == NULL ? take_folder(self, &err) : take_letter(self, &err);
	if (!self->outside.is_dry && ok && err.kind == ERROR_NONE && !mailctl_import_target_finish(&self->target))
		err = self->target.err;
	int64_t took_ms = mailctl_progress_end_ms(&self->progress);
	ok = ok && err.kind == ERROR_NONE;
	if (!self->outside.is_dry)
		mailctl_import_target_release(&self->target);
	if (began && !ok && !self->outside.is_dry && self->resume.n_letters > 0 && err.kind != ERROR_NOT_FOUND)
		fprintf(stderr, "mailctl: stored so far: %" PRIu64 "; the same command goes on behind them\n", self->resume.n_letters);
	/* a test bench forgets its mail */
	if (ok && self->m.settings.ephemeral)
		mailctl_resume_forget(&self->resume, true);
	mailctl_resume_release(&self->resume);
	if (ok)
		tell(self, took_ms);
	return ok ? EX_OK : mailctl_outside_fail(&err);
}

int mailctl_import(struct mailctl *ctl, int argc, char **argv)
{
	struct import self = { .ctl = ctl, .m = { .is_patient = true, .tells_daemons = true } };
	struct error err = { 0 };
	int code;

	if (!mailctl_outside_parse(argc, argv, SYNTAX, true, &self.outside, &code))
		return code;
	summary_prepare();
	if (mailctl_store_open(&self.m, ctl, &code)) {
		store_user_get(self.m.client, bytes_text(self.outside.address), got_user, &self);
		code = mailctl_store_wait(&self.m);
		if (code == EX_OK) {
			/* as the owner of the store: what root alone may read is refused here, by name */
			self.source = mailctl_source_open(&self.outside, &err);
			code = self.source == NULL ? mailctl_outside_fail(&err) : run(&self);
		}
	}
	mailctl_source_close(self.source);
	mailctl_store_close(&self.m);
	return code;
}
