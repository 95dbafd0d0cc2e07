#include "base/settings_format.h"

#include <inttypes.h>

#include "base/buffer.h"

static void format_rows(const struct settings_row *rows, const void *values, int depth, struct buffer *out);

static void format_size(uint64_t octets, struct buffer *out)
{
	static const char suffixes[] = "KMG";
	int i = -1;

	while (octets > 0 && octets % 1024 == 0 && i < 2) {
		octets /= 1024;
		i++;
	}
	buffer_printf(out, i < 0 ? "\"%" PRIu64 "\"" : "\"%" PRIu64 "%c\"", octets, i < 0 ? '\0' : suffixes[i]);
}

static void format_duration(int64_t seconds, struct buffer *out)
{
	static const struct { int64_t length; char suffix; } units[] = { { 86400, 'd' }, { 3600, 'h' }, { 60, 'm' }, { 1, 's' } };
	size_t i = 0;

	while (seconds % units[i].length != 0 || (seconds == 0 && units[i].length > 1))
		i++;
	buffer_printf(out, "\"%" PRId64 "%c\"", seconds / units[i].length, units[i].suffix);
}

void settings_format_number(const struct settings_row *row, int64_t value, struct buffer *out)
{
	if (row->type == SETTINGS_SIZE)
		format_size((uint64_t)value, out);
	else if (row->type == SETTINGS_DURATION)
		format_duration(value, out);
	else
		buffer_printf(out, "%" PRId64 "%s", value, value > INT32_MAX || value < INT32_MIN ? "L" : "");
}

static void format_text(const char *text, struct buffer *out)
{
	buffer_add_octet(out, '"');
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			buffer_printf(out, "\\%c", *text);
		else if ((unsigned char)*text < 0x20)
			buffer_printf(out, "\\x%02x", (unsigned)*text);
		else
			buffer_add_octet(out, *text);
	}
	buffer_add_octet(out, '"');
}

static void format_texts(const struct settings_texts *texts, struct buffer *out)
{
	buffer_add_text(out, "[ ");
	for (size_t i = 0; i < texts->n; i++) {
		buffer_add_text(out, i > 0 ? ", " : "");
		format_text(texts->at[i], out);
	}
	buffer_add_text(out, texts->n > 0 ? " ]" : "]");
}

static void indent(int depth, struct buffer *out)
{
	for (int i = 0; i < depth; i++)
		buffer_add_text(out, "  ");
}

static void format_group(const struct settings_row *rows, const void *values, int depth, struct buffer *out)
{
	buffer_add_text(out, "{\n");
	format_rows(rows, values, depth + 1, out);
	indent(depth, out);
	buffer_add_octet(out, '}');
}

static void format_list(const struct settings_row *row, const struct settings_list *list, int depth, struct buffer *out)
{
	buffer_add_octet(out, '(');
	for (size_t i = 0; i < list->n; i++) {
		buffer_add_text(out, i > 0 ? ",\n" : "\n");
		indent(depth + 1, out);
		format_group(row->rows, (const char *)list->at + i * row->item_size, depth + 1, out);
	}
	buffer_add_octet(out, ')');
}

static bool is_text(const struct settings_row *row)
{
	return row->type == SETTINGS_TEXT || row->type == SETTINGS_PATH;
}

/* True for what the file did not say and no default fills: a text that is NULL, a group that lacks what it requires. */
static bool is_absent(const struct settings_row *row, const void *field)
{
	if ((row->flags & (SETTINGS_LINE | SETTINGS_NOT_BUILT)) != 0)
		return true;
	if (is_text(row))
		return *(const char *const *)field == NULL;
	/* an empty array below its bound can only be one that nobody wrote */
	if (row->type == SETTINGS_TEXTS)
		return row->min > 0 && ((const struct settings_texts *)field)->n == 0;
	if (row->type == SETTINGS_LIST)
		return row->min > 0 && ((const struct settings_list *)field)->n == 0;
	if (row->type != SETTINGS_GROUP)
		return false;
	for (const struct settings_row *inner = row->rows; inner->name != NULL; inner++) {
		const void *at = (const char *)field + inner->offset;
		if ((inner->flags & SETTINGS_REQUIRED) != 0 && is_text(inner) && *(const char *const *)at == NULL)
			return true;
	}
	return false;
}

static void format_value(const struct settings_row *row, const void *field, int depth, struct buffer *out)
{
	switch (row->type) {
	case SETTINGS_TEXT:
	case SETTINGS_PATH:
		format_text(*(const char *const *)field, out);
		break;
	case SETTINGS_TEXTS:
		format_texts(field, out);
		break;
	case SETTINGS_INT:
	case SETTINGS_SIZE:
	case SETTINGS_DURATION:
		settings_format_number(row, *(const int64_t *)field, out);
		break;
	case SETTINGS_BOOL:
		buffer_add_text(out, *(const bool *)field ? "true" : "false");
		break;
	case SETTINGS_CHOICE:
		format_text(row->choices[*(const int *)field], out);
		break;
	case SETTINGS_GROUP:
		format_group(row->rows, field, depth, out);
		break;
	case SETTINGS_LIST:
		format_list(row, field, depth, out);
		break;
	}
}

static void format_rows(const struct settings_row *rows, const void *values, int depth, struct buffer *out)
{
	for (const struct settings_row *row = rows; row->name != NULL; row++) {
		const void *field = (const char *)values + row->offset;
		if (is_absent(row, field))
			continue;
		indent(depth, out);
		buffer_printf(out, "%s = ", row->name);
		format_value(row, field, depth, out);
		buffer_add_text(out, ";\n");
	}
}

void settings_format(const struct settings_row *rows, const void *values, struct buffer *out)
{
	format_rows(rows, values, 0, out);
}
