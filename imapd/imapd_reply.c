#include "imapd/imapd_reply.h"

#include <stdarg.h>

#include "imapd/imapd_commands.h"
#include "imapd/imapd_update.h"

#define BAD_MAX_BEFORE_LOGIN 3
#define BAD_MAX 20

void imapd_untagged(struct imapd_session *s, const char *format, ...)
{
	va_list arguments;

	buffer_add_text(&s->out, "* ");
	va_start(arguments, format);
	buffer_vprintf(&s->out, format, arguments);
	va_end(arguments);
	buffer_add_text(&s->out, "\r\n");
}

void imapd_continue(struct imapd_session *s, const char *text)
{
	buffer_printf(&s->out, "+ %s\r\n", text);
	imapd_session_flush(s);
}

static enum imapd_after add_final(struct imapd_session *s)
{
	buffer_add_bytes(&s->out, buffer_bytes(&s->tag));
	buffer_add_octet(&s->out, ' ');
	buffer_add_text(&s->out, s->final);
	buffer_add_text(&s->out, "\r\n");
	s->final = NULL;
	return IMAPD_NEXT;
}

static void updated(struct imapd_session *s)
{
	imapd_session_resume(s, add_final(s));
}

static enum imapd_after finish(struct imapd_session *s)
{
	if (!imapd_update_is_due(s))
		return add_final(s);
	imapd_update_start(s, updated);
	return IMAPD_WAIT;
}

/* The format's text, in the arena: it outlives the update. */
static void set_final(struct imapd_session *s, const char *start, const char *format, va_list arguments)
{
	struct buffer text = { 0 };

	buffer_add_text(&text, start);
	buffer_vprintf(&text, format, arguments);
	s->final = arena_text(&s->arena, text.at);
	buffer_release(&text);
}

enum imapd_after imapd_finish(struct imapd_session *s, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	set_final(s, "", format, arguments);
	va_end(arguments);
	return finish(s);
}

enum imapd_after imapd_bad(struct imapd_session *s, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	set_final(s, "BAD ", format, arguments);
	va_end(arguments);
	if (s->tag.len == 0)
		buffer_add_octet(&s->tag, '*');
	add_final(s);
	if (++s->n_bad < (s->state == IMAPD_GREETED ? BAD_MAX_BEFORE_LOGIN : BAD_MAX))
		return IMAPD_NEXT;
	imapd_untagged(s, "BYE Too many bad commands");
	s->is_bye_sent = true;
	return IMAPD_CLOSE;
}

enum imapd_after imapd_bad_syntax(struct imapd_session *s)
{
	return imapd_bad(s, "Syntax: %s", s->command->syntax);
}

enum imapd_after imapd_finish_error(struct imapd_session *s, const struct error *err, const char *what)
{
	switch (err->kind) {
	case ERROR_NOT_FOUND:
		return imapd_finish(s, "NO [NONEXISTENT] %s does not exist", what);
	case ERROR_EXISTS:
		return imapd_finish(s, "NO [ALREADYEXISTS] %s exists already", what);
	case ERROR_FULL:
		return imapd_finish(s, "NO [OVERQUOTA] No room: disk or quota is full");
	case ERROR_LIMIT:
		return imapd_finish(s, "NO [LIMIT] %s", err->text);
	case ERROR_SYNTAX:
		return imapd_finish(s, "NO [CANNOT] %s", err->text);
	case ERROR_DENIED:
		return imapd_finish(s, "NO [NOPERM] %s", err->text);
	case ERROR_CORRUPT:
		return imapd_finish(s, "NO [SERVERBUG] The store is damaged there; the log says more");
	default:
		return imapd_finish(s, "NO [UNAVAILABLE] The store cannot do that now; try again later");
	}
}
