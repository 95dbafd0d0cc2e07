#include "message/trace.h"

#include "base/text.h"
#include "message/date.h"
#include "message/header.h"

#define NAME_MAX_LEN 255                /* octets of a peer's text that are shown */
#define RECIPIENT_MAX 320

/* What a peer said, safe inside a comment and outside: anything but these octets becomes "?". */
static void add_harmless(struct buffer *out, const char *text, const char *also, size_t max)
{
	for (size_t i = 0; i < max && text[i] != '\0'; i++) {
		unsigned char octet = (unsigned char)text[i];
		bool fine = text_is_alpha(octet) || text_is_digit(octet) || strchr(".-_:", octet) != NULL || strchr(also, octet) != NULL;
		buffer_add_octet(out, fine ? (char)octet : '?');
	}
}

/* RFC 3848, and RFC 8314 4.3's wish that TLS shows. */
static void add_protocol(const struct trace_received *t, struct buffer *out)
{
	buffer_add_text(out, t->is_lmtp ? "LMTP" : t->is_extended ? "ESMTP" : "SMTP");
	if (t->is_tls && (t->is_lmtp || t->is_extended))
		buffer_add_octet(out, 'S');
	if (t->is_authenticated && (t->is_lmtp || t->is_extended))
		buffer_add_octet(out, 'A');
}

void trace_received_write(const struct trace_received *t, struct buffer *out)
{
	char date[DATE_TEXT_SIZE];

	buffer_add_text(out, "Received: from ");
	if (t->helo && t->helo[0])
		add_harmless(out, t->helo, "[]", NAME_MAX_LEN);
	else
		buffer_add_text(out, "unknown");
	if (t->client_ip) {
		buffer_add_text(out, strchr(t->client_ip, ':') ? " ([IPv6:" : " ([");
		add_harmless(out, t->client_ip, "", NAME_MAX_LEN);
		buffer_add_text(out, "])");
	} else {
		buffer_add_text(out, " (local)");
	}
	buffer_add_text(out, "\r\n\tby ");
	add_harmless(out, t->host ? t->host : "localhost", "[]", NAME_MAX_LEN);
	buffer_add_text(out, " with ");
	add_protocol(t, out);
	if (t->tls) {
		buffer_add_text(out, "\r\n\t(");
		add_harmless(out, t->tls, " =/,", NAME_MAX_LEN);
		buffer_add_octet(out, ')');
	}
	if (t->queue_id) {
		buffer_add_text(out, "\r\n\tid ");
		add_harmless(out, t->queue_id, "", NAME_MAX_LEN);
	}
	if (t->recipient && strlen(t->recipient) <= RECIPIENT_MAX) {
		buffer_add_text(out, "\r\n\tfor <");
		add_harmless(out, t->recipient, "@!#$%&'*+/=?^`{|}~", RECIPIENT_MAX);
		buffer_add_octet(out, '>');
	}
	date_format(t->now_s, t->offset_min, date);
	buffer_printf(out, ";\r\n\t%s\r\n", date);
}

void trace_return_path_write(const char *path, struct buffer *out)
{
	buffer_add_text(out, "Return-Path: <");
	for (size_t i = 0; i < RECIPIENT_MAX && path[i] != '\0'; i++) {
		unsigned char octet = (unsigned char)path[i];
		buffer_add_octet(out, octet < 0x20 || octet == 0x7f || octet == '<' || octet == '>' ? '?' : (char)octet);
	}
	buffer_add_text(out, ">\r\n");
}
