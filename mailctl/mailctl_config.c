#include <stdio.h>
#include <sysexits.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "mailctl/mailctl_show.h"
#include "mailctl/mailctl_store.h"
#include "mailctl/mailctl_verbs.h"
#include "service/service_settings.h"

static json_t *group_json(const struct settings_row *rows, const void *values);

static json_t *value_json(const struct settings_row *row, const void *field)
{
	const struct settings_texts *texts = field;
	const struct settings_list *list = field;
	json_t *array;

	switch (row->type) {
	case SETTINGS_TEXT:
	case SETTINGS_PATH:
		return mailctl_show_json(*(const char *const *)field);
	case SETTINGS_INT:
	case SETTINGS_SIZE:
	case SETTINGS_DURATION:
		return json_integer((json_int_t)*(const int64_t *)field);
	case SETTINGS_BOOL:
		return json_boolean(*(const bool *)field);
	case SETTINGS_CHOICE:
		return json_string(row->choices[*(const int *)field]);
	case SETTINGS_GROUP:
		return group_json(row->rows, field);
	case SETTINGS_TEXTS:
		array = json_array();
		for (size_t i = 0; i < texts->n; i++)
			json_array_append_new(array, mailctl_show_json(texts->at[i]));
		return array;
	case SETTINGS_LIST:
		array = json_array();
		for (size_t i = 0; i < list->n; i++)
			json_array_append_new(array, group_json(row->rows, (const char *)list->at + i * row->item_size));
		return array;
	}
	return json_null();
}

/* Sizes in octets, times in seconds. */
static json_t *group_json(const struct settings_row *rows, const void *values)
{
	json_t *object = json_object();

	for (const struct settings_row *row = rows; row->name != NULL; row++) {
		if (!(row->flags & (SETTINGS_LINE | SETTINGS_NOT_BUILT)))
			json_object_set_new(object, row->name, value_json(row, (const char *)values + row->offset));
	}
	return object;
}

int mailctl_config_show(struct mailctl *ctl, int argc, char **argv)
{
	struct service_settings settings;
	struct buffer text = { 0 };
	struct arena arena = { 0 };
	int code = EX_OK;

	(void)argv;
	if (!mailctl_wants(argc, 0, "config show", &code))
		return code;
	if (mailctl_store_configure(ctl, &arena, &settings, &code) && ctl->json) {
		mailctl_print_json(group_json(service_settings_rows(), &settings));
	} else if (code == EX_OK) {
		settings_format(service_settings_rows(), &settings, &text);
		fwrite(text.at, 1, text.len, stdout);
	}
	buffer_release(&text);
	arena_reset(&arena);
	return code;
}
