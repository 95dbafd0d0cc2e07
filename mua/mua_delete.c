/* mua delete: to the folder for deleted mail, or for good. */
#include <string.h>

#include "imap/imap_client.h"
#include "imap/imap_write.h"
#include "mua/mua_commands.h"
#include "mua/mua_each.h"
#include "mua/mua_exit.h"
#include "mua/mua_folder_list.h"

struct deletion {
	struct mua_run run;             /* first: mua_each hands it on */
	struct mua_folder_list folders;
	const struct mua_folder_entry *trash;
};

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
	return mua_sync_can(run->sync) != 0 && (run->err.kind == ERROR_SYNTAX || run->err.kind == ERROR_DENIED);
}

static bool move(struct deletion *d, uint32_t uid)
{
	struct mua_run *run = &d->run;
	bool has_move = mua_sync_can(run->sync) & IMAP_CAN_MOVE, ok;
	struct buffer command = { 0 };

	if (!has_move && !(mua_sync_can(run->sync) & IMAP_CAN_UIDPLUS))
		return mua_run_refuse(run, MUA_EXIT_UNREACHABLE, "the server cannot move single messages (neither MOVE nor UIDPLUS)");
	buffer_printf(&command, "UID %s %u ", has_move ? "MOVE" : "COPY", uid);
	imap_write_astring(&command, bytes_text(d->trash->wire_name));
	ok = mua_run_command(run, has_move ? "MOVE" : "COPY", buffer_bytes(&command), NULL, NULL);
	buffer_release(&command);
	if (!ok && is_unable(run))
		return mua_run_refuse(run, MUA_EXIT_UNREACHABLE, "the server cannot move messages to %s; --purge deletes for good", d->trash->name);
	return ok && (has_move || expunge(run, uid));
}

static bool find_trash(struct deletion *d)
{
	if (!mua_folder_list_fetch(&d->folders, &d->run))
		return false;
	d->trash = mua_folder_list_find(&d->folders, "\\Trash", "Trash");
	return d->trash != NULL || mua_run_refuse(&d->run, MUA_EXIT_NOT_FOUND, "there is no folder for deleted mail; --purge deletes for good");
}

static bool delete_one(struct mua_run *run, const char *folder, uint32_t uid)
{
	struct deletion *d = (struct deletion *)run;

	if (!mua_run_is_there(run, uid))
		return false;
	if (mua_sync_is_read_only(run->sync))
		return mua_run_refuse(run, MUA_EXIT_GENERIC, "%s may only be read", folder);
	if (run->options->purge)
		return expunge(run, uid);
	if (strcmp(d->trash->name, folder) == 0)
		return mua_run_refuse(run, MUA_EXIT_DATA, "UID %u is in %s already; --purge deletes for good", uid, folder);
	return move(d, uid);
}

int mua_delete(const struct mua_options *o)
{
	struct deletion d = { 0 };
	int exit_code;

	if (mua_run_open(&d.run, o) && mua_run_open_mail(&d.run) && (o->purge || find_trash(&d)))
		mua_each(&d.run, o->arguments, o->n_arguments, delete_one);
	exit_code = mua_run_close(&d.run);
	mua_folder_list_release(&d.folders);
	return exit_code;
}
