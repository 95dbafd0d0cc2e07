/* smtp_client_write: the commands of a message, and the octets of one that is sent whole.  RFC 5321 4.1.1, RFC 3461, RFC 3030. */
#include <string.h>

#include "base/codec.h"
#include "base/text.h"
#include "smtp/smtp_client_state.h"
#include "smtp/smtp_path.h"

bool smtp_client_needs_utf8(const struct smtp_client_message *m)
{
	bool ascii = text_is_ascii(bytes_text(m->sender));

	for (size_t i = 0; i < m->n_recipients && ascii; i++)
		ascii = text_is_ascii(bytes_text(m->recipients[i].address));
	return !ascii;
}

void smtp_client_write_mail(struct smtp_client *c, const struct smtp_client_message *m)
{
	unsigned offered = c->extensions.bits;
	struct buffer line = { 0 };

	buffer_add_text(&line, "MAIL FROM:");
	smtp_path_write(bytes_text(m->sender), &line);
	if (offered & SMTP_SIZE)
		buffer_printf(&line, " SIZE=%llu", (unsigned long long)m->size);
	if (m->is_8bit)
		buffer_add_text(&line, " BODY=8BITMIME");
	if (smtp_client_needs_utf8(m))
		buffer_add_text(&line, " SMTPUTF8");
	if ((offered & SMTP_DSN) && m->returns != ENVELOPE_RETURN_DEFAULT)
		buffer_add_text(&line, m->returns == ENVELOPE_RETURN_FULL ? " RET=FULL" : " RET=HDRS");
	if ((offered & SMTP_DSN) && m->envelope_id) {
		buffer_add_text(&line, " ENVID=");
		codec_xtext_encode(bytes_text(m->envelope_id), &line);
	}
	if ((offered & SMTP_XTRANSACTION) && m->transaction) {
		buffer_add_text(&line, " XTRANSACTION=");
		codec_xtext_encode(bytes_text(m->transaction), &line);
	}
	smtp_client_command(c, buffer_bytes(&line), NULL);
	buffer_release(&line);
}

static void write_dsn(const struct smtp_client_recipient *r, struct buffer *line)
{
	static const struct { unsigned bit; const char *word; } words[] = {
		{ ENVELOPE_NOTIFY_NEVER, "NEVER" }, { ENVELOPE_NOTIFY_SUCCESS, "SUCCESS" }, { ENVELOPE_NOTIFY_FAILURE, "FAILURE" }, { ENVELOPE_NOTIFY_DELAY, "DELAY" },
	};
	const char *before = " NOTIFY=";

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (!(r->notify & words[i].bit))
			continue;
		buffer_printf(line, "%s%s", before, words[i].word);
		before = ",";
	}
	const char *address = r->original ? strchr(r->original, ';') : NULL;
	if (address) {
		buffer_printf(line, " ORCPT=%.*s;", (int)(address - r->original), r->original);
		codec_xtext_encode(bytes_text(address + 1), line);
	}
}

void smtp_client_write_rcpt(struct smtp_client *c, const struct smtp_client_recipient *r)
{
	struct buffer line = { 0 };

	buffer_add_text(&line, "RCPT TO:");
	smtp_path_write(bytes_text(r->address), &line);
	if (c->extensions.bits & SMTP_DSN)
		write_dsn(r, &line);
	smtp_client_command(c, buffer_bytes(&line), NULL);
	buffer_release(&line);
}

void smtp_client_write_whole(struct smtp_client *c, struct bytes octets)
{
	bool has_end = bytes_ends_nocase(octets, BYTES("\r\n"));
	struct buffer line = { 0 };

	buffer_printf(&line, "BDAT %zu LAST", octets.len + (has_end ? 0 : 2));
	smtp_client_command(c, buffer_bytes(&line), NULL);
	net_stream_write(c->stream, octets);
	if (!has_end)
		net_stream_write(c->stream, BYTES("\r\n"));
	buffer_release(&line);
}
