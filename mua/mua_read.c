/* mua read: messages by id. */
#include "message/encoded_word.h"
#include "message/header.h"
#include "message/preview.h"
#include "mua/mua_commands.h"
#include "mua/mua_each.h"
#include "mua/mua_json.h"
#include "mua/mua_run.h"
#include "mua/mua_safe.h"

#define TEXT_MAX (16u * 1024 * 1024)

static const char *const shown_fields[] = { "From", "To", "Cc", "Date", "Subject" };

static void decode_field(struct bytes header, const char *name, struct buffer *out)
{
	struct header_field field;
	struct buffer line = { 0 };

	if (header_find(header, bytes_text(name), &field)) {
		header_unfold(field.value, &line);
		encoded_word_decode(buffer_bytes(&line), out);
	}
	buffer_release(&line);
}

static void format_message(struct buffer *out, struct bytes message)
{
	struct bytes header = bytes_slice(message, 0, header_length(message));
	struct buffer value = { 0 }, text = { 0 };
	bool is_html = false;

	for (size_t i = 0; i < sizeof shown_fields / sizeof *shown_fields; i++) {
		buffer_clear(&value);
		decode_field(header, shown_fields[i], &value);
		if (value.len == 0)
			continue;
		buffer_printf(out, "%s: ", shown_fields[i]);
		mua_safe_line(out, buffer_bytes(&value));
		buffer_add_octet(out, '\n');
	}
	buffer_add_octet(out, '\n');
	if (!preview_message_text(message, TEXT_MAX, &text, &is_html))
		buffer_add_text(out, "(no text)");
	if (is_html)
		buffer_add_text(out, "(the message has only HTML; this is its source)\n\n");
	mua_safe_text(out, buffer_bytes(&text));
	if (out->at[out->len - 1] != '\n')
		buffer_add_octet(out, '\n');
	buffer_release(&value);
	buffer_release(&text);
}

static void format_json(struct buffer *out, struct mua_run *run, const char *folder, uint32_t uid, struct bytes message)
{
	struct mua_model model = { .account = run->account.name, .folder_name = folder, .folder = run->folder };
	struct mua_message row;
	struct buffer text = { 0 };
	bool is_html = false, has_text;
	json_t *object;

	if (mua_cache_get(run->cache, &run->folder, uid, &model.arena, &row, NULL))
		object = mua_json_message(&model, &row);
	else
		object = mua_json_object("posta.message.1");
	has_text = preview_message_text(message, TEXT_MAX, &text, &is_html);
	if (has_text)
		mua_json_set_text(object, is_html ? "html" : "text", buffer_bytes(&text));
	if (is_html || !has_text)
		json_object_set_new(object, "text", json_null());
	mua_json_write(out, object);
	buffer_release(&text);
	mua_model_release(&model);
}

static bool show(struct mua_run *run, const char *folder, uint32_t uid)
{
	const struct mua_options *o = run->options;
	struct bytes message = buffer_bytes(&run->octets);
	struct buffer out = { 0 };
	bool ok;

	if (o->raw)
		return mua_run_print(run, message);
	if (o->json)
		format_json(&out, run, folder, uid, message);
	else if (o->headers)
		mua_safe_text(&out, bytes_slice(message, 0, header_length(message)));
	else
		format_message(&out, message);
	ok = mua_run_print(run, buffer_bytes(&out));
	buffer_release(&out);
	return ok;
}

static bool read_one(struct mua_run *run, const char *folder, uint32_t uid)
{
	if (!mua_run_body(run, uid) || !show(run, folder, uid))
		return false;
	return run->options->no_mark || mua_run_mark_seen(run, uid);
}

int mua_read(const struct mua_options *o)
{
	struct mua_run run;

	if (mua_run_open(&run, o) && mua_run_open_mail(&run))
		mua_each(&run, o->arguments, o->n_arguments, read_one);
	return mua_run_close(&run);
}
