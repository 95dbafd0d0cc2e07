#include "imapd/imapd_section.h"

#include "message/header.h"
#include "message/mime_part.h"

unsigned imapd_section_fields(const struct imap_section *section)
{
	if (section->n_path > 0)
		return STORE_FIELD_STRUCTURE;
	return section->text == IMAP_SECTION_ALL ? 0 : STORE_FIELD_BODY_INFO;
}

static bool locate_in_message(const struct imap_section *section, const struct store_message *m, struct imapd_extent *extent)
{
	uint64_t header_len = m->header_len < m->size ? m->header_len : m->size;

	switch (section->text) {
	case IMAP_SECTION_ALL:
		*extent = (struct imapd_extent){ 0, m->size };
		return true;
	case IMAP_SECTION_TEXT:
		*extent = (struct imapd_extent){ header_len, m->size - header_len };
		return true;
	default:
		*extent = (struct imapd_extent){ 0, header_len };
		return true;
	}
}

/* HEADER and TEXT of a part are those of the message it encloses: RFC 9051 6.4.5.1. */
static bool locate_in_part(const struct imap_section *section, const struct mime_tree *tree, const struct mime_part *part, struct imapd_extent *extent)
{
	if (section->text == IMAP_SECTION_ALL) {
		*extent = (struct imapd_extent){ part->body_at, part->body_len };
		return true;
	}
	if (section->text == IMAP_SECTION_MIME) {
		*extent = (struct imapd_extent){ part->header_at, part->header_len };
		return true;
	}
	if (!part->is_message || part->first_child == MIME_PART_NONE)
		return false;
	const struct mime_part *root = &tree->parts[part->first_child];
	if (section->text == IMAP_SECTION_TEXT)
		*extent = (struct imapd_extent){ root->body_at, part->body_at + part->body_len - root->body_at };
	else
		*extent = (struct imapd_extent){ root->header_at, root->header_len };
	return true;
}

bool imapd_section_locate(const struct imap_section *section, const struct store_message *m, struct arena *arena, struct imapd_extent *extent)
{
	struct mime_tree tree;

	if (section->n_path == 0)
		return locate_in_message(section, m, extent);
	if (!mime_tree_unpack(m->structure, arena, &tree))
		return false;
	const struct mime_part *part = mime_tree_find(&tree, section->path, section->n_path);
	return part && locate_in_part(section, &tree, part, extent);
}

struct imapd_extent imapd_section_partial(const struct imap_section *section, struct imapd_extent extent)
{
	if (!section->is_partial)
		return extent;
	uint64_t skipped = section->offset < extent.len ? section->offset : extent.len;
	extent.at += skipped;
	extent.len -= skipped;
	if (extent.len > section->count)
		extent.len = section->count;
	return extent;
}

static bool is_listed(const struct imap_section *section, struct bytes name)
{
	for (size_t i = 0; i < section->n_fields; i++)
		if (bytes_equal_nocase(section->fields[i], name))
			return true;
	return false;
}

void imapd_section_filter(const struct imap_section *section, struct bytes header, struct buffer *out)
{
	bool wants_listed = section->text == IMAP_SECTION_FIELDS;
	struct header_field field;

	while (header_next(&header, &field))
		if (field.name.len > 0 && is_listed(section, field.name) == wants_listed)
			buffer_add_bytes(out, field.whole);
	buffer_add_text(out, "\r\n");
}
