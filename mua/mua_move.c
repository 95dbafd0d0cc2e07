/* mua move, mua copy: messages to another folder. */
#include <stdio.h>

#include "mua/mua_commands.h"
#include "mua/mua_each.h"
#include "mua/mua_exit.h"
#include "mua/mua_transfer.h"

static bool find_target(struct mua_transfer *t, const char *name)
{
	char refusal[200];

	t->target = mua_folder_list_named(&t->folders, name);
	if (t->target != NULL)
		return !t->target->is_noselect || mua_run_refuse(&t->run, MUA_EXIT_NOT_FOUND, "%s holds only folders", name);
	snprintf(refusal, sizeof refusal, "there is no folder %.100s; --create makes it", name);
	return mua_transfer_make_target(t, name, refusal);
}

/* The last word is the folder. */
static int transfer(const struct mua_options *o, struct mua_transfer *t)
{
	size_t n = o->n_arguments - 1;

	if (mua_transfer_open(t, o) && find_target(t, o->arguments[n]))
		mua_each(&t->run, o->arguments, n, mua_transfer_one);
	return mua_transfer_close(t);
}

int mua_move(const struct mua_options *o)
{
	return transfer(o, &(struct mua_transfer){ .action = "move" });
}

int mua_copy(const struct mua_options *o)
{
	return transfer(o, &(struct mua_transfer){ .action = "copy", .is_copy = true });
}
