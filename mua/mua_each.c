#include "mua/mua_each.h"

#include <string.h>

#include "mua/mua_exit.h"
#include "mua/mua_id.h"

/* The folder an id lies in is selected once for a run of ids. */
static bool enter_folder(struct mua_run *run, const char *text, const struct mua_id *id, const char **current)
{
	const char *folder = id->folder ? id->folder : run->options->folder ? run->options->folder : "INBOX";

	if (id->account != NULL && strcmp(id->account, run->account.name) != 0)
		return mua_run_refuse(run, MUA_EXIT_NOT_FOUND, "%s: belongs to another account", text);
	if (*current == NULL || strcmp(*current, folder) != 0) {
		/* A SELECT that fails leaves nothing selected. */
		*current = NULL;
		if (!mua_run_folder(run, folder))
			return false;
		*current = folder;
	}
	if (id->uidvalidity != 0 && id->uidvalidity != run->folder.uidvalidity)
		return mua_run_refuse(run, MUA_EXIT_NOT_FOUND, "%s: the folder was made anew since (its UIDVALIDITY changed)", text);
	return true;
}

static bool do_one(struct mua_run *run, const char *text, struct arena *arena, const char **current, mua_each_fn *one)
{
	struct mua_id id;

	if (!mua_id_parse(text, arena, &id))
		return mua_run_refuse(run, MUA_EXIT_NOT_FOUND, "%s: not an id", text);
	return enter_folder(run, text, &id, current) && one(run, *current, id.uid);
}

void mua_each(struct mua_run *run, char *const *ids, size_t n, mua_each_fn *one)
{
	struct arena arena = { 0 };
	const char *current = NULL;
	size_t n_ok = 0;
	int failure = MUA_EXIT_OK;

	for (size_t i = 0; i < n && (failure == MUA_EXIT_OK || failure == MUA_EXIT_NOT_FOUND); i++) {
		if (do_one(run, ids[i], &arena, &current, one))
			n_ok++;
		else
			failure = run->exit_code;
	}
	run->exit_code = failure == MUA_EXIT_NOT_FOUND && n_ok > 0 ? MUA_EXIT_PARTIAL : failure;
	arena_reset(&arena);
}
