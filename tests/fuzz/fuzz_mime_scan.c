/* The part tree does not depend on how the octets are cut, its parts lie inside each other, and its packed form reads back. */
#include <stdlib.h>

#include "message/mime_scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void scan(struct bytes message, size_t first, size_t cut, struct buffer *packed)
{
	struct mime_scan *s = mime_scan_create(4096);

	mime_scan_feed(s, bytes_slice(message, 0, first));
	for (struct bytes rest = bytes_skip(message, first); rest.len > 0; rest = bytes_skip(rest, cut))
		mime_scan_feed(s, bytes_slice(rest, 0, cut));
	mime_tree_pack(mime_scan_finish(s), packed);
	mime_scan_destroy(s);
}

static void check_part(const struct mime_tree *tree, uint32_t index, size_t size)
{
	const struct mime_part *p = &tree->parts[index];

	if (p->body_at + p->body_len > size || p->lines > p->body_len || p->type.len == 0 || p->subtype.len == 0)
		abort();
	if (p->parent == MIME_PART_NONE)
		return;
	const struct mime_part *above = &tree->parts[p->parent];
	if (p->header_at < above->body_at || (p->body_len > 0 && p->body_at + p->body_len > above->body_at + above->body_len) ||
	    !(above->is_multipart || above->is_message))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes message = bytes_of(data, size);
	struct buffer whole = { 0 }, cut = { 0 }, again = { 0 };
	struct arena arena = { 0 };
	struct mime_tree tree;

	scan(message, size, 1, &whole);
	scan(message, size > 0 ? data[size - 1] % size : 0, 1 + (size > 1 ? data[size / 2] % 13u : 0), &cut);
	if (!bytes_equal(buffer_bytes(&whole), buffer_bytes(&cut)) || !mime_tree_unpack(buffer_bytes(&whole), &arena, &tree))
		abort();
	for (uint32_t i = 0; i < tree.n; i++)
		check_part(&tree, i, size);
	mime_tree_pack(&tree, &again);
	if (!bytes_equal(buffer_bytes(&whole), buffer_bytes(&again)))
		abort();
	buffer_release(&whole);
	buffer_release(&cut);
	buffer_release(&again);
	arena_reset(&arena);
	return 0;
}
