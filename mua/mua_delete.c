/* mua delete: to the folder for deleted mail, or for good. */
#include "mua/mua_commands.h"
#include "mua/mua_each.h"
#include "mua/mua_exit.h"
#include "mua/mua_transfer.h"

static bool find_trash(struct mua_transfer *t)
{
	t->target = mua_folder_list_find(&t->folders, "\\Trash", "Trash");
	return t->target != NULL || mua_run_refuse(&t->run, MUA_EXIT_NOT_FOUND, "there is no folder for deleted mail; --purge deletes for good");
}

int mua_delete(const struct mua_options *o)
{
	struct mua_transfer t = { .action = o->purge ? "purge" : "delete", .is_purge = o->purge };

	if (mua_transfer_open(&t, o) && (o->purge || find_trash(&t)))
		mua_each(&t.run, o->arguments, o->n_arguments, mua_transfer_one);
	return mua_transfer_close(&t);
}
