#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/text.h"

static bool is_inside_character(const struct buffer *text, size_t at)
{
	return at > 0 && at < text->len && ((unsigned char)text->at[at] & 0xc0) == 0x80;
}

/* Escape; of what is too long the middle goes, for the ends say what it is about and what is wrong. */
static void set_text(struct error *err, struct bytes text)
{
	static const char gap[] = "\xe2\x80\xa6";
	struct buffer printable = { 0 };

	text_escape(&printable, text);
	size_t room = sizeof err->text - 1, head = printable.len, tail = printable.len;
	if (printable.len > room) {
		head = (room - strlen(gap)) / 2;
		tail = printable.len - (room - strlen(gap) - head);
		while (is_inside_character(&printable, head))
			head--;
		while (is_inside_character(&printable, tail))
			tail++;
	}
	snprintf(err->text, sizeof err->text, "%.*s%s%.*s", (int)head, printable.at != NULL ? printable.at : "", tail < printable.len ? gap : "",
	         (int)(printable.len - tail), printable.at != NULL ? printable.at + tail : "");
	buffer_release(&printable);
}

bool error_set(struct error *err, enum error_kind kind, const char *format, ...)
{
	struct buffer text = { 0 };
	va_list args;

	if (err == NULL)
		return false;
	va_start(args, format);
	buffer_vprintf(&text, format, args);
	va_end(args);
	err->kind = kind;
	err->sys_errno = 0;
	set_text(err, buffer_bytes(&text));
	buffer_release(&text);
	return false;
}

bool error_set_errno(struct error *err, int sys_errno, const char *format, ...)
{
	struct buffer text = { 0 };
	char reason[128];
	va_list args;

	if (err == NULL)
		return false;
	va_start(args, format);
	buffer_vprintf(&text, format, args);
	va_end(args);
	if (strerror_r(sys_errno, reason, sizeof reason) != 0)
		snprintf(reason, sizeof reason, "error %d", sys_errno);
	buffer_printf(&text, ": %s", reason);
	err->kind = sys_errno == ENOSPC || sys_errno == EDQUOT ? ERROR_FULL : ERROR_SYSTEM;
	err->sys_errno = sys_errno;
	set_text(err, buffer_bytes(&text));
	buffer_release(&text);
	return false;
}

bool error_prefix(struct error *err, const char *format, ...)
{
	struct buffer text = { 0 };
	va_list args;

	if (err == NULL)
		return false;
	va_start(args, format);
	buffer_vprintf(&text, format, args);
	va_end(args);
	buffer_printf(&text, ": %s", err->text);
	set_text(err, buffer_bytes(&text));
	buffer_release(&text);
	return false;
}

void error_clear(struct error *err)
{
	if (err != NULL)
		*err = (struct error){ 0 };
}

bool error_is_temporary(const struct error *err)
{
	switch (err->kind) {
	case ERROR_TRY_LATER:
	case ERROR_FULL:
	case ERROR_CORRUPT:
	case ERROR_SYSTEM:
	case ERROR_CLOSED:
		return true;
	default:
		return false;
	}
}

const char *error_kind_name(enum error_kind kind)
{
	static const char *const names[] = {
		[ERROR_NONE] = "none", [ERROR_SYNTAX] = "syntax", [ERROR_LIMIT] = "limit",
		[ERROR_NOT_FOUND] = "not-found", [ERROR_EXISTS] = "exists", [ERROR_DENIED] = "denied",
		[ERROR_TRY_LATER] = "try-later", [ERROR_FULL] = "full", [ERROR_CORRUPT] = "corrupt",
		[ERROR_SYSTEM] = "system", [ERROR_CLOSED] = "closed",
	};

	return (size_t)kind < sizeof names / sizeof *names ? names[kind] : "unknown";
}
