#include "base/log.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/text.h"

#define VALUE_MAX 1024                  /* octets of one value: a peer cannot fill the disk with a line */

static _Atomic int current_level = LOG_LEVEL_INFO;
static _Atomic int log_fd = STDERR_FILENO;

static const char *const level_names[] = {
	[LOG_LEVEL_ERROR] = "error", [LOG_LEVEL_WARNING] = "warning", [LOG_LEVEL_INFO] = "info", [LOG_LEVEL_DEBUG] = "debug",
};

void log_set_level(enum log_level level)
{
	atomic_store(&current_level, level);
}

enum log_level log_get_level(void)
{
	return (enum log_level)atomic_load(&current_level);
}

void log_set_fd(int fd)
{
	atomic_store(&log_fd, fd);
}

static bool is_plain(struct bytes value)
{
	for (size_t i = 0; i < value.len; i++) {
		if (value.at[i] <= 0x20 || value.at[i] > 0x7e || value.at[i] == '"' || value.at[i] == '=')
			return false;
	}
	return value.len > 0;
}

/* Octets before the first quote or backslash. */
static size_t unquoted_len(struct bytes value)
{
	size_t quote = bytes_find(value, '"'), backslash = bytes_find(value, '\\');

	return quote < backslash ? quote : backslash;
}

static void add_value(struct buffer *line, struct bytes value)
{
	bool cut = value.len > VALUE_MAX;

	value = bytes_slice(value, 0, VALUE_MAX);
	if (is_plain(value)) {
		buffer_add_bytes(line, value);
	} else {
		buffer_add_octet(line, '"');
		while (value.len > 0) {
			size_t plain = unquoted_len(value);
			text_escape(line, bytes_slice(value, 0, plain));
			if (plain < value.len)
				buffer_printf(line, "\\%c", value.at[plain]);
			value = bytes_skip(value, plain + 1);
		}
		buffer_add_octet(line, '"');
	}
	if (cut)
		buffer_add_text(line, "...");
}

/* One printf directive: the text between "%" and the conversion letter, and the letter. */
struct directive {
	char text[16];                  /* "%-5ld", for snprintf */
	char conversion;
	int size;                       /* 0 int, 1 long, 2 long long, 3 size_t */
	int precision;                  /* of "%.*s"; -1 when not given that way */
	bool star;
};

/* Read the directive at format ("%…"); returns what follows it. */
static const char *read_directive(const char *format, struct directive *d)
{
	size_t len = strspn(format + 1, "-+ #0123456789.*lz") + 2;

	assert(len < sizeof d->text);
	*d = (struct directive){ .conversion = format[len - 1], .precision = -1 };
	memcpy(d->text, format, len);
	d->star = strstr(d->text, ".*") != NULL;
	if (strstr(d->text, "ll") != NULL)
		d->size = 2;
	else if (strchr(d->text, 'l') != NULL)
		d->size = 1;
	else if (strchr(d->text, 'z') != NULL)
		d->size = 3;
	return format + len;
}

static void add_string(struct buffer *line, const struct directive *d, const char *text)
{
	/* only "%s" and "%.*s": padding has no place in a value */
	assert(strcmp(d->text, d->star ? "%.*s" : "%s") == 0);
	if (text == NULL)
		text = "";
	size_t len = d->precision >= 0 ? strnlen(text, (size_t)d->precision) : strlen(text);
	add_value(line, bytes_of(text, len));
}

/* The walk's arguments, in a struct so that helpers take from the same list. */
struct arguments {
	va_list list;
};

static void add_integer(struct buffer *line, const struct directive *d, struct arguments *args)
{
	char value[64];

	assert(!d->star);
	if (d->size == 0)
		snprintf(value, sizeof value, d->text, va_arg(args->list, int));
	else if (d->size == 1)
		snprintf(value, sizeof value, d->text, va_arg(args->list, long));
	else if (d->size == 2)
		snprintf(value, sizeof value, d->text, va_arg(args->list, long long));
	else
		snprintf(value, sizeof value, d->text, va_arg(args->list, size_t));
	add_value(line, bytes_text(value));
}

static void add_formatted(struct buffer *line, const char *format, struct arguments *args)
{
	struct directive d;

	while (*format != '\0') {
		size_t literal = strcspn(format, "%");
		buffer_add(line, format, literal);
		format += literal;
		if (*format == '\0')
			break;
		format = read_directive(format, &d);
		if (d.star)
			d.precision = va_arg(args->list, int);
		switch (d.conversion) {
		case 's':
			add_string(line, &d, va_arg(args->list, const char *));
			break;
		case 'd': case 'i': case 'u': case 'x':
			add_integer(line, &d, args);
			break;
		case 'c': {
			char octet = (char)va_arg(args->list, int);
			add_value(line, bytes_of(&octet, 1));
			break;
		}
		case '%':
			buffer_add_octet(line, '%');
			break;
		default:
			assert(!"a conversion the log does not know");
		}
	}
}

static void write_line(enum log_level level, const char *area, const char *event, const char *format, va_list list)
{
	struct buffer line = { 0 };
	struct arguments args;
	int fd = atomic_load(&log_fd);

	if ((int)level > atomic_load(&current_level) || fd < 0)
		return;
	int before = errno;
	buffer_printf(&line, "level=%s area=%s event=%s", level_names[level], area, event);
	if (format != NULL && *format != '\0') {
		buffer_add_octet(&line, ' ');
		va_copy(args.list, list);
		add_formatted(&line, format, &args);
		va_end(args.list);
	}
	buffer_add_octet(&line, '\n');
	ssize_t n;
	do
		n = write(fd, line.at, line.len);
	while (n < 0 && errno == EINTR);
	buffer_release(&line);
	errno = before;
}

#define DEFINE_LOG(name, level) \
	void name(const char *area, const char *event, const char *format, ...) \
	{ \
		va_list args; \
		va_start(args, format); \
		write_line(level, area, event, format, args); \
		va_end(args); \
	}

DEFINE_LOG(log_error, LOG_LEVEL_ERROR)
DEFINE_LOG(log_warning, LOG_LEVEL_WARNING)
DEFINE_LOG(log_info, LOG_LEVEL_INFO)
DEFINE_LOG(log_debug, LOG_LEVEL_DEBUG)
