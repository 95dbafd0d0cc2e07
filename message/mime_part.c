/*
 * The packed tree, version 1 (stored: a change needs a new version octet).  Numbers and strings as in packed.h.
 *   octet 1; number of parts; then each part, parents before children, children in order:
 *   distance back to the parent (0 for the root) · bits · header_at · header_len · body_len · lines · type · subtype
 *   · what the bits say is there, in the order of the bits: 2 id, 3 description, 4 encoding, 5 md5, 6 language, 7 location, 8 disposition,
 *   9 parameters, 10 disposition parameters (a count, then name and value of each), 1 the envelope (is_message).
 *   Bit 0: is_multipart.  The body begins where the header ends.
 */
#include "message/mime_part.h"

#include "message/packed.h"

#define VERSION 1
#define IS_MULTIPART   1u
#define IS_MESSAGE     2u
#define HAS_PARAMETERS (1u << 9)
#define HAS_DISPOSITION_PARAMETERS (1u << 10)
#define N_TEXTS 7

/* The optional texts, in the order of their bits from bit 2 on. */
static void list_texts(struct mime_part *p, struct bytes *texts[N_TEXTS])
{
	texts[0] = &p->id;
	texts[1] = &p->description;
	texts[2] = &p->encoding;
	texts[3] = &p->md5;
	texts[4] = &p->language;
	texts[5] = &p->location;
	texts[6] = &p->disposition;
}

static void pack_parameters(const struct mime_parameter *parameters, size_t n, struct buffer *out)
{
	packed_add_u64(out, n);
	for (size_t i = 0; i < n; i++) {
		packed_add_bytes(out, parameters[i].name);
		packed_add_bytes(out, parameters[i].value);
	}
}

static void pack_part(struct mime_part part, uint32_t index, struct buffer *out)
{
	struct bytes *texts[N_TEXTS];
	unsigned bits = (part.is_multipart ? IS_MULTIPART : 0) | (part.is_message ? IS_MESSAGE : 0) |
	                (part.n_parameters > 0 ? HAS_PARAMETERS : 0) | (part.n_disposition_parameters > 0 ? HAS_DISPOSITION_PARAMETERS : 0);

	list_texts(&part, texts);
	for (unsigned i = 0; i < N_TEXTS; i++)
		bits |= texts[i]->len > 0 ? 4u << i : 0;
	packed_add_u64(out, part.parent == MIME_PART_NONE ? 0 : index - part.parent);
	packed_add_u64(out, bits);
	packed_add_u64(out, part.header_at);
	packed_add_u64(out, part.header_len);
	packed_add_u64(out, part.body_len);
	packed_add_u64(out, part.lines);
	packed_add_bytes(out, part.type);
	packed_add_bytes(out, part.subtype);
	for (unsigned i = 0; i < N_TEXTS; i++) {
		if (texts[i]->len > 0)
			packed_add_bytes(out, *texts[i]);
	}
	if (bits & HAS_PARAMETERS)
		pack_parameters(part.parameters, part.n_parameters, out);
	if (bits & HAS_DISPOSITION_PARAMETERS)
		pack_parameters(part.disposition_parameters, part.n_disposition_parameters, out);
	if (bits & IS_MESSAGE)
		packed_add_bytes(out, part.envelope);
}

void mime_tree_pack(const struct mime_tree *tree, struct buffer *out)
{
	buffer_add_octet(out, VERSION);
	packed_add_u64(out, tree->n);
	for (size_t i = 0; i < tree->n; i++)
		pack_part(tree->parts[i], (uint32_t)i, out);
}

static size_t unpack_parameters(struct packed_reader *r, struct arena *arena, const struct mime_parameter **parameters)
{
	size_t n = packed_count(r, 2);
	struct mime_parameter *list = n > 0 ? arena_alloc(arena, n * sizeof *list) : NULL;

	for (size_t i = 0; i < n; i++) {
		list[i].name = packed_bytes(r);
		list[i].value = packed_bytes(r);
	}
	*parameters = list;
	return n;
}

/* Returns the distance to the parent. */
static uint64_t unpack_part(struct packed_reader *r, struct arena *arena, struct mime_part *part)
{
	struct bytes *texts[N_TEXTS];
	uint64_t up = packed_u64(r), bits = packed_u64(r);

	*part = (struct mime_part){ .parent = MIME_PART_NONE, .first_child = MIME_PART_NONE, .next_sibling = MIME_PART_NONE };
	part->is_multipart = bits & IS_MULTIPART;
	part->is_message = bits & IS_MESSAGE;
	part->header_at = packed_u64(r);
	part->header_len = packed_u64(r);
	part->body_at = part->header_at + part->header_len;
	part->body_len = packed_u64(r);
	part->lines = packed_u64(r);
	part->type = packed_bytes(r);
	part->subtype = packed_bytes(r);
	list_texts(part, texts);
	for (unsigned i = 0; i < N_TEXTS; i++) {
		if (bits & (4u << i))
			*texts[i] = packed_bytes(r);
	}
	if (bits & HAS_PARAMETERS)
		part->n_parameters = unpack_parameters(r, arena, &part->parameters);
	if (bits & HAS_DISPOSITION_PARAMETERS)
		part->n_disposition_parameters = unpack_parameters(r, arena, &part->disposition_parameters);
	if (part->is_message)
		part->envelope = packed_bytes(r);
	return up;
}

bool mime_tree_unpack(struct bytes packed, struct arena *arena, struct mime_tree *tree)
{
	struct packed_reader r = { .rest = packed };

	*tree = (struct mime_tree){ 0 };
	if (packed.len < 2 || packed.at[0] != VERSION)
		return false;
	r.rest = bytes_skip(packed, 1);
	size_t n = packed_count(&r, 8);
	if (n == 0 || n > MIME_PARTS_MAX)
		return false;
	struct mime_part *parts = arena_alloc(arena, n * sizeof *parts);
	uint32_t *last_child = arena_alloc(arena, n * sizeof *last_child);
	for (uint32_t i = 0; i < n; i++) {
		uint64_t up = unpack_part(&r, arena, &parts[i]);
		if (r.damaged || (i == 0) != (up == 0) || up > i)
			return false;
		if (i == 0)
			continue;
		uint32_t parent = i - (uint32_t)up;
		parts[i].parent = parent;
		if (parts[parent].first_child == MIME_PART_NONE)
			parts[parent].first_child = i;
		else
			parts[last_child[parent]].next_sibling = i;
		last_child[parent] = i;
	}
	if (r.rest.len > 0)
		return false;
	tree->parts = parts;
	tree->n = n;
	return true;
}

/* The nth part (from 1) that a section number inside `part` names: RFC 9051 6.4.5.1. */
static const struct mime_part *nth_inside(const struct mime_tree *tree, const struct mime_part *part, uint32_t n)
{
	if (!part->is_multipart)
		return n == 1 ? part : NULL;
	uint32_t child = part->first_child;
	while (--n > 0 && child != MIME_PART_NONE)
		child = tree->parts[child].next_sibling;
	return child == MIME_PART_NONE ? NULL : &tree->parts[child];
}

const struct mime_part *mime_tree_find(const struct mime_tree *tree, const uint32_t *path, size_t n)
{
	const struct mime_part *part = tree->n > 0 ? &tree->parts[0] : NULL;

	for (size_t i = 0; i < n && part; i++) {
		if (path[i] == 0)
			return NULL;
		if (i > 0 && part->is_message)
			part = part->first_child == MIME_PART_NONE ? NULL : &tree->parts[part->first_child];
		else if (i > 0 && !part->is_multipart)
			return NULL;
		part = part ? nth_inside(tree, part, path[i]) : NULL;
	}
	return part;
}
