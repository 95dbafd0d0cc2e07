#include "message/compose_attachment.h"

#include "base/text.h"
#include "message/transfer_encoding.h"

#define QUOTED_MAX 60                   /* of a name in quotes: its line stays below 78 columns */
#define SEGMENT_MAX 55                  /* of a piece of a name */

static const struct {
	const char *extension, *type;
} types[] = {
	{ ".txt", "text/plain" }, { ".csv", "text/csv" }, { ".html", "text/html" }, { ".htm", "text/html" }, { ".ics", "text/calendar" },
	{ ".md", "text/markdown" }, { ".patch", "text/x-patch" }, { ".diff", "text/x-patch" },
	{ ".pdf", "application/pdf" }, { ".zip", "application/zip" }, { ".gz", "application/gzip" }, { ".json", "application/json" },
	{ ".xml", "application/xml" }, { ".png", "image/png" }, { ".jpg", "image/jpeg" }, { ".jpeg", "image/jpeg" }, { ".gif", "image/gif" },
	{ ".webp", "image/webp" }, { ".svg", "image/svg+xml" }, { ".mp3", "audio/mpeg" }, { ".mp4", "video/mp4" },
	{ ".odt", "application/vnd.oasis.opendocument.text" }, { ".ods", "application/vnd.oasis.opendocument.spreadsheet" },
	{ ".docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document" },
	{ ".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" },
};

static void add_type(const struct compose_attachment *a, struct buffer *out)
{
	const char *type = "application/octet-stream";

	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (bytes_ends_nocase(bytes_text(a->name), bytes_text(types[i].extension)))
			type = types[i].type;
	/* Text of an unknown character set would be shown wrong. */
	if (bytes_starts(bytes_text(type), BYTES("text/"))) {
		if (text_is_utf8(a->content))
			buffer_printf(out, "Content-Type: %s; charset=utf-8\r\n", type);
		else
			buffer_add_text(out, "Content-Type: application/octet-stream\r\n");
	} else {
		buffer_printf(out, "Content-Type: %s\r\n", type);
	}
}

static bool is_plain(struct bytes name)
{
	return name.len <= QUOTED_MAX && text_is_printable(name) && bytes_find_bytes(name, BYTES("=?")) == name.len;
}

static void add_quoted(struct bytes name, struct buffer *out)
{
	buffer_add_text(out, "; filename=\"");
	for (size_t i = 0; i < name.len; i++) {
		if (name.at[i] == '"' || name.at[i] == '\\')
			buffer_add_octet(out, '\\');
		buffer_add_octet(out, name.at[i]);
	}
	buffer_add_octet(out, '"');
}

/* RFC 2231 4: attribute characters as they are, the others as %XX. */
static void percent_encode(struct bytes name, struct buffer *out)
{
	for (size_t i = 0; i < name.len; i++) {
		unsigned char octet = (unsigned char)name.at[i];
		if (text_is_alpha(octet) || text_is_digit(octet) || (octet != '\0' && strchr("-._~", octet)))
			buffer_add_octet(out, (char)octet);
		else
			buffer_printf(out, "%%%02X", octet);
	}
}

/* Pieces end between "%XX", never inside. */
static size_t segment_len(struct bytes rest)
{
	size_t len = rest.len < SEGMENT_MAX ? rest.len : SEGMENT_MAX;

	if (len < rest.len && len >= 2 && rest.at[len - 1] == '%')
		return len - 1;
	if (len < rest.len && len >= 2 && rest.at[len - 2] == '%')
		return len - 2;
	return len;
}

static void add_extended(struct bytes name, struct buffer *out)
{
	struct buffer valid = { 0 }, encoded = { 0 };
	struct bytes rest;

	text_normalize(name, &valid);
	percent_encode(buffer_bytes(&valid), &encoded);
	rest = buffer_bytes(&encoded);
	if (rest.len <= SEGMENT_MAX) {
		buffer_printf(out, ";\r\n filename*=utf-8''%.*s", BYTES_PRINT(rest));
		rest.len = 0;
	}
	for (unsigned n = 0; rest.len > 0; n++) {
		size_t len = segment_len(rest);
		buffer_printf(out, ";\r\n filename*%u*=%s%.*s", n, n == 0 ? "utf-8''" : "", (int)len, rest.at);
		rest = bytes_skip(rest, len);
	}
	buffer_release(&valid);
	buffer_release(&encoded);
}

bool compose_attachment_write(const struct compose_attachment *a, struct buffer *out, struct error *err)
{
	struct bytes name = bytes_text(a->name);

	if (name.len == 0)
		return error_set(err, ERROR_SYNTAX, "attachment: it has no name");
	for (size_t i = 0; i < name.len; i++)
		if ((unsigned char)name.at[i] < 0x20 || name.at[i] == 0x7f)
			return error_set(err, ERROR_SYNTAX, "attachment: the name holds a control character");
	add_type(a, out);
	buffer_add_text(out, "Content-Disposition: attachment");
	if (is_plain(name))
		add_quoted(name, out);
	else
		add_extended(name, out);
	buffer_add_text(out, "\r\nContent-Transfer-Encoding: base64\r\n\r\n");
	transfer_encode_base64(a->content, out);
	return true;
}
