/* The text of a message does not depend on how its octets are cut, a text in it is found over every cut, and a tree of another message does no harm. */
#include <stdlib.h>

#include "base/text.h"
#include "mailstore/store_needle.h"
#include "message/mime_scan.h"
#include "message/text_walk.h"

#define KINDS (TEXT_WALK_HEADER | TEXT_WALK_PARTS | TEXT_WALK_BODY)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct told {
	struct buffer text;             /* every run behind a NUL */
	struct store_finder finder;
	bool is_found;
};

static bool on_text(void *owner, unsigned kind, struct bytes text, bool is_first)
{
	struct told *told = owner;
	size_t before;

	if (is_first)
		buffer_add_octet(&told->text, '\0');
	before = told->text.len;
	buffer_add_bytes(&told->text, text);
	text_lower_bytes(told->text.at + before, text.len);
	told->is_found = store_finder_piece(&told->finder, kind, text, is_first) || told->is_found;
	return true;
}

static void walk(struct bytes message, const struct mime_tree *tree, size_t cut, struct told *told)
{
	struct text_walk *w = text_walk_create(on_text, told);
	uint64_t at, len;

	text_walk_start(w, tree, KINDS);
	while (text_walk_wants(w, &at, &len) && at < message.len) {
		size_t from = (size_t)at / cut * cut;
		text_walk_feed(w, from, bytes_slice(message, from, from + cut));
	}
	text_walk_destroy(w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes message = bytes_of(data, size);
	struct mime_scan *scan = mime_scan_create(1 << 20);
	struct told whole = { 0 }, cut = { 0 }, wrong = { 0 };
	struct arena arena = { 0 };
	struct store_needle needle = { STORE_IN_TEXT, { 0 }, BYTES("\xff") };

	mime_scan_feed(scan, message);
	const struct mime_tree *tree = mime_scan_finish(scan);
	store_finder_init(&whole.finder, &needle, &arena);
	walk(message, tree, size + 1, &whole);
	if (whole.text.len > 4) {       /* a text that is there */
		size_t at = data[0] * 7919u % (whole.text.len - 2), n = 2 + data[size - 1] % 9u;
		needle.text = bytes_slice(buffer_bytes(&whole.text), at, at + n);
	}
	store_finder_init(&cut.finder, &needle, &arena);
	walk(message, tree, 1 + (size > 0 ? data[size / 2] % 17u : 0), &cut);
	if (!bytes_equal(buffer_bytes(&whole.text), buffer_bytes(&cut.text)))
		abort();
	/* cut within a run of whole characters, and already folded: it must have been found */
	if (text_is_utf8(needle.text) && bytes_equal(needle.text, cut.finder.text) && !cut.is_found)
		abort();
	store_finder_init(&wrong.finder, &needle, &arena);
	if (size > 1)
		walk(bytes_skip(message, data[1] % size), tree, 3, &wrong);
	buffer_release(&whole.text);
	buffer_release(&cut.text);
	buffer_release(&wrong.text);
	buffer_release(&whole.finder.tail);
	buffer_release(&cut.finder.tail);
	buffer_release(&wrong.finder.tail);
	arena_reset(&arena);
	mime_scan_destroy(scan);
	return 0;
}
