#include "smtpd/smtpd_reply.h"

#include <stdarg.h>

#include "base/log.h"
#include "base/text.h"
#include "smtpd/smtpd_slot.h"

void smtpd_reply_format(struct buffer *out, const char *text)
{
	struct bytes rest = bytes_text(text), line;
	char code[4] = { text[0], text[1], text[2], '\0' };
	bool is_first = true;

	while (rest.len > 0) {
		bool is_last = !bytes_cut(&rest, '\n', &line);
		if (is_first)
			line = bytes_skip(line, 4);
		buffer_printf(out, "%s%c", code, is_last ? ' ' : '-');
		text_escape(out, line);
		buffer_add_text(out, "\r\n");
		is_first = false;
	}
}

static void send_reply(struct smtpd_session *s, const char *format, va_list arguments)
{
	struct buffer text = { 0 }, wire = { 0 };

	if (s->stream == NULL || s->is_closing)
		return;
	buffer_vprintf(&text, format, arguments);
	if (text.at[0] == '5')
		s->n_errors++;
	smtpd_reply_format(&wire, text.at);
	if (list_is_empty(&s->slots))
		net_stream_write(s->stream, buffer_bytes(&wire));
	else
		buffer_add_bytes(&LIST_OWNER(s->slots.last, struct smtpd_slot, node)->later, buffer_bytes(&wire));
	buffer_release(&wire);
	buffer_release(&text);
}

enum smtpd_after smtpd_reply(struct smtpd_session *s, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	send_reply(s, format, arguments);
	va_end(arguments);
	return SMTPD_NEXT_LINE;
}

enum smtpd_after smtpd_reply_close(struct smtpd_session *s, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	send_reply(s, format, arguments);
	va_end(arguments);
	s->is_closing = true;
	return SMTPD_CLOSE;
}

static const struct {
	enum error_kind kind;
	const char *reply;
} replies[] = {
	{ ERROR_SYNTAX,    "501 5.5.4 Syntax error" },
	{ ERROR_LIMIT,     "452 4.3.1 Not enough memory for more mail now" },
	{ ERROR_NOT_FOUND, "550 5.1.1 No such mailbox" },
	{ ERROR_EXISTS,    "451 4.3.0 Try again later" },
	{ ERROR_DENIED,    "550 5.7.1 Not allowed" },
	{ ERROR_TRY_LATER, "451 4.3.0 Busy, try again later" },
	{ ERROR_FULL,      "452 4.3.1 Not enough disk space" },
	{ ERROR_CORRUPT,   "451 4.3.0 The mail store is damaged, the postmaster has been told" },
	{ ERROR_SYSTEM,    "451 4.3.0 The mail store had an error, try again later" },
	{ ERROR_CLOSED,    "451 4.3.0 Try again later" },
};

const char *smtpd_reply_for_error(const struct error *err)
{
	if (err->kind == ERROR_CORRUPT || err->kind == ERROR_SYSTEM || err->kind == ERROR_FULL)
		log_error("smtpd", "store-error", "kind=%s error=%s", error_kind_name(err->kind), err->text);
	for (size_t i = 0; i < sizeof replies / sizeof *replies; i++)
		if (replies[i].kind == err->kind)
			return replies[i].reply;
	return "451 4.3.0 Try again later";
}

const char *smtpd_reply_for_recipient(enum error_kind kind)
{
	switch (kind) {
	case ERROR_FULL:
		return "452 4.2.2 The mailbox is full";
	case ERROR_LIMIT:
		return "552 5.2.2 The mailbox is full, and has been for days";
	case ERROR_DENIED:
		return "550 5.2.1 The mailbox is disabled";
	case ERROR_NOT_FOUND:
		return "550 5.1.1 No such user here";
	default:
		return "451 4.3.0 Try again later";
	}
}

enum smtpd_after smtpd_reply_error(struct smtpd_session *s, const struct error *err)
{
	return smtpd_reply(s, "%s", smtpd_reply_for_error(err));
}
