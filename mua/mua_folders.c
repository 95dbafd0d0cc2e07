/* mua folders: the folders of the account, and changes to them. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mua/mua_cache_folder.h"
#include "mua/mua_commands.h"
#include "mua/mua_exit.h"
#include "mua/mua_folder_change.h"
#include "mua/mua_folder_list.h"
#include "mua/mua_json.h"
#include "mua/mua_safe.h"
#include "mua/mua_tally.h"

#define NAME_COLUMNS 30

/* INBOX first, the others by name. */
static int by_name(const void *a, const void *b)
{
	const struct mua_folder_entry *x = a, *y = b;
	bool x_first = strcasecmp(x->name, "INBOX") == 0, y_first = strcasecmp(y->name, "INBOX") == 0;

	return x_first != y_first ? (x_first ? -1 : 1) : strcmp(x->name, y->name);
}

static void format_json(struct buffer *out, const struct mua_run *run, const struct mua_folder_entry *e)
{
	json_t *object = mua_json_object("posta.folder.1");

	mua_json_set_text(object, "account", bytes_text(run->account.name));
	mua_json_set_text(object, "folder", bytes_text(e->name));
	json_object_set_new(object, "special_use", e->special_use[0] ? json_string(e->special_use) : json_null());
	json_object_set_new(object, "selectable", json_boolean(!e->is_noselect));
	if (e->has_counts) {
		json_object_set_new(object, "messages", json_integer(e->messages));
		json_object_set_new(object, "unread", json_integer(e->unseen));
	}
	mua_json_write(out, object);
}

static void format_row(struct buffer *out, const struct mua_folder_entry *e)
{
	if (e->has_counts)
		buffer_printf(out, "%6u %6u  ", e->unseen, e->messages);
	if (e->special_use[0] == '\0') {
		mua_safe_line(out, bytes_text(e->name));
	} else {
		mua_safe_column(out, bytes_text(e->name), NAME_COLUMNS);
		buffer_printf(out, " %s", e->special_use);
	}
	buffer_add_octet(out, '\n');
}

/* A folder that cannot be counted says nothing of the next. */
static bool count_all(struct mua_run *run, struct mua_folder_list *list)
{
	struct mua_tally tally = { 0 };

	for (size_t i = 0; i < list->n && tally.lost_code == MUA_EXIT_OK; i++) {
		if (list->at[i].is_noselect)
			continue;
		if (mua_folder_list_count(list, i, run))
			mua_tally_ok(&tally);
		else if (!mua_tally_failure(&tally, run, "folder", list->at[i].name))
			break;
	}
	run->exit_code = mua_tally_exit_code(&tally);
	return tally.lost_code == MUA_EXIT_OK && run->exit_code != MUA_EXIT_OUTPUT && run->exit_code != MUA_EXIT_PROTOCOL;
}

static const struct change {
	const char *word, *command;
	size_t n_names;
} changes[] = {
	{ "create", "CREATE", 1 }, { "delete", "DELETE", 1 }, { "rename", "RENAME", 2 },
	{ "subscribe", "SUBSCRIBE", 1 }, { "unsubscribe", "UNSUBSCRIBE", 1 },
};

/* What the cache has under a name that is given to another folder, or to none, is nothing any more. */
static bool forget(struct mua_run *run, const char *name)
{
	return mua_cache_folder_forget(run->cache, name, &run->err) || mua_run_fail(run, MUA_EXIT_IO);
}

static int change(const struct mua_options *o)
{
	struct mua_run run = { .options = o };
	const struct change *c = changes, *end = changes + sizeof changes / sizeof *changes;
	char *const *names = o->arguments + 1;

	while (c < end && strcmp(c->word, o->arguments[0]) != 0)
		c++;
	if (c == end || o->n_arguments != 1 + c->n_names)
		mua_run_refuse(&run, MUA_EXIT_USAGE, "usage: mua %s", o->command->usage);
	else if (mua_run_open(&run, o) && mua_run_open_mail(&run) &&
	         mua_folder_change(&run, c->command, names[0], c->n_names > 1 ? names[1] : NULL) &&
	         (strcmp(c->word, "delete") == 0 || c->n_names > 1) && forget(&run, names[0]) && c->n_names > 1)
		forget(&run, names[1]);
	return mua_run_close(&run);
}

int mua_folders(const struct mua_options *o)
{
	struct mua_run run;
	struct mua_folder_list list = { 0 };
	struct buffer out = { 0 };

	if (o->n_arguments > 0)
		return change(o);
	if (mua_run_open(&run, o) && mua_run_open_mail(&run) && mua_folder_list_fetch(&list, &run)) {
		if (list.n > 0)
			qsort(list.at, list.n, sizeof *list.at, by_name);
		if (!o->counts || count_all(&run, &list)) {
			for (size_t i = 0; i < list.n; i++) {
				if (o->json)
					format_json(&out, &run, &list.at[i]);
				else
					format_row(&out, &list.at[i]);
			}
			if (mua_run_print(&run, buffer_bytes(&out)) && list.n == 0)
				run.exit_code = MUA_EXIT_EMPTY;
		}
	}
	buffer_release(&out);
	mua_folder_list_release(&list);
	return mua_run_close(&run);
}
