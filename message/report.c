#include "message/report.h"

#include <stdio.h>

#include "base/random.h"
#include "base/text.h"
#include "message/compose.h"
#include "message/date.h"

#define TEXT_MAX 900                    /* octets of one peer's text */
#define BOUNDARY_SIZE 33

/* By enum report_action. */
static const struct wording {
	const char *name;               /* RFC 3464 2.3.3 */
	char status_class;
	const char *subject, *opening;
} wordings[] = {
	[REPORT_FAILED] = { "failed", '5', "Undelivered mail",
	                    "your message could not be delivered to the recipients below.\r\nIt will not be tried again." },
	[REPORT_DELAYED] = { "delayed", '4', "Delayed mail",
	                     "your message could not yet be delivered to the recipients below.\r\nYou need not send it again: it is still being tried." },
	[REPORT_DELIVERED] = { "delivered", '2', "Delivered mail", "your message was delivered to the recipients below." },
	[REPORT_RELAYED] = { "relayed", '2', "Relayed mail",
	                     "your message was handed to another system, which gives no report of delivery." },
	[REPORT_EXPANDED] = { "expanded", '2', "Delivered mail", "your message was handed on to the members of the addresses below." },
};

/* Printable ASCII with single spaces, at most TEXT_MAX octets: nothing a peer said can end a line or a part. */
static void add_harmless(struct buffer *out, const char *text)
{
	size_t start = out->len;

	for (; *text && out->len - start < TEXT_MAX; text++) {
		unsigned char octet = (unsigned char)*text;
		if (octet > 0x20 && octet < 0x7f)
			buffer_add_octet(out, (char)octet);
		else if (octet >= 0x7f)
			buffer_add_octet(out, '?');
		else if (out->len > start && out->at[out->len - 1] != ' ')
			buffer_add_octet(out, ' ');
	}
}

/* One field of the machine-readable part; prefix stands as it is before the value. */
static void add_field(struct buffer *out, const char *name, const char *prefix, const char *value)
{
	struct buffer line = { 0 };

	buffer_add_text(&line, prefix);
	add_harmless(&line, value);
	compose_field_tokens(out, name, buffer_bytes(&line), NULL);
	buffer_release(&line);
}

static void add_date_field(struct buffer *out, const char *name, int64_t when_s)
{
	char date[DATE_TEXT_SIZE];

	if (when_s == 0)
		return;
	date_format(when_s, 0, date);
	add_field(out, name, "", date);
}

/* RFC 3463 2: class "." up to three digits "." up to three digits, of the action's class. */
static bool is_status(const char *status, char class)
{
	if (status == NULL || status[0] != class || status[1] != '.')
		return false;
	const char *at = status + 2;
	for (int part = 0; part < 2; part++) {
		int n = 0;
		while (n < 3 && text_is_digit((unsigned char)at[n]))
			n++;
		if (n == 0 || at[n] != (part == 0 ? '.' : '\0'))
			return false;
		at += n + 1;
	}
	return true;
}

static void add_recipient_fields(struct buffer *out, const struct report_recipient *r)
{
	const struct wording *w = &wordings[r->action];
	char fallback[] = { w->status_class, '.', '0', '.', '0', '\0' };

	buffer_add_text(out, "\r\n");
	if (r->original)
		add_field(out, "Original-Recipient", "rfc822; ", r->original);
	add_field(out, "Final-Recipient", "rfc822; ", r->address);
	add_field(out, "Action", "", w->name);
	add_field(out, "Status", "", is_status(r->status, w->status_class) ? r->status : fallback);
	if (r->remote_host)
		add_field(out, "Remote-MTA", "dns; ", r->remote_host);
	if (r->diagnostic)
		add_field(out, "Diagnostic-Code", r->is_smtp_reply ? "smtp; " : "x-posta; ", r->diagnostic);
	add_date_field(out, "Last-Attempt-Date", r->attempted_s);
}

static void add_status_part(struct buffer *out, const struct report *report)
{
	buffer_add_text(out, "Content-Type: message/delivery-status\r\n\r\n");
	add_field(out, "Reporting-MTA", "dns; ", report->host);
	if (report->envelope_id)
		add_field(out, "Original-Envelope-Id", "", report->envelope_id);
	if (report->queue_id)
		add_field(out, "X-Posta-Queue-Id", "", report->queue_id);
	add_date_field(out, "Arrival-Date", report->arrived_s);
	for (size_t i = 0; i < report->n_recipients; i++)
		add_recipient_fields(out, &report->recipients[i]);
}

static void add_text_part(struct buffer *out, const struct report *report)
{
	const struct wording *w = &wordings[report->recipients[0].action];
	char date[DATE_TEXT_SIZE];

	buffer_add_text(out, "Content-Type: text/plain; charset=us-ascii\r\n\r\nThis is the mail server at ");
	add_harmless(out, report->host);
	buffer_printf(out, ":\r\n%s\r\n", w->opening);
	if (report->give_up_s != 0 && report->recipients[0].action == REPORT_DELAYED) {
		date_format(report->give_up_s, 0, date);
		buffer_printf(out, "The last attempt will be made at %s.\r\n", date);
	}
	for (size_t i = 0; i < report->n_recipients; i++) {
		const struct report_recipient *r = &report->recipients[i];
		buffer_add_text(out, "\r\n  <");
		add_harmless(out, r->address);
		buffer_add_text(out, ">");
		if (r->action != report->recipients[0].action)
			buffer_printf(out, " (%s)", wordings[r->action].name);
		if (r->diagnostic) {
			buffer_add_text(out, "\r\n    ");
			if (r->remote_host && r->is_smtp_reply) {
				add_harmless(out, r->remote_host);
				buffer_add_text(out, " said: ");
			}
			add_harmless(out, r->diagnostic);
		}
		buffer_add_text(out, "\r\n");
	}
	if (report->queue_id) {
		buffer_add_text(out, "\r\nThe message was known here as ");
		add_harmless(out, report->queue_id);
		buffer_add_text(out, ".\r\n");
	}
}

/* What comes back of the original: all of it, or its header; whole lines within REPORT_ORIGINAL_MAX. */
static struct bytes choose_original(const struct report *report, bool *is_full)
{
	*is_full = report->return_full && report->original.len > 0 && report->original.len == report->original_size &&
	           report->original.len <= REPORT_ORIGINAL_MAX;
	if (*is_full)
		return report->original;
	struct bytes header = report->header;
	if (header.len > REPORT_ORIGINAL_MAX) {
		header.len = REPORT_ORIGINAL_MAX;
		while (header.len > 0 && header.at[header.len - 1] != '\n')
			header.len--;
	}
	while (header.len >= 4 && memcmp(header.at + header.len - 4, "\r\n\r\n", 4) == 0)
		header.len -= 2;                /* the empty line is no field */
	return header;
}

/* 128 random bits, and not in the original. */
static void make_boundary(struct bytes original, char boundary[BOUNDARY_SIZE])
{
	do {
		snprintf(boundary, BOUNDARY_SIZE, "%016llx%016llx", (unsigned long long)random_u64(), (unsigned long long)random_u64());
	} while (bytes_find_bytes(original, bytes_of(boundary, BOUNDARY_SIZE - 1)) < original.len);
}

static void add_header(struct buffer *out, const struct report *report, const char *boundary, bool is_8bit)
{
	struct buffer line = { 0 };

	compose_field_date(out, report->now_s, 0);
	buffer_add_text(&line, "Mail Delivery System <MAILER-DAEMON@");
	add_harmless(&line, report->host);
	buffer_add_octet(&line, '>');
	compose_field_tokens(out, "From", buffer_bytes(&line), NULL);
	buffer_clear(&line);
	buffer_add_octet(&line, '<');
	add_harmless(&line, report->to);
	buffer_add_octet(&line, '>');
	compose_field_tokens(out, "To", buffer_bytes(&line), NULL);
	compose_field_text(out, "Subject", bytes_text(wordings[report->recipients[0].action].subject), NULL);
	buffer_clear(&line);
	buffer_printf(&line, "@%s", report->host);
	struct buffer id = { 0 };
	compose_message_id(buffer_bytes(&line), &id);
	compose_field_tokens(out, "Message-ID", buffer_bytes(&id), NULL);
	buffer_release(&id);
	buffer_release(&line);
	buffer_printf(out, "Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status;\r\n"
	              "\tboundary=\"%s\"\r\nContent-Transfer-Encoding: %s\r\n\r\n", boundary, is_8bit ? "8bit" : "7bit");
}

void report_write(const struct report *report, struct buffer *out)
{
	char boundary[BOUNDARY_SIZE];
	bool is_full;
	struct bytes original = choose_original(report, &is_full);
	bool is_8bit = !text_is_ascii(original);

	make_boundary(original, boundary);
	add_header(out, report, boundary, is_8bit);
	buffer_printf(out, "This is a report in parts for mail programs (RFC 3464).\r\n\r\n--%s\r\n", boundary);
	add_text_part(out, report);
	buffer_printf(out, "\r\n--%s\r\n", boundary);
	add_status_part(out, report);
	buffer_printf(out, "\r\n--%s\r\nContent-Type: %s\r\nContent-Transfer-Encoding: %s\r\n\r\n", boundary,
	              is_full ? "message/rfc822" : "text/rfc822-headers", is_8bit ? "8bit" : "7bit");
	buffer_add_bytes(out, original);
	if (original.len > 0 && original.at[original.len - 1] != '\n')
		buffer_add_text(out, "\r\n");
	buffer_printf(out, "\r\n--%s--\r\n", boundary);
}
