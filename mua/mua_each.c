#include "mua/mua_each.h"

#include <string.h>

#include "mua/mua_exit.h"
#include "mua/mua_id.h"
#include "mua/mua_tally.h"

struct each {
	struct mua_run *run;
	mua_each_fn *one;
	bool is_from_cache;
	struct arena arena;
	const char *current;            /* the folder that is entered */
	struct mua_tally tally;
};

static const char *folder_of(const struct each *e, const struct mua_id *id)
{
	return id->folder ? id->folder : e->run->options->folder ? e->run->options->folder : "INBOX";
}

/* The folder an id lies in is selected once for a run of ids. */
static bool enter_folder(struct each *e, const char *text, const struct mua_id *id)
{
	const char *folder = folder_of(e, id);

	if (e->tally.lost_code != MUA_EXIT_OK)
		return mua_run_refuse(e->run, e->tally.lost_code, "%s: not tried", text);
	if (e->current == NULL || strcmp(e->current, folder) != 0) {
		/* A SELECT that fails leaves nothing selected. */
		e->current = NULL;
		if (!mua_run_folder(e->run, folder))
			return false;
		e->current = folder;
	}
	if (id->uidvalidity != 0 && id->uidvalidity != e->run->folder.uidvalidity)
		return mua_run_refuse(e->run, MUA_EXIT_NOT_FOUND, "%s: the folder was made anew since (its UIDVALIDITY changed)", text);
	return true;
}

static bool do_one(struct each *e, const char *text)
{
	struct mua_run *run = e->run;
	struct mua_id id;

	if (!mua_id_parse(text, &e->arena, &id))
		return mua_run_refuse(run, MUA_EXIT_NOT_FOUND, "%s: not an id", text);
	if (id.account != NULL && strcmp(id.account, run->account.name) != 0)
		return mua_run_refuse(run, MUA_EXIT_NOT_FOUND, "%s: belongs to another account", text);
	run->has_octets = false;
	if (e->is_from_cache && mua_run_body_from_cache(run, folder_of(e, &id), id.uidvalidity, id.uid)) {
		e->current = NULL;
		return e->one(run, folder_of(e, &id), id.uid);
	}
	return enter_folder(e, text, &id) && e->one(run, e->current, id.uid);
}

static void do_all(struct each *e, char *const *ids, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (do_one(e, ids[i]))
			mua_tally_ok(&e->tally);
		else if (!mua_tally_failure(&e->tally, e->run, "id", ids[i]))
			break;
	}
	e->run->exit_code = mua_tally_exit_code(&e->tally);
	arena_reset(&e->arena);
}

void mua_each(struct mua_run *run, char *const *ids, size_t n, mua_each_fn *one)
{
	do_all(&(struct each){ .run = run, .one = one }, ids, n);
}

void mua_each_from_cache(struct mua_run *run, char *const *ids, size_t n, mua_each_fn *one)
{
	do_all(&(struct each){ .run = run, .one = one, .is_from_cache = true }, ids, n);
}
