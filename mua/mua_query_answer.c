#include "mua/mua_query_answer.h"

#include "base/text.h"
#include "imap/imap_write.h"
#include "message/preview.h"
#include "mua/mua_cache_body.h"
#include "mua/mua_exit.h"

#define TEXT_MAX (16u * 1024 * 1024)

struct asking {
	struct mua_query_term *term;
	bool is_damaged;
};

static void on_found(void *owner, const struct imap_reply *reply)
{
	struct asking *a = owner;

	if (reply->kind == IMAP_REPLY_SEARCH && !imap_reply_search(reply->rest, &a->term->uids))
		a->is_damaged = true;
}

static bool is_ascii(struct bytes text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.at[i] > 0x7f)
			return false;
	return true;
}

/* RFC 9051 6.4.4 */
static bool ask_server(struct mua_run *run, struct mua_query_term *term)
{
	static const char *const keys[][2] = {
		[MUA_QUERY_FROM] = { "FROM ", NULL },
		[MUA_QUERY_TO] = { "TO ", NULL },
		[MUA_QUERY_SUBJECT] = { "SUBJECT ", NULL },
		[MUA_QUERY_WORD] = { "OR SUBJECT ", " FROM " },
		[MUA_QUERY_BODY] = { "BODY ", NULL },
	};
	struct asking asking = { .term = term };
	struct buffer command = { 0 };
	bool ok;

	buffer_add_text(&command, "UID SEARCH ");
	if (!is_ascii(term->text))
		buffer_add_text(&command, "CHARSET UTF-8 ");
	for (int i = 0; i < 2 && keys[term->field][i] != NULL; i++) {
		buffer_add_text(&command, keys[term->field][i]);
		imap_write_string(&command, term->text);
	}
	ok = mua_run_command(run, "SEARCH", buffer_bytes(&command), on_found, &asking);
	buffer_release(&command);
	if (!ok && mua_sync_is_open(run->sync) && run->exit_code != MUA_EXIT_TEMPORARY)
		return mua_run_refuse(run, MUA_EXIT_UNREACHABLE, "the server cannot search for this");
	if (ok && asking.is_damaged)
		return mua_run_refuse(run, MUA_EXIT_PROTOCOL, "the server sent a SEARCH that cannot be read");
	return ok;
}

static bool holds(struct bytes message, struct bytes folded)
{
	struct buffer text = { 0 }, haystack = { 0 };
	bool found;

	preview_message_text(message, TEXT_MAX, &text, NULL);
	text_fold(buffer_bytes(&text), &haystack);
	found = bytes_find_bytes(buffer_bytes(&haystack), folded) < haystack.len;
	buffer_release(&text);
	buffer_release(&haystack);
	return found;
}

static bool ask_cache(struct mua_run *run, struct mua_query_term *term, const struct mua_model *model)
{
	struct buffer octets = { 0 };
	struct error err = { 0 };

	for (size_t i = 0; i < model->n_rows && (err.kind == ERROR_NONE || err.kind == ERROR_NOT_FOUND); i++) {
		err = (struct error){ 0 };
		buffer_clear(&octets);
		if (mua_cache_body_get(run->cache, &model->folder, model->rows[i].uid, &octets, &err) && holds(buffer_bytes(&octets), term->folded))
			ranges_add(&term->uids, model->rows[i].uid);
	}
	buffer_release(&octets);
	if (err.kind == ERROR_NONE || err.kind == ERROR_NOT_FOUND)
		return true;
	run->err = err;
	return mua_run_fail(run, MUA_EXIT_IO);
}

bool mua_query_answer(struct mua_query *query, struct mua_run *run, const struct mua_model *model)
{
	bool ok = true;

	for (struct mua_query_term *term = query->terms; ok && term != NULL; term = term->next) {
		ranges_clear(&term->uids);
		term->is_answered = term->field == MUA_QUERY_BODY || run->options->server;
		if (term->is_answered)
			ok = run->options->local ? ask_cache(run, term, model) : ask_server(run, term);
	}
	return ok;
}
