/* mua archive: to the folder for mail that is done with. */
#include "mua/mua_commands.h"
#include "mua/mua_each.h"
#include "mua/mua_transfer.h"

static bool find_archive(struct mua_transfer *t)
{
	t->target = mua_folder_list_find(&t->folders, "\\Archive", "Archive");
	return t->target != NULL || mua_transfer_make_target(t, "Archive", "there is no folder for archived mail; --create makes one named Archive");
}

int mua_archive(const struct mua_options *o)
{
	struct mua_transfer t = { .action = "archive" };

	if (mua_transfer_open(&t, o) && find_archive(&t))
		mua_each(&t.run, o->arguments, o->n_arguments, mua_transfer_one);
	return mua_transfer_close(&t);
}
