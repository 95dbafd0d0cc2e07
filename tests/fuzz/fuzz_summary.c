/* Any message can be summarised and its blobs read; any blob is read or refused; its text can be shown and answered. */
#include <stdlib.h>

#include "base/text.h"
#include "message/compose.h"
#include "message/header.h"
#include "message/mime_part.h"
#include "message/preview.h"
#include "message/summary.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_blob(struct bytes blob)
{
	struct arena arena = { 0 };
	struct summary_envelope envelope;
	struct summary_sortkeys keys;
	struct mime_tree tree;
	uint32_t path[3] = { 1, 2, 1 };

	summary_envelope_unpack(blob, &arena, &envelope);
	summary_sortkeys_unpack(blob, &arena, &keys);
	if (mime_tree_unpack(blob, &arena, &tree))
		mime_tree_find(&tree, path, 3);
	arena_reset(&arena);
}

static void summarise(struct bytes message)
{
	struct summary_builder *b = summary_builder_create();
	struct summary s = { 0 };
	struct arena arena = { 0 };
	struct summary_envelope envelope;
	struct summary_sortkeys keys;

	summary_builder_feed(b, message);
	summary_builder_finish(b, &s);
	if (!summary_envelope_unpack(buffer_bytes(&s.envelope), &arena, &envelope) || !summary_sortkeys_unpack(buffer_bytes(&s.sortkeys), &arena, &keys))
		abort();
	if (!text_is_utf8(keys.base_subject) || !text_is_utf8(keys.display_from))
		abort();
	summary_release(&s);
	summary_builder_destroy(b);
	arena_reset(&arena);
}

/* Whatever the message says, the answer has the fields of a letter and no more. */
static void answer(struct bytes message, struct bytes text)
{
	struct compose_letter reply = { .from = "me@me.test", .date_s = 1 };
	struct arena arena = { 0 };
	struct buffer out = { 0 };
	struct header_field field;

	if (compose_reply(&reply, message, text, "me@me.test", true, &arena, NULL) && compose_letter_write(&reply, &out, NULL)) {
		size_t n = 0, want = 7 + (reply.cc != NULL) + 1 + 2 * (reply.in_reply_to != NULL);
		for (struct bytes rest = buffer_bytes(&out); header_next(&rest, &field); n++) {
			if (field.name.len == 0)
				abort();
		}
		if (n != want)
			abort();
	}
	buffer_release(&out);
	arena_reset(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes message = bytes_of(data, size);
	struct buffer text = { 0 };

	read_blob(message);
	summarise(message);
	preview_message_text(message, 4096, &text, NULL);
	if (!text_is_utf8(buffer_bytes(&text)))
		abort();
	answer(message, buffer_bytes(&text));
	buffer_release(&text);
	return 0;
}
