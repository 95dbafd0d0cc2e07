/* Formats of what is stored: summary_envelope.c, summary_sortkeys.c, mime_part.c. */
#include "message/summary.h"

#include <stdlib.h>

#include "base/memory.h"
#include "message/charset.h"
#include "message/date.h"
#include "message/mime_scan.h"
#include "message/summary_envelope.h"
#include "message/summary_sortkeys.h"

#define HEADER_MAX (1u << 20)

struct summary_builder {
	struct mime_scan *scan;
	uint64_t size;
};

void summary_release(struct summary *s)
{
	buffer_release(&s->envelope);
	buffer_release(&s->structure);
	buffer_release(&s->sortkeys);
}

void summary_prepare(void)
{
	charset_prepare();
	summary_id_hash(BYTES("prepare"));
}

struct summary_builder *summary_builder_create(void)
{
	struct summary_builder *b = xcalloc(1, sizeof *b);

	b->scan = mime_scan_create(HEADER_MAX);
	return b;
}

void summary_builder_destroy(struct summary_builder *b)
{
	if (b == NULL)
		return;
	mime_scan_destroy(b->scan);
	free(b);
}

void summary_builder_feed(struct summary_builder *b, struct bytes octets)
{
	b->size += octets.len;
	mime_scan_feed(b->scan, octets);
}

size_t summary_builder_memory(const struct summary_builder *b)
{
	return sizeof *b + mime_scan_memory(b->scan);
}

void summary_builder_finish(struct summary_builder *b, struct summary *out)
{
	const struct mime_tree *tree = mime_scan_finish(b->scan);
	struct summary_fields found;

	summary_fields_find(mime_scan_root_header(b->scan), &found);
	out->size = b->size;
	out->header_len = tree->parts[0].header_len;
	out->n_received = found.n_received;
	out->has_date = found.first[SUMMARY_DATE].at != NULL;
	out->has_message_id = found.first[SUMMARY_MESSAGE_ID].at != NULL;
	out->has_from = found.first[SUMMARY_FROM].at != NULL;
	if (!date_parse(found.first[SUMMARY_DATE], &out->sent_s, NULL))
		out->sent_s = 0;
	summary_fields_pack(&found, &out->envelope);
	mime_tree_pack(tree, &out->structure);
	summary_sortkeys_pack(&found, &out->sortkeys);
}
