#include "mua/mua_transfer.h"

#include <string.h>
#include <strings.h>

#include "imap/imap_client.h"
#include "imap/imap_write.h"
#include "mua/mua_exit.h"
#include "mua/mua_id.h"
#include "mua/mua_json.h"

bool mua_transfer_open(struct mua_transfer *t, const struct mua_options *o)
{
	return mua_run_open(&t->run, o) && mua_run_open_mail(&t->run) && (t->is_purge || mua_folder_list_fetch(&t->folders, &t->run));
}

bool mua_transfer_make_target(struct mua_transfer *t, const char *name, const char *refusal)
{
	if (!t->run.options->create)
		return mua_run_refuse(&t->run, MUA_EXIT_NOT_FOUND, "%s", refusal);
	t->target = mua_folder_list_create(&t->folders, &t->run, name);
	return t->target != NULL;
}

static void on_copied(void *owner, const struct imap_reply *reply)
{
	imap_reply_copied(reply, owner);
}

/* EXPUNGE alone would take with it what others have marked: RFC 4315. */
static bool expunge(struct mua_run *run, uint32_t uid)
{
	struct buffer command = { 0 };
	bool ok;

	if (!(mua_sync_can(run->sync) & IMAP_CAN_UIDPLUS))
		return mua_run_refuse(run, MUA_EXIT_UNREACHABLE, "the server cannot delete single messages (no UIDPLUS)");
	buffer_printf(&command, "UID STORE %u +FLAGS.SILENT (\\Deleted)", uid);
	ok = mua_run_command(run, "STORE", buffer_bytes(&command), NULL, NULL);
	buffer_clear(&command);
	buffer_printf(&command, "UID EXPUNGE %u", uid);
	ok = ok && mua_run_command(run, "EXPUNGE", buffer_bytes(&command), NULL, NULL);
	buffer_release(&command);
	return ok;
}

/* Every IMAP server should have COPY; one that has not answers BAD or [CANNOT], and the connection stands. */
static bool is_unable(const struct mua_run *run)
{
	return mua_sync_is_open(run->sync) && (run->err.kind == ERROR_SYNTAX || run->err.kind == ERROR_DENIED);
}

static bool transfer(struct mua_transfer *t, uint32_t uid, struct imap_reply_copied *copied)
{
	struct mua_run *run = &t->run;
	unsigned can = mua_sync_can(run->sync);
	const char *verb = !t->is_copy && (can & IMAP_CAN_MOVE) ? "MOVE" : "COPY";
	struct buffer command = { 0 };
	bool ok;

	if (!t->is_copy && !(can & (IMAP_CAN_MOVE | IMAP_CAN_UIDPLUS)))
		return mua_run_refuse(run, MUA_EXIT_UNREACHABLE, "the server cannot move single messages (neither MOVE nor UIDPLUS)");
	buffer_printf(&command, "UID %s %u ", verb, uid);
	imap_write_astring(&command, bytes_text(t->target->wire_name));
	ok = mua_run_command(run, verb, buffer_bytes(&command), on_copied, copied);
	buffer_release(&command);
	if (!ok && is_unable(run))
		return mua_run_refuse(run, MUA_EXIT_UNREACHABLE, "the server cannot %s messages to %s%s", t->is_copy ? "copy" : "move", t->target->name,
		                      strcmp(t->action, "delete") == 0 ? "; --purge deletes for good" : "");
	return ok && (t->is_copy || strcmp(verb, "MOVE") == 0 || expunge(run, uid));
}

static void set_id(json_t *object, const char *key, const struct mua_run *run, const char *folder, uint32_t uidvalidity, uint32_t uid)
{
	struct buffer id = { 0 };

	mua_id_format(&id, run->account.name, folder, uidvalidity, uid);
	mua_json_set_text(object, key, buffer_bytes(&id));
	buffer_release(&id);
}

static bool report(struct mua_transfer *t, const char *folder, uint32_t uid, const struct imap_reply_copied *copied)
{
	struct buffer out = { 0 };
	json_t *object;
	bool ok;

	if (!t->run.options->json)
		return true;
	object = mua_json_object("posta.transfer.1");
	json_object_set_new(object, "action", json_string(t->action));
	set_id(object, "id", &t->run, folder, t->run.folder.uidvalidity, uid);
	if (t->target != NULL)
		mua_json_set_text(object, "folder", bytes_text(t->target->name));
	else
		json_object_set_new(object, "folder", json_null());
	if (t->target != NULL && copied->uid != 0)
		set_id(object, "new_id", &t->run, t->target->name, copied->uidvalidity, copied->uid);
	else
		json_object_set_new(object, "new_id", json_null());
	mua_json_write(&out, object);
	ok = mua_run_print(&t->run, buffer_bytes(&out));
	buffer_release(&out);
	return ok;
}

static bool is_same_folder(const char *a, const char *b)
{
	return strcmp(a, b) == 0 || (strcasecmp(a, "INBOX") == 0 && strcasecmp(b, "INBOX") == 0);
}

bool mua_transfer_one(struct mua_run *run, const char *folder, uint32_t uid)
{
	struct mua_transfer *t = (struct mua_transfer *)run;
	struct imap_reply_copied copied = { 0 };

	if (!mua_run_is_there(run, uid))
		return false;
	if (!t->is_copy && mua_sync_is_read_only(run->sync))
		return mua_run_refuse(run, MUA_EXIT_GENERIC, "%s may only be read", folder);
	if (!t->is_copy && t->target != NULL && is_same_folder(t->target->name, folder))
		return mua_run_refuse(run, MUA_EXIT_DATA, "UID %u is in %s already%s", uid, folder,
		                      strcmp(t->action, "delete") == 0 ? "; --purge deletes for good" : "");
	if (t->target == NULL ? !expunge(run, uid) : !transfer(t, uid, &copied))
		return false;
	if (!t->is_copy && !mua_cache_forget(run->cache, &run->folder, uid, &run->err))
		return mua_run_fail(run, MUA_EXIT_IO);
	return report(t, folder, uid, &copied);
}

int mua_transfer_close(struct mua_transfer *t)
{
	int exit_code = mua_run_close(&t->run);

	mua_folder_list_release(&t->folders);
	return exit_code;
}
