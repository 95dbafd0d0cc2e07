#include "mua/mua_json.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "imap/imap_flag.h"
#include "message/date.h"
#include "mua/mua_id.h"

json_t *mua_json_object(const char *schema)
{
	json_t *object = json_object();

	json_object_set_new(object, "schema", json_string(schema));
	return object;
}

void mua_json_set_text(json_t *object, const char *key, struct bytes text)
{
	struct buffer valid = { 0 };
	uint32_t code;

	while (text.len > 0) {
		size_t len = text_utf8_decode(text, &code);
		if (len == 0)
			text_utf8_add(&valid, 0xFFFD);
		else
			buffer_add(&valid, text.at, len);
		text = bytes_skip(text, len ? len : 1);
	}
	json_object_set_new(object, key, json_stringn(valid.at ? valid.at : "", valid.len));
	buffer_release(&valid);
}

/* "2026-11-21T07:00:00Z"; null for 0. */
static void set_time(json_t *object, const char *key, int64_t unix_s)
{
	struct date_civil c;
	char text[64];

	if (unix_s == 0) {
		json_object_set_new(object, key, json_null());
		return;
	}
	date_to_civil(unix_s, &c);
	snprintf(text, sizeof text, "%04lld-%02d-%02dT%02d:%02d:%02dZ", (long long)c.year, c.month, c.day, c.hour, c.minute, c.second);
	json_object_set_new(object, key, json_string(text));
}

static json_t *flag_array(const struct mua_message *m)
{
	json_t *array = json_array();
	struct bytes rest = bytes_text(m->keywords), word;

	for (unsigned bit = 0; bit < 5; bit++)
		if (m->flags & (1u << bit))
			json_array_append_new(array, json_string(imap_flag_name(bit)));
	while (rest.len > 0) {
		bytes_cut(&rest, ' ', &word);
		if (word.len > 0)
			json_array_append_new(array, json_stringn(word.at, word.len));
	}
	return array;
}

json_t *mua_json_message(const struct mua_model *model, const struct mua_message *m)
{
	json_t *object = mua_json_object("posta.message.1");
	struct buffer id = { 0 };

	mua_id_format(&id, model->account, model->folder_name, model->folder.uidvalidity, m->uid);
	mua_json_set_text(object, "id", buffer_bytes(&id));
	buffer_release(&id);
	mua_json_set_text(object, "account", bytes_text(model->account));
	mua_json_set_text(object, "folder", bytes_text(model->folder_name));
	json_object_set_new(object, "uid", json_integer(m->uid));
	json_object_set_new(object, "flags", flag_array(m));
	json_object_set_new(object, "size", json_integer((json_int_t)m->size));
	set_time(object, "date", m->sent_s);
	set_time(object, "received", m->received_s);
	mua_json_set_text(object, "from_name", bytes_text(m->from_name));
	mua_json_set_text(object, "from", bytes_text(m->from_address));
	mua_json_set_text(object, "to", bytes_text(m->to));
	mua_json_set_text(object, "subject", bytes_text(m->subject));
	mua_json_set_text(object, "message_id", bytes_text(m->message_id));
	mua_json_set_text(object, "in_reply_to", bytes_text(m->in_reply_to));
	json_object_set_new(object, "has_attachment", json_boolean(m->has_attachment));
	return object;
}

/* JSON lets DEL and U+0080 to U+009F stand as they are; a terminal would act on them. */
static void add_escaped(struct buffer *out, struct bytes text)
{
	while (text.len > 0) {
		unsigned char octet = (unsigned char)text.at[0], next = text.len > 1 ? (unsigned char)text.at[1] : 0;
		bool is_c1 = octet == 0xC2 && next >= 0x80 && next < 0xA0;
		if (is_c1 || octet == 0x7F)
			buffer_printf(out, "\\u%04x", is_c1 ? next : octet);
		else
			buffer_add_octet(out, (char)octet);
		text = bytes_skip(text, is_c1 ? 2 : 1);
	}
}

void mua_json_write(struct buffer *out, json_t *object)
{
	char *text = json_dumps(object, JSON_COMPACT);

	add_escaped(out, bytes_text(text ? text : "{}"));
	buffer_add_octet(out, '\n');
	free(text);
	json_decref(object);
}
