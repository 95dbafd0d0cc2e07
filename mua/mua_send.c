/* mua send: a letter, or an answer to one. */
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "message/compose.h"
#include "message/date.h"
#include "message/header.h"
#include "message/preview.h"
#include "mua/mua_commands.h"
#include "mua/mua_sent_copy.h"
#include "mua/mua_exit.h"
#include "mua/mua_file.h"
#include "mua/mua_id.h"
#include "mua/mua_json.h"
#include "mua/mua_outbox.h"
#include "mua/mua_run.h"
#include "mua/mua_safe.h"

#define BODY_MAX (25u * 1024 * 1024)
#define ATTACHED_MAX (50u * 1024 * 1024)       /* all files together */

struct draft {
	struct mua_run run;
	struct arena arena;
	struct compose_letter letter;
	struct buffer body, message;
	struct buffer *files;           /* what is attached */
	struct compose_attachment *attachments;
	const char *sender, *const *recipients;
	size_t n_recipients;
	uint32_t original_uid;          /* of the message that is answered; 0 = none */
	bool is_answered;
};

static bool fail(struct draft *d, int exit_code)
{
	mua_run_complain(&d->run.err);
	d->run.exit_code = exit_code;
	return false;
}

static bool fail_file(struct draft *d)
{
	return fail(d, d->run.err.kind == ERROR_NOT_FOUND ? MUA_EXIT_NOT_FOUND : d->run.err.kind == ERROR_LIMIT ? MUA_EXIT_DATA : MUA_EXIT_IO);
}

static bool read_body(struct draft *d)
{
	const char *file = d->run.options->body_file;

	if (file == NULL && isatty(STDIN_FILENO)) {
		error_set(&d->run.err, ERROR_SYNTAX, "no text: give --body-file, or pipe it in");
		return fail(d, MUA_EXIT_USAGE);
	}
	if (!mua_file_read(file ? file : "-", BODY_MAX, &d->body, &d->run.err))
		return fail_file(d);
	d->letter.body = buffer_bytes(&d->body);
	return true;
}

static bool read_attachments(struct draft *d)
{
	const struct mua_options *o = d->run.options;
	size_t left = ATTACHED_MAX;

	d->files = arena_alloc(&d->arena, (o->n_attachments + 1) * sizeof *d->files);
	d->attachments = arena_alloc(&d->arena, (o->n_attachments + 1) * sizeof *d->attachments);
	for (size_t i = 0; i < o->n_attachments; i++) {
		const char *path = o->attachments[i], *slash = strrchr(path, '/');
		if (strcmp(path, "-") == 0)
			return mua_run_refuse(&d->run, MUA_EXIT_USAGE, "standard input cannot be attached: it has no name");
		if (!mua_file_read(path, left, &d->files[i], &d->run.err))
			return fail_file(d);
		left -= d->files[i].len;
		d->attachments[i] = (struct compose_attachment){ slash ? slash + 1 : path, buffer_bytes(&d->files[i]) };
	}
	d->letter.attachments = d->attachments;
	d->letter.n_attachments = o->n_attachments;
	return true;
}

/* Recipients, subject and references of the answer come from the message it answers. */
static bool read_original(struct draft *d)
{
	const struct mua_options *o = d->run.options;
	struct mua_id id;
	struct buffer text = { 0 };
	bool ok;

	if (!mua_id_parse(o->reply_to_id, &d->arena, &id)) {
		error_set(&d->run.err, ERROR_SYNTAX, "%s: not an id", o->reply_to_id);
		return fail(d, MUA_EXIT_DATA);
	}
	if (!mua_run_open_mail(&d->run) || !mua_run_folder(&d->run, id.folder ? id.folder : "INBOX"))
		return false;
	if (id.uidvalidity != 0 && id.uidvalidity != d->run.folder.uidvalidity) {
		error_set(&d->run.err, ERROR_NOT_FOUND, "%s: the folder was made anew since", o->reply_to_id);
		return fail(d, MUA_EXIT_NOT_FOUND);
	}
	if (!mua_run_body(&d->run, id.uid))
		return false;
	d->original_uid = id.uid;
	struct bytes message = buffer_bytes(&d->run.octets);
	preview_message_text(message, BODY_MAX, &text, NULL);
	ok = compose_reply(&d->letter, bytes_slice(message, 0, header_length(message)), buffer_bytes(&text), d->run.account.name,
	                   o->all, &d->arena, &d->run.err);
	buffer_release(&text);
	return ok || fail(d, MUA_EXIT_DATA);
}

static bool compose(struct draft *d)
{
	const struct mua_options *o = d->run.options;

	if (o->reply_to_id != NULL && !read_original(d))
		return false;
	if (o->to != NULL)
		d->letter.to = o->to;
	if (o->cc != NULL)
		d->letter.cc = o->cc;
	if (o->subject != NULL)
		d->letter.subject = o->subject;
	d->letter.bcc = o->bcc;
	d->letter.from = o->from ? o->from : d->run.account.name;
	d->letter.date_s = clock_now_s();
	d->letter.offset_min = date_local_offset_min(d->letter.date_s);
	if (!read_body(d) || !read_attachments(d))
		return false;
	return (compose_recipients(&d->letter, &d->arena, &d->sender, &d->recipients, &d->n_recipients, &d->run.err) &&
	        compose_letter_write(&d->letter, &d->message, &d->run.err)) || fail(d, MUA_EXIT_DATA);
}

static json_t *describe(const struct draft *d)
{
	json_t *object = mua_json_object("posta.send.1"), *list = json_array();
	struct bytes message = buffer_bytes(&d->message);
	struct header_field field;

	mua_json_set_text(object, "sender", bytes_text(d->sender));
	for (size_t i = 0; i < d->n_recipients; i++)
		json_array_append_new(list, json_string(d->recipients[i]));
	json_object_set_new(object, "recipients", list);
	if (header_find(bytes_slice(message, 0, header_length(message)), BYTES("Message-ID"), &field))
		mua_json_set_text(object, "message_id", bytes_trim(field.value));
	json_object_set_new(object, "size", json_integer((json_int_t)d->message.len));
	return object;
}

static bool print_dry_run(struct draft *d)
{
	struct buffer out = { 0 };
	bool ok;

	if (d->run.options->json) {
		json_t *object = describe(d);
		mua_json_set_text(object, "message", buffer_bytes(&d->message));
		mua_json_write(&out, object);
	} else {
		buffer_printf(&out, "MAIL FROM:<%s>\n", d->sender);
		for (size_t i = 0; i < d->n_recipients; i++)
			buffer_printf(&out, "RCPT TO:<%s>\n", d->recipients[i]);
		buffer_add_octet(&out, '\n');
		mua_safe_text(&out, buffer_bytes(&d->message));
	}
	ok = mua_run_print(&d->run, buffer_bytes(&out));
	buffer_release(&out);
	return ok;
}

static const char *const verdicts[] = {
	[SMTP_CLIENT_ACCEPTED] = "accepted",
	[SMTP_CLIENT_TEMPORARY] = "temporary",
	[SMTP_CLIENT_PERMANENT] = "rejected",
	[SMTP_CLIENT_UNTRIED] = "untried",
};

static void report_json(struct draft *d, const struct smtp_client_result *results, size_t n)
{
	json_t *object = describe(d), *list = json_array();
	struct buffer out = { 0 };

	for (size_t i = 0; i < n; i++) {
		json_t *one = json_object();
		mua_json_set_text(one, "address", bytes_text(d->recipients[i]));
		mua_json_set_text(one, "result", bytes_text(verdicts[results[i].verdict]));
		mua_json_set_text(one, "reply", bytes_text(results[i].text));
		json_array_append_new(list, one);
	}
	json_object_set_new(object, "recipients", list);
	mua_json_write(&out, object);
	mua_run_print(&d->run, buffer_bytes(&out));
	buffer_release(&out);
}

static void on_answered(void *owner, const struct error *err, int exit_code, const struct smtp_client_result *results, size_t n)
{
	struct draft *d = owner;

	d->is_answered = true;
	d->run.exit_code = exit_code;
	if (err != NULL) {
		d->run.err = *err;
		mua_run_complain(err);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		if (results[i].verdict == SMTP_CLIENT_ACCEPTED)
			continue;
		error_set(&d->run.err, ERROR_DENIED, "%s: %s", d->recipients[i], results[i].text);
		mua_run_complain(&d->run.err);
	}
	if (d->run.options->json)
		report_json(d, results, n);
}

static void hand_over(struct draft *d)
{
	struct mua_outbox *outbox = mua_outbox_send(&(struct mua_outbox_options){
		.loop = d->run.loop,
		.worker = d->run.worker,
		.account = &d->run.account,
		.timeout_ms = mua_run_timeout_ms(&d->run),
		.dot_timeout_ms = d->run.options->timeout_s * 1000,
		.trace = d->run.options->trace,
	}, &(struct mua_outbox_letter){ d->sender, d->recipients, d->n_recipients, buffer_bytes(&d->message) }, on_answered, d);

	mua_run_until(&d->run, &d->is_answered);
	while (!mua_outbox_is_over(outbox))
		net_loop_run_once(d->run.loop, -1);
	mua_outbox_destroy(outbox);
}

/* A mark that could not be set is no reason to send again. */
static void mark_answered(struct draft *d)
{
	struct buffer command = { 0 };
	int exit_code = d->run.exit_code;

	if (d->original_uid == 0 || (exit_code != MUA_EXIT_OK && exit_code != MUA_EXIT_PARTIAL) || mua_sync_is_read_only(d->run.sync))
		return;
	buffer_printf(&command, "UID STORE %u +FLAGS (\\Answered)", d->original_uid);
	if (mua_run_command(&d->run, "STORE", buffer_bytes(&command), NULL, NULL))
		d->run.exit_code = exit_code;
	else
		mua_run_refuse(&d->run, MUA_EXIT_PARTIAL, "the letter was sent, but what it answers was not marked");
	buffer_release(&command);
}

/* Whoever got the letter has it, whatever becomes of the copy. */
static void keep_copy(struct draft *d)
{
	int exit_code = d->run.exit_code;
	bool was_sent = exit_code == MUA_EXIT_OK || exit_code == MUA_EXIT_PARTIAL;

	if (!was_sent || d->run.options->no_copy || d->run.account.imap.host == NULL)
		return;
	if (mua_sent_copy_keep(&d->run, buffer_bytes(&d->message), d->letter.bcc))
		d->run.exit_code = exit_code;
	else
		mua_run_refuse(&d->run, MUA_EXIT_PARTIAL, "the letter was sent, but no copy of it was kept");
}

int mua_send(const struct mua_options *o)
{
	struct draft d = { 0 };
	int exit_code;

	if (mua_run_open(&d.run, o) && compose(&d)) {
		d.run.exit_code = MUA_EXIT_OK;
		if (o->dry_run) {
			print_dry_run(&d);
		} else if (d.run.account.smtp.host == NULL) {
			error_set(&d.run.err, ERROR_SYNTAX, "no SMTP server: give --smtp");
			fail(&d, MUA_EXIT_CONFIG);
		} else {
			hand_over(&d);
			mark_answered(&d);
			keep_copy(&d);
		}
	}
	exit_code = mua_run_close(&d.run);
	buffer_release(&d.body);
	for (size_t i = 0; d.files != NULL && i < o->n_attachments; i++)
		buffer_release(&d.files[i]);
	buffer_release(&d.message);
	arena_reset(&d.arena);
	return exit_code;
}
