/* mua read: messages by id. */
#include "imap/imap_flag.h"
#include "message/encoded_word.h"
#include "message/header.h"
#include "message/preview.h"
#include "mua/mua_commands.h"
#include "mua/mua_each.h"
#include "mua/mua_exit.h"
#include "mua/mua_json.h"
#include "mua/mua_parts.h"
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

/* In the header's block, where the text of the message cannot pretend to stand. */
static void format_attachments(struct buffer *out, struct bytes message)
{
	struct mua_parts parts;

	mua_parts_open(&parts, message);
	for (size_t i = 0; i < parts.n; i++) {
		const struct mua_part *one = &parts.at[i];
		if (!one->is_attachment)
			continue;
		buffer_printf(out, "Attachment: %s ", one->section);
		mua_safe_line(out, bytes_text(one->name[0] != '\0' ? one->name : "(no name)"));
		buffer_add_text(out, " (");
		mua_safe_line(out, one->part->type);
		buffer_add_octet(out, '/');
		mua_safe_line(out, one->part->subtype);
		buffer_add_text(out, ")\n");
	}
	mua_parts_close(&parts);
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
	format_attachments(out, message);
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

/* One part: text made safe, or with --raw its octets. */
static bool show_part(struct mua_run *run, const char *section, struct bytes message)
{
	struct buffer octets = { 0 }, out = { 0 };
	struct mua_parts parts;
	struct mua_part one;
	bool ok;

	mua_parts_open(&parts, message);
	if (!mua_parts_find(&parts, section, &one)) {
		ok = mua_run_refuse(run, MUA_EXIT_NOT_FOUND, "no part %s", section);
	} else if (run->options->raw) {
		mua_parts_decode(&parts, &one, &out);
		ok = mua_run_print(run, buffer_bytes(&out));
	} else if (!bytes_equal_nocase(one.part->type, BYTES("text"))) {
		ok = mua_run_refuse(run, MUA_EXIT_DATA, "part %s is no text: use save, or --raw", section);
	} else {
		preview_part_text(one.part, mua_parts_body(&parts, &one), TEXT_MAX, &octets);
		mua_safe_text(&out, buffer_bytes(&octets));
		ok = mua_run_print(run, buffer_bytes(&out));
	}
	buffer_release(&octets);
	buffer_release(&out);
	mua_parts_close(&parts);
	return ok;
}

static bool show(struct mua_run *run, const char *folder, uint32_t uid)
{
	const struct mua_options *o = run->options;
	struct bytes message = buffer_bytes(&run->octets);
	struct buffer out = { 0 };
	bool ok;

	if (o->part != NULL)
		return show_part(run, o->part, message);
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

static bool is_seen(struct mua_run *run, uint32_t uid)
{
	struct arena arena = { 0 };
	struct mua_message row = { 0 };

	mua_cache_get(run->cache, &run->folder, uid, &arena, &row, NULL);
	arena_reset(&arena);
	return row.flags & IMAP_FLAG_SEEN;
}

/* Shown from the cache it was read, whether or not the server can be told. */
static void mark_if_reachable(struct mua_run *run, const char *folder, uint32_t uid)
{
	if (!is_seen(run, uid) && !(mua_run_folder(run, folder) && mua_run_mark_seen(run, uid)))
		mua_run_refuse(run, MUA_EXIT_OK, "UID %u was not marked seen", uid);
}

static bool read_one(struct mua_run *run, const char *folder, uint32_t uid)
{
	if (!mua_run_body(run, uid) || !show(run, folder, uid))
		return false;
	if (run->options->no_mark)
		return true;
	if (!run->has_octets)
		return mua_run_mark_seen(run, uid);
	mark_if_reachable(run, folder, uid);
	return true;
}

int mua_read(const struct mua_options *o)
{
	struct mua_run run;

	if (mua_run_open(&run, o) && mua_run_open_mail(&run))
		mua_each_from_cache(&run, o->arguments, o->n_arguments, read_one);
	return mua_run_close(&run);
}
