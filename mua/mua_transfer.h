/* mua_transfer: moves and copies messages to another folder of the account: what move, copy, archive and delete share. */
#ifndef MUA_MUA_TRANSFER_H
#define MUA_MUA_TRANSFER_H

#include <stdbool.h>
#include <stdint.h>

#include "mua/mua_folder_list.h"
#include "mua/mua_run.h"

struct mua_transfer {                   /* zero-initialise */
	struct mua_run run;             /* first: mua_each hands it on */
	const char *action;             /* the verb, for JSON */
	bool is_copy, is_purge;         /* else move */
	struct mua_folder_list folders;
	const struct mua_folder_entry *target;  /* not of a purge */
};

/* Account and mail are opened, the list of folders is fetched.  False: run.exit_code says why. */
bool mua_transfer_open(struct mua_transfer *, const struct mua_options *);
/* Make a folder the target when --create is given, else refuse with NOT_FOUND in these words. */
bool mua_transfer_make_target(struct mua_transfer *, const char *name, const char *refusal);
/*
 * A mua_each_fn.  MOVE where the server has it, else COPY and UID EXPUNGE; nothing is deleted that was not copied.  With --json an object
 * "posta.transfer.1" tells the new id where the server does.
 */
bool mua_transfer_one(struct mua_run *, const char *folder, uint32_t uid);
/* Logs out, frees everything, returns the exit code. */
int mua_transfer_close(struct mua_transfer *);

#endif
