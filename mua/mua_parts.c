#include "mua/mua_parts.h"

#include "message/content_type.h"
#include "message/transfer_encoding.h"

#define HEADER_MAX (1u << 20)

static const char *name_of(const struct mime_part *part, struct arena *arena)
{
	struct buffer name = { 0 };
	const char *kept = "";

	if (content_parameter_decode(part->disposition_parameters, part->n_disposition_parameters, "filename", &name) ||
	    content_parameter_decode(part->parameters, part->n_parameters, "name", &name))
		kept = arena_bytes(arena, buffer_bytes(&name)).at;
	buffer_release(&name);
	return kept ? kept : "";
}

static struct mua_part describe(struct mua_parts *p, const struct mime_part *part, const char *section)
{
	struct mua_part one = { .part = part, .section = section, .name = name_of(part, &p->arena) };

	one.is_attachment = one.name[0] != '\0' || bytes_equal_nocase(part->disposition, BYTES("attachment"));
	return one;
}

static void walk(struct mua_parts *p, const struct mime_part *part, const char *section)
{
	unsigned n = 0;

	if (!part->is_multipart) {
		p->at[p->n++] = describe(p, part, section[0] != '\0' ? section : "1");
		return;
	}
	for (uint32_t i = part->first_child; i != MIME_PART_NONE; i = p->tree->parts[i].next_sibling) {
		n++;
		walk(p, &p->tree->parts[i], arena_printf(&p->arena, "%s%s%u", section, section[0] != '\0' ? "." : "", n));
	}
}

void mua_parts_open(struct mua_parts *p, struct bytes message)
{
	*p = (struct mua_parts){ .message = message, .scan = mime_scan_create(HEADER_MAX) };
	mime_scan_feed(p->scan, message);
	p->tree = mime_scan_finish(p->scan);
	p->at = arena_alloc(&p->arena, p->tree->n * sizeof *p->at);
	walk(p, &p->tree->parts[0], "");
}

void mua_parts_close(struct mua_parts *p)
{
	mime_scan_destroy(p->scan);
	arena_reset(&p->arena);
}

bool mua_parts_find(struct mua_parts *p, const char *section, struct mua_part *found)
{
	struct bytes rest = bytes_text(section), word;
	const struct mime_part *part;
	uint32_t path[MIME_DEPTH_MAX];
	uint64_t number;
	size_t n = 0;

	do {
		bytes_cut(&rest, '.', &word);
		if (n == MIME_DEPTH_MAX || !bytes_to_u64(word, MIME_PARTS_MAX, &number) || number == 0)
			return false;
		path[n++] = (uint32_t)number;
	} while (rest.len > 0);
	part = mime_tree_find(p->tree, path, n);
	if (part == NULL || part->is_multipart)
		return false;
	*found = describe(p, part, section);
	return true;
}

struct bytes mua_parts_body(const struct mua_parts *p, const struct mua_part *one)
{
	return bytes_slice(p->message, (size_t)one->part->body_at, (size_t)(one->part->body_at + one->part->body_len));
}

void mua_parts_decode(const struct mua_parts *p, const struct mua_part *one, struct buffer *out)
{
	transfer_decode(transfer_encoding_parse(one->part->encoding), mua_parts_body(p, one), out);
}
