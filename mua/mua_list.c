/* mua list, mua search: a folder, or what matches in it, newest first. */
#include <stdio.h>
#include <time.h>

#include "message/date.h"
#include "mua/mua_commands.h"
#include "mua/mua_exit.h"
#include "mua/mua_json.h"
#include "mua/mua_model.h"
#include "mua/mua_run.h"
#include "mua/mua_safe.h"

static void format_row(struct buffer *out, const struct mua_message *m)
{
	char marks[MUA_MODEL_MARKS];
	int64_t when = m->sent_s ? m->sent_s : m->received_s;
	struct date_civil c;

	mua_model_marks(m, marks);
	date_to_civil(when + 60 * date_local_offset_min(when), &c);
	buffer_printf(out, "%6u %s %04lld-%02d-%02d %02d:%02d  ", m->uid, marks, (long long)c.year, c.month, c.day, c.hour, c.minute);
	mua_safe_column(out, bytes_text(mua_model_sender(m)), 22);
	buffer_add_text(out, "  ");
	mua_safe_line(out, bytes_text(m->subject));
	buffer_add_octet(out, '\n');
}

static bool load(struct mua_run *run, const char *folder, const struct mua_query *query, struct mua_model *model)
{
	uint64_t limit = run->options->limit;

	if (!mua_model_load(model, run->cache, run->account.name, folder, &run->folder, query ? 0 : limit, &run->err)) {
		mua_run_complain(&run->err);
		run->exit_code = MUA_EXIT_IO;
		return false;
	}
	if (query != NULL)
		mua_model_keep(model, query, limit);
	return true;
}

static void show(struct mua_run *run, const struct mua_query *query)
{
	const char *folder = run->options->folder ? run->options->folder : "INBOX";
	struct mua_model model = { 0 };
	struct buffer out = { 0 };

	if (mua_run_open_mail(run) && mua_run_folder(run, folder) && load(run, folder, query, &model)) {
		for (size_t i = 0; i < model.n_rows; i++) {
			if (run->options->json)
				mua_json_write(&out, mua_json_message(&model, &model.rows[i]));
			else
				format_row(&out, &model.rows[i]);
		}
		if (mua_run_print(run, buffer_bytes(&out)))
			run->exit_code = model.n_rows > 0 ? MUA_EXIT_OK : MUA_EXIT_EMPTY;
	}
	buffer_release(&out);
	mua_model_release(&model);
}

/* query_text NULL: everything. */
static int list(const struct mua_options *o, const char *query_text)
{
	struct mua_run run = { 0 };
	struct mua_query query = { 0 };

	if (query_text != NULL && !mua_query_parse(&query, bytes_text(query_text), &run.err)) {
		mua_query_release(&query);
		mua_run_complain(&run.err);
		return MUA_EXIT_DATA;
	}
	if (mua_run_open(&run, o))
		show(&run, query_text ? &query : NULL);
	mua_query_release(&query);
	return mua_run_close(&run);
}

int mua_list(const struct mua_options *o)
{
	return list(o, o->query);
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
	exit_code = list(o, query.at ? query.at : "");
	buffer_release(&query);
	return exit_code;
}
