#include "imap/imap_bodystructure.h"

#include "imap/imap_envelope.h"
#include "imap/imap_write.h"
#include "message/mime_part.h"

struct writer {
	const struct mime_tree *tree;
	bool is_extended;
	struct arena *arena;
	struct buffer *out;
};

static bool add_part(struct writer *, const struct mime_part *);

static void add_given(struct writer *w, struct bytes text)
{
	imap_write_nstring(w->out, text, text.len > 0);
	buffer_add_octet(w->out, ' ');
}

static void add_parameters(struct writer *w, const struct mime_parameter *at, size_t n)
{
	if (n == 0) {
		buffer_add_text(w->out, "NIL");
		return;
	}
	for (size_t i = 0; i < n; i++) {
		buffer_add_octet(w->out, i == 0 ? '(' : ' ');
		imap_write_string(w->out, at[i].name);
		buffer_add_octet(w->out, ' ');
		imap_write_string(w->out, at[i].value);
	}
	buffer_add_octet(w->out, ')');
}

static void add_disposition(struct writer *w, const struct mime_part *part)
{
	if (part->disposition.len == 0) {
		buffer_add_text(w->out, "NIL");
		return;
	}
	buffer_add_octet(w->out, '(');
	imap_write_string(w->out, part->disposition);
	buffer_add_octet(w->out, ' ');
	add_parameters(w, part->disposition_parameters, part->n_disposition_parameters);
	buffer_add_octet(w->out, ')');
}

static void add_language(struct writer *w, struct bytes list)
{
	struct bytes tag;
	size_t n = 0;

	for (bool is_more = list.len > 0; is_more;) {
		is_more = bytes_cut(&list, ',', &tag);
		tag = bytes_trim(tag);
		if (tag.len == 0)
			continue;
		buffer_add_octet(w->out, n++ == 0 ? '(' : ' ');
		imap_write_string(w->out, tag);
	}
	buffer_add_text(w->out, n == 0 ? "NIL" : ")");
}

/* disposition, language, location: the end of both kinds of extension data. */
static void add_extension(struct writer *w, const struct mime_part *part)
{
	buffer_add_octet(w->out, ' ');
	add_disposition(w, part);
	buffer_add_octet(w->out, ' ');
	add_language(w, part->language);
	buffer_add_octet(w->out, ' ');
	imap_write_nstring(w->out, part->location, part->location.len > 0);
}

static bool add_multipart(struct writer *w, const struct mime_part *part)
{
	for (uint32_t i = part->first_child; i != MIME_PART_NONE; i = w->tree->parts[i].next_sibling)
		if (!add_part(w, &w->tree->parts[i]))
			return false;
	buffer_add_octet(w->out, ' ');
	imap_write_string(w->out, part->subtype);
	if (!w->is_extended)
		return true;
	buffer_add_octet(w->out, ' ');
	add_parameters(w, part->parameters, part->n_parameters);
	add_extension(w, part);
	return true;
}

/*
 * What the type promises must follow: a multipart without parts is shown as the text it is, and a message/rfc822 that
 * was not looked into (encoded, too deep) as octets.
 */
static void add_type(struct writer *w, const struct mime_part *part, bool *is_text)
{
	struct bytes type = part->type, subtype = part->subtype;

	if (bytes_equal_nocase(type, BYTES("multipart"))) {
		type = BYTES("text");
		subtype = BYTES("plain");
	} else if (!part->is_message && bytes_equal_nocase(type, BYTES("message")) &&
	           (bytes_equal_nocase(subtype, BYTES("rfc822")) || bytes_equal_nocase(subtype, BYTES("global")))) {
		type = BYTES("application");
		subtype = BYTES("octet-stream");
	}
	*is_text = bytes_equal_nocase(type, BYTES("text"));
	imap_write_string(w->out, type);
	buffer_add_octet(w->out, ' ');
	imap_write_string(w->out, subtype);
	buffer_add_octet(w->out, ' ');
}

static bool add_enclosed(struct writer *w, const struct mime_part *part)
{
	buffer_add_octet(w->out, ' ');
	if (part->first_child == MIME_PART_NONE || !imap_envelope_format(part->envelope, w->arena, w->out))
		return false;
	buffer_add_octet(w->out, ' ');
	return add_part(w, &w->tree->parts[part->first_child]);
}

static bool add_single(struct writer *w, const struct mime_part *part)
{
	bool is_text;

	add_type(w, part, &is_text);
	add_parameters(w, part->parameters, part->n_parameters);
	buffer_add_octet(w->out, ' ');
	add_given(w, part->id);
	add_given(w, part->description);
	imap_write_string(w->out, part->encoding.len > 0 ? part->encoding : BYTES("7bit"));
	buffer_add_octet(w->out, ' ');
	buffer_add_u64(w->out, part->body_len);
	if (part->is_message && !add_enclosed(w, part))
		return false;
	if (part->is_message || is_text) {
		buffer_add_octet(w->out, ' ');
		buffer_add_u64(w->out, part->lines);
	}
	if (!w->is_extended)
		return true;
	buffer_add_octet(w->out, ' ');
	imap_write_nstring(w->out, part->md5, part->md5.len > 0);
	add_extension(w, part);
	return true;
}

static bool add_part(struct writer *w, const struct mime_part *part)
{
	buffer_add_octet(w->out, '(');
	if (!(part->is_multipart ? add_multipart(w, part) : add_single(w, part)))
		return false;
	buffer_add_octet(w->out, ')');
	return true;
}

bool imap_bodystructure_format(struct bytes packed, bool is_extended, struct arena *arena, struct buffer *out)
{
	struct mime_tree tree;
	struct writer w = { .tree = &tree, .is_extended = is_extended, .arena = arena, .out = out };
	size_t len = out->len;

	if (mime_tree_unpack(packed, arena, &tree) && tree.n > 0 && add_part(&w, &tree.parts[0]))
		return true;
	buffer_truncate(out, len);
	return false;
}
