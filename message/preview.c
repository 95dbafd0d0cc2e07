#include "message/preview.h"

#include "message/charset.h"
#include "message/content_type.h"
#include "message/mime_scan.h"
#include "message/transfer_encoding.h"

#define HEADER_MAX (1u << 20)

static bool is_text(const struct mime_part *part, const char *subtype)
{
	return bytes_equal_nocase(part->type, BYTES("text")) && (subtype == NULL || bytes_equal_nocase(part->subtype, bytes_text(subtype)));
}

/* Parts of an attached message or below an attachment are not what the message says first. */
static bool is_attachment(const struct mime_tree *tree, const struct mime_part *part)
{
	for (;;) {
		if (bytes_equal_nocase(part->disposition, BYTES("attachment")))
			return true;
		if (part->parent == MIME_PART_NONE)
			return false;
		part = &tree->parts[part->parent];
		if (part->is_message && part->parent != MIME_PART_NONE)
			return true;
	}
}

static const struct mime_part *first_text(const struct mime_tree *tree, const char *subtype)
{
	for (size_t i = 0; i < tree->n; i++) {
		if (is_text(&tree->parts[i], subtype) && !is_attachment(tree, &tree->parts[i]))
			return &tree->parts[i];
	}
	return NULL;
}

static const struct mime_part *choose(const struct mime_tree *tree)
{
	const struct mime_part *part = first_text(tree, "plain");

	if (part == NULL)
		part = first_text(tree, "html");
	if (part == NULL)
		part = first_text(tree, NULL);
	return part;
}

/* CRLF becomes LF, in place. */
static void unify_line_ends(struct buffer *text)
{
	size_t n = 0;

	for (size_t i = 0; i < text->len; i++) {
		if (text->at[i] == '\r' && i + 1 < text->len && text->at[i + 1] == '\n')
			continue;
		text->at[n++] = text->at[i];
	}
	if (text->len > 0)
		buffer_truncate(text, n);
}

bool preview_part_text(const struct mime_part *part, struct bytes body, size_t max, struct buffer *out)
{
	struct bytes charset = { 0 };
	struct buffer raw = { 0 }, text = { 0 };

	content_parameter_find(part->parameters, part->n_parameters, "charset", &charset);
	/* Four octets of any encoding's text give at least one of UTF-8; more need not be decoded. */
	if (max < SIZE_MAX / 16 && body.len > max * 12 + 4096)
		body.len = max * 12 + 4096;
	bool fine = transfer_decode(transfer_encoding_parse(part->encoding), body, &raw);
	fine &= charset_to_utf8(charset, buffer_bytes(&raw), &text);
	unify_line_ends(&text);
	struct bytes kept = buffer_bytes(&text);
	if (kept.len > max) {
		kept.len = max;
		while (kept.len > 0 && ((unsigned char)kept.at[kept.len] & 0xc0) == 0x80)
			kept.len--;
	}
	buffer_add_bytes(out, kept);
	buffer_release(&raw);
	buffer_release(&text);
	return fine;
}

bool preview_message_text(struct bytes message, size_t max, struct buffer *out, bool *is_html)
{
	struct mime_scan *scan = mime_scan_create(HEADER_MAX);

	mime_scan_feed(scan, message);
	const struct mime_part *part = choose(mime_scan_finish(scan));
	if (part) {
		preview_part_text(part, bytes_slice(message, (size_t)part->body_at, (size_t)(part->body_at + part->body_len)), max, out);
		if (is_html)
			*is_html = is_text(part, "html");
	}
	mime_scan_destroy(scan);
	return part != NULL;
}
