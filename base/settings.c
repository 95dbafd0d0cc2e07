#include "base/settings.h"

#include <assert.h>
#include <inttypes.h>
#include <libconfig.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/settings_format.h"
#include "base/settings_source.h"
#include "base/text.h"

/* One reading of one file. */
struct walk {
	const struct settings_source *source;
	const char *file;               /* absolute: relative paths are beside it */
	struct arena *arena;
	struct buffer where;            /* "listen[1].tls", as the walk goes down */
	struct error *err;
};

static bool read_group(struct walk *, const config_setting_t *, const struct settings_row *, void *, bool);
static bool read_value(struct walk *, const config_setting_t *, const struct settings_row *, void *);

__attribute__((format(printf, 3, 4)))
static bool refuse(struct walk *w, const config_setting_t *at, const char *format, ...)
{
	struct settings_origin origin = settings_source_origin(w->source, (int)config_setting_source_line(at));
	struct buffer text = { 0 };
	va_list args;

	va_start(args, format);
	buffer_vprintf(&text, format, args);
	va_end(args);
	error_set(w->err, ERROR_SYNTAX, "%s:%d: %s%s%s", origin.file, origin.line, w->where.len > 0 ? w->where.at : "",
	          w->where.len > 0 ? ": " : "", text.at);
	buffer_release(&text);
	return false;
}

/* Go one name down; returns the length to cut back to. */
static size_t enter(struct walk *w, const char *name)
{
	size_t before = w->where.len;

	if (before > 0)
		buffer_add_octet(&w->where, '.');
	buffer_add_text(&w->where, name);
	return before;
}

static const char *text_of(const config_setting_t *s)
{
	return config_setting_type(s) == CONFIG_TYPE_STRING ? config_setting_get_string(s) : NULL;
}

static bool is_integer(const config_setting_t *s)
{
	return config_setting_type(s) == CONFIG_TYPE_INT || config_setting_type(s) == CONFIG_TYPE_INT64;
}

static void suggest(struct buffer *message, const char *word, const char *const *choices, size_t n)
{
	const char *nearest = text_nearest(word, choices, n);

	if (nearest != NULL)
		buffer_printf(message, "; did you mean \"%s\"", nearest);
}

static bool check_bounds(struct walk *w, const config_setting_t *s, const struct settings_row *row, int64_t value)
{
	struct buffer text = { 0 };

	if ((row->min == 0 && row->max == 0) || (value >= row->min && value <= row->max))
		return true;
	settings_format_number(row, value, &text);
	buffer_add_text(&text, " is not between ");
	settings_format_number(row, row->min, &text);
	buffer_add_text(&text, " and ");
	settings_format_number(row, row->max, &text);
	refuse(w, s, "%s", text.at);
	buffer_release(&text);
	return false;
}

static bool check_value(struct walk *w, const config_setting_t *s, const struct settings_row *row, const void *field)
{
	struct error why = { 0 };

	return row->check == NULL || row->check(field, &why) || refuse(w, s, "%s", why.text);
}

static bool read_text(struct walk *w, const config_setting_t *s, const struct settings_row *row, void *field)
{
	const char *text = text_of(s);

	if (text == NULL)
		return refuse(w, s, "must be text in quotes");
	if (row->type == SETTINGS_PATH && text[0] != '\0') {
		bool is_unix = strncmp(text, "unix:", 5) == 0;
		const char *path = settings_source_beside(w->file, text + (is_unix ? 5 : 0), w->arena);
		*(const char **)field = arena_printf(w->arena, "%s%s", is_unix ? "unix:" : "", path);
	} else {
		*(const char **)field = arena_text(w->arena, text);
	}
	return true;
}

static bool read_texts(struct walk *w, const config_setting_t *s, const struct settings_row *row, void *field)
{
	struct settings_texts *texts = field;
	int n = config_setting_length(s);

	if (config_setting_type(s) != CONFIG_TYPE_ARRAY && config_setting_type(s) != CONFIG_TYPE_LIST)
		return refuse(w, s, "must be an array of texts: [ \"one\", \"two\" ]");
	if ((row->min != 0 || row->max != 0) && (n < row->min || n > row->max))
		return refuse(w, s, "has %d entries, not between %" PRId64 " and %" PRId64, n, row->min, row->max);
	texts->n = (size_t)n;
	texts->at = arena_alloc(w->arena, texts->n * sizeof *texts->at);
	for (int i = 0; i < n; i++) {
		const config_setting_t *element = config_setting_get_elem(s, (unsigned)i);
		if (text_of(element) == NULL)
			return refuse(w, element, "must be an array of texts: [ \"one\", \"two\" ]");
		texts->at[i] = arena_text(w->arena, text_of(element));
	}
	return true;
}

/* INT, SIZE and DURATION. */
static bool read_number(struct walk *w, const config_setting_t *s, const struct settings_row *row, void *field)
{
	const char *text = text_of(s);
	uint64_t octets;
	int64_t value;

	if (is_integer(s))
		value = config_setting_get_int64(s);
	else if (row->type == SETTINGS_INT)
		return refuse(w, s, "must be a whole number");
	else if (text == NULL)
		return refuse(w, s, "must be a %s", row->type == SETTINGS_SIZE ? "size such as \"50M\"" : "time such as \"5d\"");
	else if (row->type == SETTINGS_DURATION && !text_parse_duration_s(text, &value))
		return refuse(w, s, "\"%s\" is not a time such as \"30s\", \"15m\", \"4h\" or \"5d\"", text);
	else if (row->type == SETTINGS_SIZE && !text_parse_size(text, &octets))
		return refuse(w, s, "\"%s\" is not a size such as \"64K\", \"50M\" or \"1G\"", text);
	else if (row->type == SETTINGS_SIZE)
		value = (int64_t)octets;
	if (row->type != SETTINGS_INT && value < 0)
		return refuse(w, s, "%" PRId64 " is below zero", value);
	if (!check_bounds(w, s, row, value))
		return false;
	if (row->type == SETTINGS_SIZE)
		*(uint64_t *)field = (uint64_t)value;
	else
		*(int64_t *)field = value;
	return true;
}

static bool read_choice(struct walk *w, const config_setting_t *s, const struct settings_row *row, void *field)
{
	const char *text = text_of(s);
	struct buffer message = { 0 };
	int n = 0;

	for (; row->choices[n] != NULL; n++) {
		if (text != NULL && strcmp(text, row->choices[n]) == 0) {
			*(int *)field = n;
			return true;
		}
	}
	if (text != NULL)
		buffer_printf(&message, "\"%s\" is not", text);
	else
		buffer_add_text(&message, "must be text in quotes,");
	for (int i = 0; i < n; i++)
		buffer_printf(&message, "%s%s", i == 0 ? " one of " : ", ", row->choices[i]);
	if (text != NULL)
		suggest(&message, text, row->choices, (size_t)n);
	refuse(w, s, "%s", message.at);
	buffer_release(&message);
	return false;
}

static bool read_list(struct walk *w, const config_setting_t *s, const struct settings_row *row, void *field)
{
	struct settings_list *list = field;
	int n = config_setting_length(s);

	if (config_setting_type(s) != CONFIG_TYPE_LIST)
		return refuse(w, s, "must be a list of groups: ( { … }, { … } )");
	if ((row->min != 0 || row->max != 0) && (n < row->min || n > row->max))
		return refuse(w, s, "has %d entries, not between %" PRId64 " and %" PRId64, n, row->min, row->max);
	list->at = arena_alloc(w->arena, (size_t)n * row->item_size);
	for (int i = 0; i < n; i++) {
		const config_setting_t *item = config_setting_get_elem(s, (unsigned)i);
		size_t before = w->where.len;
		buffer_printf(&w->where, "[%d]", i);
		if (!config_setting_is_group(item))
			return refuse(w, item, "must be a group: { … }");
		if (!read_group(w, item, row->rows, (char *)list->at + (size_t)i * row->item_size, true))
			return false;
		list->n = (size_t)i + 1;
		if (!check_value(w, item, row, list))
			return false;
		buffer_truncate(&w->where, before);
	}
	return true;
}

static bool read_value(struct walk *w, const config_setting_t *s, const struct settings_row *row, void *field)
{
	switch (row->type) {
	case SETTINGS_TEXT:
	case SETTINGS_PATH:
		return read_text(w, s, row, field);
	case SETTINGS_TEXTS:
		return read_texts(w, s, row, field);
	case SETTINGS_INT:
	case SETTINGS_SIZE:
	case SETTINGS_DURATION:
		return read_number(w, s, row, field);
	case SETTINGS_BOOL:
		if (config_setting_type(s) != CONFIG_TYPE_BOOL)
			return refuse(w, s, "must be true or false");
		*(bool *)field = config_setting_get_bool(s);
		return true;
	case SETTINGS_CHOICE:
		return read_choice(w, s, row, field);
	case SETTINGS_GROUP:
		if (!config_setting_is_group(s))
			return refuse(w, s, "must be a group: { … }");
		return read_group(w, s, row->rows, field, true);
	case SETTINGS_LIST:
		return read_list(w, s, row, field);
	}
	return false;
}

/* Defaults are written as in the file and take the same way; the quotes may be left out. */
static void read_default(struct walk *w, const struct settings_row *row, void *field)
{
	bool quoted = row->type == SETTINGS_TEXT || row->type == SETTINGS_PATH || row->type == SETTINGS_SIZE ||
	              row->type == SETTINGS_DURATION || row->type == SETTINGS_CHOICE;
	const char *quote = quoted && row->value != NULL && row->value[0] != '"' ? "\"" : "";
	config_t config;

	if (row->value == NULL) {
		if (row->type == SETTINGS_GROUP)
			read_group(w, NULL, row->rows, field, false);
		return;
	}
	config_init(&config);
	const char *text = arena_printf(w->arena, "value = %s%s%s;", quote, row->value, quote);
	bool ok = config_read_string(&config, text) == CONFIG_TRUE &&
	          read_value(w, config_lookup(&config, "value"), row, field);
	assert(ok);
	config_destroy(&config);
}

static const struct settings_row *find_row(const struct settings_row *rows, const char *name)
{
	for (; rows->name != NULL; rows++) {
		if (!(rows->flags & SETTINGS_LINE) && strcmp(rows->name, name) == 0)
			return rows;
	}
	return NULL;
}

static bool refuse_unknown(struct walk *w, const config_setting_t *s, const struct settings_row *rows)
{
	struct buffer message = { 0 };
	const char *names[64];
	size_t n = 0;

	for (; rows->name != NULL && n < sizeof names / sizeof *names; rows++) {
		if (!(rows->flags & SETTINGS_LINE))
			names[n++] = rows->name;
	}
	buffer_add_text(&message, "unknown key");
	suggest(&message, config_setting_name(s), names, n);
	refuse(w, s, "%s", message.at);
	buffer_release(&message);
	return false;
}

/* Every key of the group must stand in the table. */
static bool check_keys(struct walk *w, const config_setting_t *group, const struct settings_row *rows)
{
	for (int i = 0; i < config_setting_length(group); i++) {
		const config_setting_t *s = config_setting_get_elem(group, (unsigned)i);
		const struct settings_row *row = find_row(rows, config_setting_name(s));
		size_t before = enter(w, config_setting_name(s));
		if (row == NULL)
			return refuse_unknown(w, s, rows);
		if (row->flags & SETTINGS_NOT_BUILT)
			return refuse(w, s, "this key is known, but what it sets is not built yet");
		buffer_truncate(&w->where, before);
	}
	return true;
}

/* group NULL: it is not in the file.  Its rows get their defaults, and none is missed (must_be_complete false). */
static bool read_group(struct walk *w, const config_setting_t *group, const struct settings_row *rows, void *out,
                       bool must_be_complete)
{
	if (group != NULL && !check_keys(w, group, rows))
		return false;
	for (const struct settings_row *row = rows; row->name != NULL; row++) {
		void *field = (char *)out + row->offset;
		if (row->flags & SETTINGS_LINE) {
			if (group != NULL)
				*(int64_t *)field = settings_source_origin(w->source, (int)config_setting_source_line(group)).line;
			continue;
		}
		const config_setting_t *s = group != NULL ? config_setting_get_member(group, row->name) : NULL;
		size_t before = enter(w, row->name);
		if (s == NULL && (row->flags & SETTINGS_REQUIRED) && must_be_complete)
			return refuse(w, group, "missing");
		if (s == NULL)
			read_default(w, row, field);
		else if (!read_value(w, s, row, field) || (row->type != SETTINGS_LIST && !check_value(w, s, row, field)))
			return false;
		buffer_truncate(&w->where, before);
	}
	return true;
}

static const char *absolute(const char *path, struct arena *arena)
{
	char here[4096];

	if (path[0] == '/' || getcwd(here, sizeof here) == NULL)
		return path;
	while (strncmp(path, "./", 2) == 0)
		path += 2;
	return arena_printf(arena, "%s/%s", strcmp(here, "/") == 0 ? "" : here, path);
}

static bool load(const struct settings_source *source, const char *path, const struct settings_row *rows, void *out,
                 size_t size, struct arena *arena, struct error *err)
{
	struct walk w = { .source = source, .file = absolute(path, arena), .arena = arena, .err = err };
	config_t config;
	bool ok;

	memset(out, 0, size);
	config_init(&config);
	if (config_read_string(&config, source->text.len > 0 ? source->text.at : "") == CONFIG_TRUE) {
		ok = read_group(&w, config_root_setting(&config), rows, out, true);
	} else {
		struct settings_origin at = settings_source_origin(source, config_error_line(&config));
		ok = error_set(err, ERROR_SYNTAX, "%s:%d: %s", at.file, at.line, config_error_text(&config));
	}
	config_destroy(&config);
	buffer_release(&w.where);
	return ok;
}

bool settings_load(const char *path, const struct settings_row *rows, void *out, size_t size, struct arena *arena,
                   struct error *err)
{
	struct settings_source source = { 0 };
	bool ok = settings_source_read(&source, path, arena, err) && load(&source, path, rows, out, size, arena, err);

	settings_source_release(&source);
	return ok;
}

bool settings_load_text(const char *text, const char *path, const struct settings_row *rows, void *out, size_t size,
                        struct arena *arena, struct error *err)
{
	struct settings_source source = { 0 };
	bool ok = settings_source_set(&source, text, path, arena, err) && load(&source, path, rows, out, size, arena, err);

	settings_source_release(&source);
	return ok;
}

char *settings_flatten(const char *path, struct error *err)
{
	struct settings_source source = { 0 };
	struct arena arena = { 0 };
	char *text = NULL;

	if (settings_source_read(&source, path, &arena, err))
		text = buffer_take(&source.text, NULL);
	settings_source_release(&source);
	arena_reset(&arena);
	return text;
}
