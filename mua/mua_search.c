/* mua search, and what it shares with list. */
#include "mua/mua_search.h"

#include "mua/mua_cache_folder.h"
#include "mua/mua_commands.h"
#include "mua/mua_exit.h"
#include "mua/mua_folder_list.h"
#include "mua/mua_json.h"
#include "mua/mua_model.h"
#include "mua/mua_query_answer.h"
#include "mua/mua_row.h"
#include "mua/mua_tally.h"

struct search {
	struct mua_run run;
	struct mua_query query;
	bool has_query;
	uint64_t n_shown;
};

static bool load(struct search *s, const char *folder, struct mua_model *model)
{
	struct mua_run *run = &s->run;
	uint64_t left = run->options->limit ? run->options->limit - s->n_shown : 0;

	if (!mua_model_load(model, run->cache, run->account.name, folder, &run->folder, s->has_query ? 0 : left, &run->err))
		return mua_run_fail(run, MUA_EXIT_IO);
	if (!s->has_query)
		return true;
	if (!mua_query_answer(&s->query, run, model))
		return false;
	mua_model_keep(model, &s->query, left);
	return true;
}

static bool enter(struct mua_run *run, const char *folder)
{
	return run->options->local ? mua_run_folder_from_cache(run, folder) : mua_run_folder(run, folder);
}

static bool search_folder(struct search *s, const char *folder)
{
	const struct mua_options *o = s->run.options;
	struct mua_model model = { 0 };
	struct buffer out = { 0 };
	bool ok = enter(&s->run, folder) && load(s, folder, &model);

	for (size_t i = 0; ok && i < model.n_rows; i++) {
		if (o->json)
			mua_json_write(&out, mua_json_message(&model, &model.rows[i]));
		else
			mua_row_format(&out, o->all_folders ? folder : NULL, &model.rows[i]);
	}
	ok = ok && mua_run_print(&s->run, buffer_bytes(&out));
	s->n_shown += ok ? model.n_rows : 0;
	buffer_release(&out);
	mua_model_release(&model);
	return ok;
}

/* A folder that cannot be searched says nothing of the next. */
static void search_folders(struct search *s, const char *const *names, size_t n)
{
	struct mua_run *run = &s->run;
	struct mua_tally tally = { 0 };

	for (size_t i = 0; i < n && tally.lost_code == MUA_EXIT_OK && (run->options->limit == 0 || s->n_shown < run->options->limit); i++) {
		if (search_folder(s, names[i]))
			mua_tally_ok(&tally);
		else if (!mua_tally_failure(&tally, run, "folder", names[i]))
			break;
	}
	run->exit_code = mua_tally_exit_code(&tally);
	if (run->exit_code == MUA_EXIT_OK && s->n_shown == 0)
		run->exit_code = MUA_EXIT_EMPTY;
}

static void search_all(struct search *s)
{
	struct mua_folder_list list = { 0 };
	const char *const *names;
	const char **selectable;
	size_t n = 0;

	if (s->run.options->local) {
		if (mua_cache_folder_names(s->run.cache, &list.arena, &names, &n, &s->run.err))
			search_folders(s, names, n);
		else
			mua_run_fail(&s->run, MUA_EXIT_IO);
	} else if (mua_folder_list_fetch(&list, &s->run)) {
		selectable = arena_alloc(&list.arena, (list.n + 1) * sizeof *selectable);
		for (size_t i = 0; i < list.n; i++)
			if (!list.at[i].is_noselect)
				selectable[n++] = list.at[i].name;
		search_folders(s, selectable, n);
	}
	mua_folder_list_release(&list);
}

static bool open_search(struct search *s, const struct mua_options *o, const char *query)
{
	s->run.options = o;
	if (o->server && o->local)
		return mua_run_refuse(&s->run, MUA_EXIT_USAGE, "give --server or --local");
	if (o->all_folders && o->folder != NULL)
		return mua_run_refuse(&s->run, MUA_EXIT_USAGE, "give --folder or --all-folders");
	s->has_query = query != NULL;
	if (s->has_query && !mua_query_parse(&s->query, bytes_text(query), &s->run.err))
		return mua_run_fail(&s->run, MUA_EXIT_DATA);
	return mua_run_open(&s->run, o) && mua_run_open_mail(&s->run);
}

int mua_search_run(const struct mua_options *o, const char *query)
{
	struct search s = { 0 };
	const char *folder = o->folder ? o->folder : "INBOX";
	int exit_code;

	if (open_search(&s, o, query)) {
		if (o->all_folders)
			search_all(&s);
		else
			search_folders(&s, &folder, 1);
	}
	exit_code = mua_run_close(&s.run);
	mua_query_release(&s.query);
	return exit_code;
}

/* The words of the query may come as one argument or as several. */
int mua_search(const struct mua_options *o)
{
	struct buffer query = { 0 };
	int exit_code;

	for (size_t i = 0; i < o->n_arguments; i++) {
		if (i > 0)
			buffer_add_octet(&query, ' ');
		buffer_add_text(&query, o->arguments[i]);
	}
	exit_code = mua_search_run(o, query.at ? query.at : "");
	buffer_release(&query);
	return exit_code;
}
